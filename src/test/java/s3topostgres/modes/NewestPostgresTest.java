package s3topostgres.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TABLE_UNUSABLE;
import static s3topostgres.config.Mode.APPEND;
import static s3topostgres.config.Mode.CHANGES;
import static s3topostgres.config.Mode.REPLACE;
import static s3topostgres.config.Mode.SYNC;
import static s3topostgres.config.Mode.UPSERT;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.sandbox.PostgresServer;

/**
 * What tables have since Postgres 18: virtual generated columns, foreign keys that are not
 * enforced, keys without overlaps. On a server of that version, whichever the build names.
 */
class NewestPostgresTest {
  private static final String UNREADABLE =
      "the generated column doubled cannot be computed (too large or too small)";
  private static final String OVERLAPS =
      "conflicts with another row in id, valid (constraint people_pkey)";

  private static PostgresServer server;

  private LoadFixture fixture;

  @BeforeAll
  static void launch() throws IOException {
    server = PostgresServer.launchNewest();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void prepare() {
    fixture = new LoadFixture(server);
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  static Stream<Arguments> allModes() {
    return Stream.of(Mode.values())
        .flatMap(mode -> Stream.of("aws_s3", "copy").map(way -> Arguments.of(mode, way)));
  }

  static Stream<Arguments> modesOfRows() {
    return allModes().filter(arguments -> arguments.get()[0] != CHANGES);
  }

  /** Loads by that mode; an object's key is one of AWS DMS's. */
  private void load(Mode mode, String importWith) {
    fixture.mode(mode).set("IMPORT_WITH", importWith);
  }

  private static String key(Mode mode) {
    return mode == CHANGES ? "20240612-103127367.csv" : "people.csv";
  }

  /** The file as the mode has it: all lines of changes insert. */
  private static String file(Mode mode, String header, String... rows) {
    String op = mode == CHANGES ? "I," : "";
    StringBuilder file = new StringBuilder(op.isEmpty() ? "" : "Op,").append(header).append('\n');
    for (String row : rows) {
      file.append(op).append(row).append('\n');
    }
    return file.toString();
  }

  private void addVirtualColumn() {
    fixture.execute(
        """
        ALTER TABLE people ADD n integer,
          ADD doubled integer GENERATED ALWAYS AS (n * 2),
          ADD shown text GENERATED ALWAYS AS (name || '!') STORED""");
  }

  @ParameterizedTest
  @MethodSource("modesOfRows")
  void refusesTheLinesThatMakeAVirtualColumnUnreadable(Mode mode, String importWith) {
    addVirtualColumn();
    load(mode, importWith);

    LoadException failure =
        fixture.failure(
            ROW_REJECTED,
            "people.csv",
            "id,name,n\n1,\"A\nB\",1\n2,Bo,2000000000\n3,Cy,2\n4,Di,-2000000000\n");

    assertThat(failure.faults())
        .extracting(Fault::lineOrNull, Fault::reason)
        .containsExactly(tuple(4L, UNREADABLE), tuple(6L, UNREADABLE));
    assertThat(fixture.dryRun("people.csv").message())
        .contains("line 4: " + UNREADABLE)
        .contains("line 6: " + UNREADABLE);
    assertThat(fixture.rows("SELECT doubled FROM people")).containsExactly("null");
  }

  @ParameterizedTest
  @EnumSource
  void loadsATableWithAVirtualColumn(Mode mode) {
    addVirtualColumn();
    fixture.execute("INSERT INTO people (id, name, n) VALUES (1, 'Al', 4)");
    load(mode, "copy");
    String first = mode == APPEND ? "2,Ana,1" : "1,Ana,1";

    fixture.load(key(mode), file(mode, "id,name,n", first, "3,Cy,3"));

    assertThat(fixture.rows("SELECT id, name, doubled, shown FROM people WHERE id > 0 ORDER BY id"))
        .endsWith(first.substring(0, 1) + "|Ana|2|Ana!", "3|Cy|6|Cy!");
  }

  @ParameterizedTest
  @EnumSource
  void fillsAnEmptyTableWithAVirtualColumn(Mode mode) {
    addVirtualColumn();
    fixture.execute("TRUNCATE people");
    load(mode, "copy");
    String key = mode == CHANGES ? "LOAD00000001.csv" : "people.csv";

    fixture.load(key, "id,name,n\n1,Ana,1\n2,Bo,2\n");

    assertThat(fixture.rows("SELECT id, doubled FROM people ORDER BY id"))
        .containsExactly("1|2", "2|4");
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC", "CHANGES"})
  void leavesAnEmptyTableEmptyWhereAVirtualColumnCannotBeComputed(Mode mode) {
    addVirtualColumn();
    fixture.execute("TRUNCATE people");
    load(mode, "copy");
    String key = mode == CHANGES ? "LOAD00000001.csv" : "people.csv";

    LoadException failure = failure(key, "id,name,n\n1,Ana,1\n2,Bo,2000000000\n");

    assertThat(failure.faults()).extracting(Fault::reason).containsExactly(UNREADABLE);
    assertThat(fixture.people()).isEmpty();
  }

  private LoadException failure(String key, String content) {
    return catchThrowableOfType(LoadException.class, () -> fixture.load(key, content));
  }

  @ParameterizedTest
  @EnumSource
  void refusesWhatComesFromDefaults(Mode mode) {
    addVirtualColumn();
    fixture.execute("ALTER TABLE people ALTER n SET DEFAULT 2000000000");
    load(mode, "copy");

    LoadException failure =
        fixture.failure(ROW_REJECTED, key(mode), file(mode, "id,name", "1,Ana"));

    assertThat(failure.line()).isEmpty();
    assertThat(fixture.rows("SELECT doubled FROM people")).containsExactly("null");
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC", "UPSERT", "CHANGES"})
  void computesAVirtualColumnOfRowsThatAreUpdated(Mode mode) {
    addVirtualColumn();
    load(mode, "copy");

    LoadException failure =
        fixture.failure(
            ROW_REJECTED, key(mode), file(mode, "id,name,n", "5,Eve,1", "0,new,2000000000"));

    assertThat(failure).hasMessageContaining("line 3: " + UNREADABLE);
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC", "UPSERT", "CHANGES"})
  void computesAVirtualColumnOfRowsThatExchangeAValueOrReferToOthers(Mode mode) {
    addVirtualColumn();
    fixture.execute(
        "ALTER TABLE people ADD UNIQUE (name), ADD above integer REFERENCES people",
        "INSERT INTO people (id, name, n) VALUES (1, 'one', 1)");
    load(mode, "copy");
    fixture.execute("GRANT DELETE ON people TO \"%s\"".formatted(fixture.role()));
    String header = "id,name,n,above";

    LoadException failure =
        failure(key(mode), file(mode, header, "0,one,2,1", "1,old,2000000000,0"));
    assertThat(failure).hasMessageContaining("line 3: " + UNREADABLE);
    fixture.load(key(mode), file(mode, header, "0,one,2,1", "1,old,3,0"));

    assertThat(fixture.log()).contains("way=delete-and-insert");
    assertThat(fixture.rows("SELECT id, name, doubled FROM people ORDER BY id"))
        .containsExactly("0|one|4", "1|old|6");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "APPEND"})
  void asksForThePrivilegeToReadVirtualColumns(Mode mode) {
    load(mode, "copy");
    fixture.execute("REVOKE SELECT ON people FROM \"%s\"".formatted(fixture.role()));
    assertThat(fixture.dryRun("none.csv").message()).contains("OBJECT_UNREADABLE");
    addVirtualColumn();

    LoadException failure = fixture.failure(TABLE_UNUSABLE, "people.csv", "id,name\n1,Ana\n");

    assertThat(failure).hasMessageContaining("lacks SELECT");
  }

  @Test
  void emptiesATableToWhichAForeignKeyRefersThatIsNotEnforced() {
    fixture.execute(
        "CREATE TABLE visits (person integer REFERENCES people NOT ENFORCED)",
        "INSERT INTO visits VALUES (0)");
    load(REPLACE, "copy");

    fixture.load("people.csv", "id,name\n1,Ana\n");

    assertThat(fixture.people()).containsExactly("1|Ana|null");
  }

  @Test
  void doesNotEmptyItWhereItHasATrigger() {
    fixture.execute(
        "CREATE TABLE visits (person integer REFERENCES people NOT ENFORCED)",
        "CREATE TABLE cities (id integer PRIMARY KEY)",
        "ALTER TABLE people ADD city integer REFERENCES cities");
    load(REPLACE, "copy");

    LoadException failure = fixture.failure(TABLE_UNUSABLE, "people.csv", "id,name\n1,Ana\n");

    assertThat(failure).hasMessageContaining("a foreign key of another table refers to it");
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC", "UPSERT", "CHANGES"})
  void exchangesValuesOfRowsToWhichAForeignKeyRefersThatIsNotEnforced(Mode mode) {
    fixture.execute(
        "ALTER TABLE people ADD UNIQUE (name)",
        "INSERT INTO people VALUES (1, 'one')",
        "CREATE TABLE visits (person integer REFERENCES people ON DELETE CASCADE NOT ENFORCED)",
        "INSERT INTO visits VALUES (0), (1)");
    load(mode, "copy");
    fixture.execute("GRANT DELETE ON people TO \"%s\"".formatted(fixture.role()));

    fixture.load(key(mode), file(mode, "id,name", "0,one", "1,old"));

    assertThat(fixture.people()).containsExactly("0|one|null", "1|old|null");
    assertThat(fixture.rows("SELECT person FROM visits ORDER BY 1")).containsExactly("0", "1");
  }

  private void identifyByPeriods() {
    fixture.execute(
        "CREATE EXTENSION btree_gist",
        """
        ALTER TABLE people ADD valid daterange NOT NULL DEFAULT '[2000-01-01,2001-01-01)',
          DROP CONSTRAINT people_pkey, ADD PRIMARY KEY (id, valid WITHOUT OVERLAPS)""");
  }

  @ParameterizedTest
  @EnumSource
  void loadsPeriods(Mode mode) {
    identifyByPeriods();
    load(mode, "copy");

    fixture.load(
        key(mode),
        file(
            mode,
            "id,name,valid",
            "1,Ana,\"[2020-01-01,2020-02-01)\"",
            "1,Anna,\"[2020-02-01,)\"",
            "2,Bo,\"[2020-01-01,2020-03-01)\""));

    assertThat(fixture.rows("SELECT name FROM people WHERE id > 0 ORDER BY id, valid"))
        .containsExactly("Ana", "Anna", "Bo");
  }

  @ParameterizedTest
  @MethodSource("modesOfRows")
  void namesBothLinesOfPeriodsThatOverlap(Mode mode, String importWith) {
    identifyByPeriods();
    load(mode, importWith);

    LoadException failure =
        fixture.failure(
            ROW_REJECTED,
            "people.csv",
            """
            id,name,valid
            1,Ana,"[2020-01-01,2021-01-01)"
            2,Bo,"[2020-01-01,2021-01-01)"
            1,Anna,"[2020-02-01,2020-03-01)"
            1,Annie,"[2020-05-01,)"
            3,Cy,"[2020-05-01,)"
            """);

    assertThat(failure.faults())
        .extracting(Fault::lineOrNull, Fault::reason)
        .containsExactly(
            tuple(4L, OVERLAPS + ", that of line 2"), tuple(5L, OVERLAPS + ", that of line 2"));
    assertThat(fixture.dryRun("people.csv").message())
        .contains("line 4: " + OVERLAPS + ", that of line 2")
        .contains("line 5: " + OVERLAPS + ", that of line 2");
  }

  @ParameterizedTest
  @MethodSource("allModes")
  void namesBothLinesWhereTheTableIsEmpty(Mode mode, String importWith) {
    identifyByPeriods();
    fixture.execute("TRUNCATE people");
    load(mode, importWith);
    String key = mode == CHANGES ? "LOAD00000001.csv" : "people.csv";

    LoadException failure =
        failure(
            key,
            """
            id,name,valid
            1,Ana,"[2020-01-01,2021-01-01)"
            1,Anna,"[2020-02-01,2020-03-01)"
            """);

    assertThat(failure.code()).isEqualTo(ROW_REJECTED);
    assertThat(failure.faults())
        .extracting(Fault::lineOrNull, Fault::reason)
        .containsExactly(tuple(3L, OVERLAPS + ", that of line 2"));
    assertThat(fixture.people()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void namesBothLinesOfChangesAndOfOthersOnce(Mode mode) {
    identifyByPeriods();
    load(mode, "copy");

    LoadException failure =
        fixture.failure(
            ROW_REJECTED,
            key(mode),
            file(
                mode,
                "id,name,valid",
                "1,Ana,\"[2020-01-01,2021-01-01)\"",
                "1,Anna,\"[2020-02-01,2020-03-01)\""));

    assertThat(failure)
        .hasMessageContaining("line 3: " + OVERLAPS + ", that of line 2. Correct the file");
  }

  @ParameterizedTest
  @EnumSource(names = {"APPEND", "UPSERT", "CHANGES"})
  void tellsAPeriodThatOverlapsOneOfTheTable(Mode mode) {
    identifyByPeriods();
    load(mode, "copy");

    LoadException failure =
        fixture.failure(
            ROW_REJECTED,
            key(mode),
            file(mode, "id,name,valid", "0,new,\"[2000-03-01,2000-04-01)\""));

    assertThat(failure).hasMessageContaining(OVERLAPS + ". Correct the file");
  }

  @ParameterizedTest
  @MethodSource("allModes")
  void tellsAnEmptyPeriodAsWhatItIs(Mode mode, String importWith) {
    identifyByPeriods();
    load(mode, importWith);

    LoadException failure =
        fixture.failure(
            ROW_REJECTED,
            key(mode),
            file(mode, "id,name,valid", "1,Ana,\"[2020-01-01,)\"", "2,Bo,empty"));

    assertThat(failure)
        .hasMessageContaining(
            "line 3, column valid: an empty range, which a key WITHOUT OVERLAPS does not take");
    if (mode != CHANGES) {
      assertThat(fixture.dryRun(key(mode)).message())
          .contains("line 3, column valid: an empty range");
    }
  }

  @Test
  void keepsPeriodsThatAreInTheTableAndTheFile() {
    identifyByPeriods();
    load(SYNC, "copy");
    String file =
        """
        id,name,valid
        0,new,"[2000-01-01,2001-01-01)"
        0,newer,"[2001-01-01,)"
        """;

    LoadResult result = fixture.load("people.csv", file);

    assertThat(List.of(result.inserted(), result.updated(), result.deleted()))
        .containsExactly(1L, 1L, 0L);
    assertThat(fixture.load("people.csv", file.replace("2001-01-01", "2000-07-01")).deleted())
        .isEqualTo(2);
  }

  @Test
  void tellsWhatAPartitionDoesNotTake() {
    fixture.execute(
        "CREATE TABLE places (id integer, name text) PARTITION BY LIST (id)",
        "CREATE TABLE place_one PARTITION OF places FOR VALUES IN (1)",
        "GRANT SELECT, INSERT ON places, place_one TO \"%s\"".formatted(fixture.role()));
    load(UPSERT, "copy");
    fixture.set("LOAD_MODE", "append");

    fixture.set("DB_TABLE_NAME", "places");
    assertThat(failure("a.csv", "id,name\n2,two\n"))
        .hasMessageContaining("line 2: belongs to no partition of the table");
    fixture.set("DB_TABLE_NAME", "place_one");
    assertThat(failure("b.csv", "id,name\n2,two\n"))
        .hasMessageContaining("line 2: does not belong to this partition");
    assertThat(fixture.rows("SELECT * FROM places")).isEmpty();
  }
}
