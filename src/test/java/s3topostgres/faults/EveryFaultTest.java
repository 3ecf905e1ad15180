package s3topostgres.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.ROW_REJECTED;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;

/** What the sender is told when a row is rejected: all that is wrong with the file. */
public class EveryFaultTest {
  @AutoClose private LoadFixture fixture;

  @BeforeEach
  void open() {
    fixture = new LoadFixture();
  }

  private LoadException failure(String... lines) {
    return fixture.failure(ROW_REJECTED, "people.csv", String.join("\n", lines) + "\n");
  }

  private static Fault fault(long line, String column, String reason) {
    return new Fault(OptionalLong.of(line), Optional.ofNullable(column), reason);
  }

  @Test
  void countsByColumnWhatIsNotNamed() {
    String[] lines =
        IntStream.rangeClosed(0, 50)
            .mapToObj(i -> i == 0 ? "id,name,born" : i % 2 == 0 ? i + ",a,x" : i + ",,")
            .toArray(String[]::new);

    LoadException failure = failure(lines);

    assertThat(failure).hasMessageContaining(": 50 values do not fit: line 2, column name: ");
    assertThat(failure)
        .hasMessageContaining(
            "line 11, column born: not a valid date; ... and 40 more (name 20, born 20). Correct");
  }

  @Test
  void theHistoryKeepsTheFirstThousand() {
    String rows =
        IntStream.rangeClosed(1, 1500).mapToObj(i -> i + ",").collect(Collectors.joining("\n"));

    failure("id,name", "x,", rows);

    assertThat(fixture.rows("SELECT jsonb_array_length(faults), faults->0 FROM history.loads"))
        .containsExactly(
            "1000|{\"line\": 2, \"column\": \"id\", \"reason\": \"not a whole number\"}");
    assertThat(fixture.rows("SELECT faults->>999 FROM history.loads"))
        .containsExactly(
            "{\"line\": 1000, \"column\": \"name\", \"reason\": \"empty, but a value is required\"}");
  }

  private LoadException failureOf(String content) {
    return fixture.failure(ROW_REJECTED, "people.csv", content);
  }

  @Test
  void theFailureIsToldHoweverLongAScriptIs() {
    fixture.set("BEFORE_LOAD_SQL", "SELECT 1" + " + 1".repeat(1_000));

    assertThat(failureOf("id,name\nx,a\n").faults())
        .containsExactly(fault(2, "id", "not a whole number"));
  }

  @Tag("slow")
  @Test
  void theFailureIsToldWhenThereIsNoTimeToLookForMore() {
    fixture.execute(
        "CREATE FUNCTION slow(text) RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(600) IS NOT NULL'",
        "ALTER TABLE people ADD CHECK (slow(name)) NOT VALID");
    fixture.leaveAMomentAfter("SET LOCAL tcp_keepalives_idle", LoadFixture.importStatement());

    LoadException failure = fixture.failure(ROW_REJECTED, "people.csv", "id,name\nx,a\n1,b\n");

    assertThat(failure)
        .hasMessageContaining(
            ", line 2, column id: not a whole number. Correct the file and upload it again; the old"
                + " rows are still there. There may be more faults; they could not be looked for.");
    assertThat(fixture.rows("SELECT error_code FROM history.loads"))
        .containsExactly("ROW_REJECTED");
  }

  @Tag("slow")
  @Test
  void tooManyFaultsAreCountedUpToALimit() {
    String rows =
        IntStream.range(0, 120_000).mapToObj(i -> "x,a").collect(Collectors.joining("\n"));

    LoadException failure = failure("id,name", rows);

    assertThat(failure)
        .hasMessageContaining(": at least 100000 values do not fit: line 2, column id: ")
        .hasMessageContaining("; ... and 99990 more (id 99990). ");
  }

  @Test
  @Tag("aws_s3")
  void aGoodFileIsImportedOnce() {
    fixture.failImports(0);

    fixture.load("people.csv", "id,name\n1,a\n");

    assertThat(fixture.imports()).isEqualTo(1);
    assertThat(fixture.rows("SELECT faults FROM history.loads")).isEqualTo(List.of("null"));
  }
}
