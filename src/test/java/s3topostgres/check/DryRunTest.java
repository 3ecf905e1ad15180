package s3topostgres.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import s3topostgres.check.DryRunResult.FaultInFile;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.postgres.TestTicker;
import s3topostgres.sandbox.Network;

/** What the check function says of an object, and that nothing comes of it. */
public class DryRunTest {
  private static final Pattern MARKER = Pattern.compile("(?i)marker|47114711");

  private LoadFixture fixture;

  @BeforeEach
  void open() {
    fixture = new LoadFixture();
  }

  @AfterEach
  void close() {
    assertThat(fixture.people()).containsExactly("0|old|null");
    assertThat(fixture.rows("SELECT to_regclass('history.loads') IS NULL")).containsExactly("t");
    fixture.close();
  }

  private DryRunResult dryRun(String content) {
    fixture.upload("people.csv", content);
    return fixture.dryRun("people.csv");
  }

  @Test
  void saysThatAGoodFileWouldLoad() {
    assertThat(dryRun("Name,ID\na,1\nb,2\n"))
        .isEqualTo(
            new DryRunResult(
                "s3://%s/people.csv".formatted(fixture.bucket),
                "public.people",
                true,
                null,
                2L,
                List.of("name", "id"),
                List.of("born"),
                List.of(),
                null));
  }

  @Test
  void tellsEveryFault() {
    DryRunResult result = dryRun("id,name\nx,a\n2,\n");

    assertThat(result.wouldLoad()).isFalse();
    assertThat(result.message())
        .startsWith(
            "ROW_REJECTED: s3://%s/people.csv: 2 values do not fit: ".formatted(fixture.bucket));
    assertThat(result.rows()).isEqualTo(2);
    assertThat(result.faults())
        .containsExactly(
            new FaultInFile(null, 2L, "id", "not a whole number"),
            new FaultInFile(null, 3L, "name", "empty, but a value is required"));
  }

  @Test
  void saysWhatALoadWouldSay() {
    assertThat(dryRun("id,nmae\n1,a\n").message())
        .startsWith("HEADER_MISMATCH: ")
        .contains("\"nmae\" is not a column (did you mean name?)");
    assertThat(dryRun("id,name\n").message()).startsWith("TOO_FEW_ROWS: ");
    assertThat(dryRun("id,name\n1,a,b\n").message())
        .startsWith("ROW_REJECTED: ")
        .contains(", line 2: 3 fields instead of 2");
    assertThat(fixture.dryRun("missing.csv").message()).startsWith("OBJECT_UNREADABLE: ");
    assertThat(fixture.dryRun("people.txt").message()).startsWith("It would be ignored: ");
    fixture.set("S3_KEY_PREFIX", "in/");
    assertThat(fixture.dryRun("people.csv").message()).startsWith("It would be ignored: ");
    fixture.set("S3_KEY_PREFIX", "").set("DB_PASSWORD", "wrong");
    assertThat(fixture.dryRun("people.csv").message()).startsWith("DATABASE_REFUSED: ");
  }

  @Test
  void saysOfAMalformedLineWhatALoadSays() {
    fixture.upload("latin1.csv", "id,name\n1,Jürgen\n,\n".getBytes(StandardCharsets.ISO_8859_1));

    assertThat(fixture.dryRun("latin1.csv").message())
        .contains(
            ": 3 faults: line 2: bytes that are not UTF8; line 3, column id: empty, but a value is required; line 3, column name: empty",
            "Save the file as UTF-8, or the operator sets CSV_ENCODING");
    assertThat(dryRun("id,name\n1,a,b\n,\n").message())
        .contains(": 3 faults: line 2: 3 fields instead of 2; line 3, column id: empty");
  }

  @Test
  void saysThatTheModeCannotWorkWithTheTable() {
    fixture.mode(Mode.UPSERT).set("LOAD_KEY", "nam");

    assertThat(dryRun("id,name\n1,a\n").message())
        .startsWith("CONFIG_INVALID: ")
        .contains("did you mean name?");
  }

  @Test
  void saysThatItNeedsTemporaryTables() {
    fixture.execute(
        "DO 'BEGIN EXECUTE format(''REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC'', current_database()); END'");

    assertThat(dryRun("id,name\n1,a\n").message())
        .contains("TABLE_UNUSABLE", "may not create temporary tables");
  }

