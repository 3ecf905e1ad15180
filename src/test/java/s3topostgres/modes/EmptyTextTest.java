package s3topostgres.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.ROW_REJECTED;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import s3topostgres.Fault;
import s3topostgres.check.DryRunResult;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;

/** Two quotes are NULL in columns that have no empty text: nine writers quote everything. */
public class EmptyTextTest {
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  static Stream<Arguments> modesAndWays() {
    return Arrays.stream(Mode.values())
        .flatMap(
            mode -> Stream.of("aws_s3", "copy").map(importWith -> Arguments.of(mode, importWith)));
  }

  @ParameterizedTest
  @MethodSource("modesAndWays")
  void isNullInADateAndStaysInAText(Mode mode, String importWith) {
    fixture.mode(mode).set("IMPORT_WITH", importWith);
    boolean changes = mode == Mode.CHANGES;

    fixture.load(
        changes ? "hr/people/20240612-103127367.csv" : "people.csv",
        changes
            ? """
              "Op","id","name","born","BI_id"
              "U","2","","","0"
              "U","1","","",""
              """
            : """
              "id","name","born"
              "1","",""
              """);

    assertThat(fixture.people()).contains("1||null");
    assertThat(fixture.people().contains("2||null")).isEqualTo(changes);
  }

  @ParameterizedTest
  @MethodSource("modesAndWays")
  void isMissingWhereAValueIsRequired(Mode mode, String importWith) {
    fixture.mode(mode).set("IMPORT_WITH", importWith);
    if (mode == Mode.CHANGES) {
      return; // Only values are tried there.
    }
    assertThat(
            fixture
                .failure(
                    ROW_REJECTED,
                    "people.csv",
                    "\"id\",\"name\",\"born\"\n\"\",\"\",\"\"\n\"1\",\"a\",\"x\"\n")
                .faults())
        .extracting(Fault::toString)
        .containsExactly(
            "line 2, column id: empty, but a value is required",
            "line 3, column born: not a valid date");
  }

  @Test
  void isNullInADryRun() {
    fixture.upload("people.csv", "\"id\",\"name\",\"born\"\n\"1\",\"\",\"\"\n");

    DryRunResult result = fixture.dryRun("people.csv");

    assertThat(result.wouldLoad()).as(result.message()).isTrue();
  }

  @Test
  void isNullInATableThatIsProposed() {
    fixture.set("DB_TABLE_NAME", "new_table").set("HISTORY_TABLE", "off");
    String content =
        "\"id\",\"age\",\"name\",\"note\",\"born\"\n"
            + "\"1\",\"\",\"\",\"\",\"2020-01-01\"\n\"2\",\"7\",\"a\",\"\",\"\"\n";
    fixture.upload("new.csv", content);

    String created = fixture.dryRun("new.csv").createTable();

    assertThat(created)
        .startsWith(
            """
            CREATE TABLE new_table (
              id integer NOT NULL,
              age integer,
              name text NOT NULL,
              note text NOT NULL,
              born date
            );
            """);
    fixture.execute(created);
    fixture.load("new.csv", content);
    assertThat(fixture.rows("SELECT * FROM new_table"))
        .containsExactly("1|null|||2020-01-01", "2|7|a||null");
  }

  @Test
  void isNoNullWhereAWordMeansNull() {
    fixture.set("CSV_NULL", "NA").set("DB_TABLE_NAME", "new_table");
    fixture.upload("new.csv", "a\n1\n\"\"\n");

    assertThat(fixture.dryRun("new.csv").createTable())
        .startsWith("CREATE TABLE new_table (\n  a text NOT NULL\n);");
  }

  /** Nobody can write the name of a type in it, so it cannot be tried. */
  @Test
  void isAFaultInATypeWhoseSchemaTheUserMayNotUse() {
    fixture.execute(
        "CREATE SCHEMA private",
        "CREATE TYPE private.mood AS ENUM ('good')",
        "ALTER TABLE people ADD mood private.mood");

    assertThat(fixture.failure(ROW_REJECTED, "people.csv", "id,name,mood\n1,a,\n2,b,\"\"\n"))
        .hasMessageContaining("line 3, column mood: not one of the values of private.mood");
  }

  @Test
  void isAskedOfTheDatabaseOnce() {
    fixture.logEverything();
    fixture.load("people.csv", "id,name\n1,a\n");

    assertThat(List.of(fixture.log().split("SELECT CAST", -1))).hasSize(2);
  }
}