  @Test
  void needsNoPrivilegeThatALoadDoesNot() {
    fixture.execute(
        "CREATE SCHEMA private",
        "CREATE FUNCTION private.ok(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
        "CREATE TYPE private.mood AS ENUM ('good')",
        """
        ALTER TABLE people ADD mood private.mood CHECK (mood >= 'good'), ADD moods private.mood[],
          ADD CHECK (private.ok(name)), ADD CONSTRAINT named CHECK (name <> '')""");

    assertThat(dryRun("id,name,mood,moods\n1,a,good,{good}\n").wouldLoad()).isTrue();
    assertThat(dryRun("id,name,mood,moods\nx,\"\",good,{good}\n,b,bad,\n").faults())
        .containsExactly(
            new FaultInFile(null, 2L, "id", "not a whole number"),
            new FaultInFile(null, 2L, null, "breaks the check named"),
            new FaultInFile(null, 3L, "id", "empty, but a value is required"));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "APPEND"})
  void saysThatRowLevelSecurityForbidsTheImport(Mode mode) {
    fixture.mode(mode);
    fixture.execute("ALTER TABLE people ENABLE ROW LEVEL SECURITY");

    assertThat(dryRun("id,name\n1,a\n").message())
        .startsWith("TABLE_UNUSABLE: ")
        .contains("public.people has row-level security");
  }

  @Test
  void neitherWaitsForOthersNorDelaysThem() throws SQLException {
    fixture.execute("ALTER TABLE people ADD CONSTRAINT named CHECK (name <> '')");
    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE");
      statement.execute("SELECT pg_advisory_xact_lock(hashtextextended('public.people', 0))");

      assertThat(dryRun("id,name\n1,\"\"\n").faults())
          .containsExactly(new FaultInFile(null, 2L, null, "breaks the check named"));
      other.rollback();
    }
  }

  /** As a load of another file does; nobody may read the table's checks then. */
  @Test
  void findsWhatItCanWhileTheTableIsEmptied() throws SQLException {
    fixture.execute("ALTER TABLE people ADD CONSTRAINT named CHECK (name <> '')");
    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE");

      DryRunResult nothing = dryRun("id,name\n1,\"\"\n");
      assertThat(nothing.wouldLoad()).isFalse();
      assertThat(nothing.message())
          .isEqualTo(
              "nothing was found, but another session locks the table, so its checks were not tried");
      DryRunResult found = dryRun("id,name\nx,a\n1,\n2,b\n2,c\n");
      assertThat(found.faults()).hasSize(3);
      assertThat(found.message()).contains("at least 3 values do not fit", "there may be more");
      other.rollback();
    }
  }

  @Tag("slow")
  @Test
  void answersInItsTime() {
    fixture.upload("people.csv", "id,name\n1,a\n");
    TestTicker time = fixture.stopTime();
    Network network = fixture.networkToS3();
    network.before(
        "bytes=0-\r",
        () -> {
          network.stall();
          time.pass(LoadFixture.LOAD_TIME);
        });

    assertThat(fixture.dryRun("people.csv").message()).startsWith("OUT_OF_TIME: ");
  }

  @Test
  void neverShowsAValue() {
    fixture.logEverything();
    fixture.execute("ALTER TABLE people ADD CONSTRAINT named CHECK (length(name) < 6)");

    DryRunResult result =
        dryRun(
            "id,name,born\nmarker,47114711,marker\n47114711,marker,\n47114711,marker,2020-01-01\n"
                + "1,marker,marker\n");

    assertThat(result.faults()).hasSize(8);
    assertThat(result + fixture.log()).doesNotContainPattern(MARKER);
  }

  @Test
  void proposesATableWhereThereIsNone() {
    fixture.set("DB_TABLE_NAME", "\"New\".people").set("CSV_NULL", "-");

    DryRunResult result =
        dryRun(
            """
            ID,Big,Amount,Postcode,Active,Joined,Seen,Logged,"Ref. No",Extra,Note,When,Then,Empty
            1,3000000000,1.50,01234,true,2020-01-31,2020-01-31 10:00,2020-01-31T10:00:00Z,9b2a41f6-1111-4222-8333-444444444444,{},a,01/02/2020,31/12/2020,-
            -2,1,-3,12345,false,2020-02-29,2020-01-31 10:00:01.5,2020-01-31 10:00:00+02:00,9B2A41F6-1111-4222-8333-444444444445,"[1, 2]",-,02/01/2020,30/11/2020,-
            """);

    assertThat(result.wouldLoad()).isFalse();
    assertThat(result.table()).isEqualTo("\"New\".people");
    assertThat(result.rows()).isEqualTo(2);
    assertThat(result.message())
        .isEqualTo(
            "there is no table \"New\".people; when holds dates in which day and month can be read"
                + " either way, so it stays text; then holds dates with the day first; with"
                + " BEFORE_LOAD_SQL=SET LOCAL datestyle = 'ISO, DMY' it can be date");
    assertThat(result.createTable())
        .isEqualTo(
            """
            CREATE TABLE "New".people (
              id integer NOT NULL,
              big bigint NOT NULL,
              amount numeric NOT NULL,
              postcode text NOT NULL,
              active boolean NOT NULL,
              joined date NOT NULL,
              seen timestamp NOT NULL,
              logged timestamptz NOT NULL,
              ref_no uuid NOT NULL,
              extra json NOT NULL,
              note text,
              "when" text NOT NULL,
              "then" text NOT NULL,
              empty text
            );
            GRANT SELECT, INSERT, TRUNCATE ON "New".people TO "%s";"""
                .formatted(fixture.role()));
  }

  @Test
  void proposesNumbersAsProgramsWriteThemAndLeavesCodesAlone() {
    fixture.set("DB_TABLE_NAME", "new_table");

    DryRunResult result =
        dryRun(
            """
            dms,r,code,other,phone,order_no,small
            +5.0656000000000000e+05,1e+05,5743e5,655e38,+441,2.34601E+20,1.5E+03
            -1.1e-05,200000,12e1,7e7,+442,7,1.25E+10
            """);

    assertThat(result.createTable())
        .startsWith(
            """
            CREATE TABLE new_table (
              dms numeric NOT NULL,
              r numeric NOT NULL,
              code text NOT NULL,
              other text NOT NULL,
              phone text NOT NULL,
              order_no numeric NOT NULL,
              small numeric NOT NULL
            );
            """);
    assertThat(result.message())
        .isEqualTo(
            "there is no table new_table; order_no holds numbers that a spreadsheet has shortened (as in"
                + " 1.23457E+11), so their last digits are lost; format the column as text or as a"
                + " number without decimals there, and export it again");
  }

  @Test
  void whatIsProposedLoadsTheFile() {
    String content =
        "Größe,Day,No.,\"a\"\"b\",Tel\n1,2020-01-01,007,x,+441\n2,2020-01-02,,y,+442\n";
    fixture.set("DB_TABLE_NAME", "new_table");
    fixture.upload("new.csv", content);
    DryRunResult proposed = fixture.dryRun("new.csv");
    fixture.execute(proposed.createTable());
    assertThat(fixture.dryRun("new.csv").wouldLoad()).as(proposed.createTable()).isTrue();
    fixture.set("HISTORY_TABLE", "off");

    fixture.load("new.csv", content);

    assertThat(fixture.rows("SELECT * FROM new_table"))
        .containsExactly("1|2020-01-01|007|x|+441", "2|2020-01-02|null|y|+442");
  }

  @Test
  void theTableOfAnObjectsKeyIsFoundWhereverALoadFindsIt() {
    fixture.execute(
        "CREATE TABLE \"My File\" (a text)",
        "GRANT SELECT, INSERT, TRUNCATE ON \"My File\" TO \"%s\"".formatted(fixture.role()));
    fixture.set("S3_KEY_PATTERN", "{table}.csv").set("DB_TABLE_NAME", "{table}");
    fixture.upload("My File.csv", "a\nx\n");

    DryRunResult result = fixture.dryRun("My File.csv");

    assertThat(result.table()).as(result.message()).isEqualTo("public.\"My File\"");
    assertThat(result.wouldLoad()).isTrue();
  }

  @Test
  void theTableOfAnObjectsKeyIsProposedUnderItsName() {
    fixture.set("S3_KEY_PATTERN", "{table}.csv").set("DB_TABLE_NAME", "{table}");
    fixture.upload("My File.csv", "a\nx\n");

    assertThat(fixture.dryRun("My File.csv").createTable())
        .startsWith("CREATE TABLE my_file (\n  a text NOT NULL\n);");
  }

  @Test
  void aFileThatSuggestsNoTableIsRefused() {
    fixture.set("DB_TABLE_NAME", "new_table");

    assertThat(dryRun("a,A,b\n1,2,3\n").message())
        .contains("HEADER_MISMATCH: ", "field 2 of the first line has the name of field 1");
    assertThat(dryRun("a,,b\n1,2,3\n").message()).contains("field 2 of the first line has no name");
    assertThat(dryRun("a,b\n1,2,3\n").message()).contains("ROW_REJECTED: ", "line 2: ");
    assertThat(dryRun("marker,47114711,2020-01-01\n").toString())
        .contains("HEADER_MISMATCH: ", "the first line looks like values")
        .doesNotContainPattern(MARKER);
  }
}
