package s3topostgres.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.ROW_REJECTED;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;

/** What the sender is told when a row is rejected: all that is wrong with the file. */
public class EveryFaultTest {
  private LoadFixture fixture;

  @BeforeEach
  void open() {
    fixture = new LoadFixture();
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  private LoadException failure(String... lines) {
    return fixture.failure(ROW_REJECTED, "people.csv", String.join("\n", lines) + "\n");
  }

  private static Fault fault(long line, String column, String reason) {
    return new Fault(OptionalLong.of(line), Optional.ofNullable(column), reason);
  }

  @Test
  void namesEachValueThatDoesNotFit() {
    LoadException failure =
        failure("id,name,born", "1,a,2020-02-30", "x,b,", "3,,soon", "9999999999,d,2020-01-01");

    assertThat(failure)
        .hasMessage(
            "ROW_REJECTED: s3://%s/people.csv: 5 values do not fit: ".formatted(fixture.bucket)
                + "line 2, column born: not an existing date or time, or not written as date; "
                + "line 3, column id: not a whole number; "
                + "line 4, column name: empty, but a value is required; "
                + "line 4, column born: not a valid date; "
                + "line 5, column id: too large or too small for integer. "
                + "Correct the file and upload it again; the old rows are still there.");
    assertThat(failure.line()).hasValue(2);
    assertThat(failure.column()).contains("born");
    assertThat(fixture.log()).contains(" line=2 column=born sqlstate=22008 ");
  }

  @Test
  void aSingleFaultIsReportedAsBefore() {
    LoadException failure = failure("id,name", "1,a", "x,b");

    assertThat(failure)
        .hasMessage(
            "ROW_REJECTED: s3://%s/people.csv, line 3, column id: not a whole number. "
                    .formatted(fixture.bucket)
                + "Correct the file and upload it again; the old rows are still there.");
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

  @Test
  void aKeyThatIsThereTwiceIsToldWithBothLines() {
    fixture.execute("ALTER TABLE people ADD CONSTRAINT once UNIQUE (name, born)");

    LoadException failure =
        failure(
            "id,name,born",
            "1,\"first\nline\",2020-01-01",
            "2,a,",
            "2,a,",
            "3,b,2020-01-02",
            "x,b,2020-01-02",
            "1,c,");

    assertThat(failure.faults())
        .containsExactly(
            fault(5, null, "a second row with the same id (constraint people_pkey) as line 4"),
            fault(7, "id", "not a whole number"),
            fault(7, null, "a second row with the same name, born (constraint once) as line 6"),
            fault(8, null, "a second row with the same id (constraint people_pkey) as line 3"));
  }

  @Test
  void keysAreComparedAsTheirTypesCompare() {
    fixture.execute(
        "CREATE COLLATION insensitive (provider = icu, locale = '@colStrength=secondary', deterministic = false)",
        "CREATE TABLE t (a numeric CONSTRAINT a UNIQUE, b text COLLATE insensitive CONSTRAINT b UNIQUE)",
        "GRANT SELECT, INSERT, TRUNCATE ON t TO \"%s\"".formatted(fixture.role()));
    fixture.set("DB_TABLE_NAME", "t");

    LoadException failure = failure("a,b", "1.0,x", "1.00,y", "2,X", ",", ",");

    assertThat(failure.faults())
        .containsExactly(
            fault(3, null, "a second row with the same a (constraint a) as line 2"),
            fault(4, null, "a second row with the same b (constraint b) as line 2"));
  }

  @Test
  void checksAreTriedOnEveryRow() {
    fixture.execute(
        "ALTER TABLE people ADD CONSTRAINT adult CHECK (born < '2008-01-01')",
        "ALTER TABLE people ADD CONSTRAINT named CHECK (name <> '' OR id = 0)",
        "ALTER TABLE people ADD CONSTRAINT divides CHECK (10 / (id - 1) <> 3) NOT VALID",
        "ALTER TABLE people ADD CONSTRAINT whole CHECK (people IS NOT NULL) NOT VALID");

    LoadException failure =
        failure("id,name,born", "1,\"\",2020-01-01", "x,\"\",2020-01-01", "2,b,2020-01-01");

    assertThat(failure.faults())
        .containsExactly(
            fault(2, null, "breaks the check adult"),
            fault(2, null, "breaks the check named"),
            fault(3, "id", "not a whole number"),
            fault(3, null, "breaks the check adult"),
            fault(4, null, "breaks the check adult"));
  }

  @Test
  void aCheckMayHaveAnyOperator() {
    fixture.execute("ALTER TABLE people ADD tags jsonb CONSTRAINT tagged CHECK (tags ? 'a\\?')");
    fixture.execute("GRANT SELECT, INSERT, TRUNCATE ON people TO \"%s\"".formatted(fixture.role()));

    assertThat(failure("id,name,tags", "x,a,{}", "2,b,{}").faults())
        .containsExactly(
            fault(2, "id", "not a whole number"),
            fault(2, null, "breaks the check tagged"),
            fault(3, null, "breaks the check tagged"));
  }

  @Test
  void aFaultThatIsNotLookedForStaysTheFirst() {
    fixture.execute(
        "CREATE TABLE teams (id integer PRIMARY KEY)",
        "ALTER TABLE people ADD team integer REFERENCES teams");
    fixture.execute("GRANT SELECT, INSERT, TRUNCATE ON people TO \"%s\"".formatted(fixture.role()));

    LoadException failure = failureOf("id,name,team\n1,a,7\n1,b,\n");
    assertThat(failure.faults())
        .containsExactly(
            fault(3, null, "a second row with the same id (constraint people_pkey) as line 2"));

    failure = failureOf("id,name,team\n1,a,7\n2,b,8\n");
    assertThat(failure.faults())
        .containsExactly(
            new Fault(
                OptionalLong.empty(),
                Optional.empty(),
                "refers to a row that does not exist, by team (constraint people_team_fkey)"));
  }

  private LoadException failureOf(String content) {
    return fixture.failure(ROW_REJECTED, "people.csv", content);
  }

  @Test
  void aKeyThatIsInTheTableStaysTheFirstBesideOneThatIsThereTwice() {
    fixture.mode(Mode.APPEND);

    assertThat(failureOf("id,name\n0,a\n7,b\n7,c\n").faults())
        .containsExactly(
            fault(2, null, "a second row with the same id (constraint people_pkey)"),
            fault(4, null, "a second row with the same id (constraint people_pkey) as line 3"));
  }

  @Test
  void aKeyThatIsThereTwiceIsOneFaultHoweverCopyCountsItsLine() {
    fixture.mode(Mode.APPEND);

    assertThat(failureOf("id,name\r\n7,\"a\nb\"\r\n7,c\r\n").faults())
        .containsExactly(
            fault(4, null, "a second row with the same id (constraint people_pkey) as line 3"));
  }

  @Test
  void aKeyThatIsThereTwiceIsOneFaultBehindAValueThatLosesItsLineBreak() {
    fixture.execute("CREATE TABLE t (id integer PRIMARY KEY, doc jsonb)");
    fixture.mode(Mode.UPSERT, "t").set("DB_TABLE_NAME", "t");

    assertThat(failureOf("id,doc\n1,\"{\n}\"\n1,{}\n").faults())
        .containsExactly(fault(4, null, "a second row with the key (id) of line 3"));
  }

  @Test
  void domainsAndTypesOfEveryKind() {
    fixture.execute(
        "CREATE DOMAIN short AS varchar(3) CHECK (VALUE <> 'abc')",
        "CREATE DOMAIN present AS text NOT NULL",
        "CREATE DOMAIN given AS text CHECK (VALUE IS NOT NULL)",
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        """
        CREATE TABLE t (a short, b present, c given, d mood, e char(2), f bit(3), g int[], h regclass,
          i numeric(3,1), "J ""j\""" json, k int4range, l varchar(2)[])""",
        "GRANT SELECT, INSERT, TRUNCATE ON t TO \"%s\"".formatted(fixture.role()));
    fixture.set("DB_TABLE_NAME", "t").set("CSV_NULL", "-");

    LoadException failure =
        failure(
            "a,b,c,d,e,f,g,h,i,\"J \"\"j\"\"\",k,l",
            "ab  ,\"\",\"\",good,a   ,101,{1},pg_class,99.94,{},empty,{ab}",
            "abc,-,-,better,abc,10,{x},1259,99.95,{,\"[2,1)\",{abc}",
            "-,b,c,-,-,-,-,-,-,-,-,-",
            "abcd,b,c,bad,ab,1011,1,-,x,1,x,{");

    assertThat(failure.faults())
        .containsExactly(
            fault(3, "a", "breaks the check short_check"),
            fault(3, "b", "empty, but a value is required"),
            fault(3, "c", "breaks the check given_check"),
            fault(3, "d", "not one of the values of mood"),
            fault(3, "e", "longer than 2 characters"),
            fault(3, "f", "not exactly 3 bits long"),
            fault(3, "g", "not a valid integer[]"),
            fault(3, "i", "too large or too small for numeric(3,1)"),
            fault(3, "J \"j\"", "not valid JSON"),
            fault(3, "k", "not a valid int4range"),
            fault(3, "l", "too long for character varying(2)[]"),
            fault(5, "a", "too long for short"),
            fault(5, "f", "not exactly 3 bits long"),
            fault(5, "g", "not a valid integer[]"),
            fault(5, "i", "not a number"),
            fault(5, "k", "not a valid int4range"),
            fault(5, "l", "not a valid character varying(2)[]"));
  }

  @Test
  void compositeTypesAreReadAsTheImportReadsThem() {
    fixture.execute("CREATE TYPE place AS (x integer, y text)", "CREATE DOMAIN spot AS place");
    fixture.execute("ALTER TABLE people ADD a place, ADD b spot, ADD c place[]");
    fixture.execute("GRANT SELECT, INSERT, TRUNCATE ON people TO \"%s\"".formatted(fixture.role()));

    LoadException failure =
        failure(
            "id,name,a,b,c",
            "x,a,\"(1,a)\",\"(,)\",\"{\"\"(1,a)\"\"}\"",
            "2,b,\"(x,a)\",(1),{x}",
            "3,c,,,");

    assertThat(failure.faults())
        .containsExactly(
            fault(2, "id", "not a whole number"),
            fault(3, "a", "not a valid place"),
            fault(3, "b", "not a valid spot"),
            fault(3, "c", "not a valid place[]"));
  }

  /** They fail the function by which Postgres says whether a value is good. */
  @Test
  void aTypeThatRaisesItsErrorsIsTriedValueByValue() {
    fixture.execute(
        """
        CREATE FUNCTION even(integer) RETURNS boolean LANGUAGE plpgsql AS
          $$ BEGIN IF $1 % 2 <> 0 THEN RAISE 'no %', $1; END IF; RETURN true; END $$""",
        "CREATE DOMAIN pair AS integer CHECK (even(VALUE))",
        "ALTER TABLE people ADD state pair, ADD s text, ADD r integer");
    fixture.execute("GRANT SELECT, INSERT, TRUNCATE ON people TO \"%s\"".formatted(fixture.role()));

    LoadException failure = failure("id,name,state,s,r", "1,a,2,,", "2,b,3,,", "3,c,x,,x");

    assertThat(failure.faults())
        .containsExactly(
            fault(3, "state", "refused by the function even of the database"),
            fault(4, "state", "not a valid pair"),
            fault(4, "r", "not a whole number"));
  }

  @Test
  void aTableOfTextsHasFaultsInItsKeysOnly() {
    fixture.execute(
        "CREATE TABLE t (a text UNIQUE, place text)",
        "GRANT SELECT, INSERT, TRUNCATE ON t TO \"%s\"".formatted(fixture.role()));
    fixture.set("DB_TABLE_NAME", "t");

    assertThat(failure("a,place", "x,", "y,", "x,", "x,").faults())
        .containsExactly(
            fault(4, null, "a second row with the same a (constraint t_a_key) as line 2"),
            fault(5, null, "a second row with the same a (constraint t_a_key) as line 2"));
  }

  @Test
  void datesAreReadAsTheScriptBeforeTheLoadSays() {
    fixture.set(
        "BEFORE_LOAD_SQL",
        "SET LOCAL datestyle = 'ISO, DMY'; SELECT 'not; run' WHERE (SELECT count(*) FROM people) < 0");

    LoadException failure =
        failure("id,name,born", "1,a,31/12/2019", "x,b,12/31/2019", "y,c,01/02/2020");

    assertThat(failure.faults())
        .containsExactly(
            fault(3, "id", "not a whole number"),
            fault(3, "born", "not an existing date or time, or not written as date"),
            fault(4, "id", "not a whole number"));
  }

  @Test
  void theSettingsOfAScriptAreFoundAmongComments() {
    fixture.set(
        "BEFORE_LOAD_SQL",
        """
        -- Days come first, don't they?
        SET LOCAL datestyle = 'ISO, DMY'; /* Not; a
        quote: ' */ SET LOCAL timezone = 'UTC'; SELECT $x$; SET LOCAL datestyle = 'ISO, MDY'; $x$""");

    assertThat(failureOf("id,name,born\nx,a,31/12/2019\n").faults())
        .containsExactly(fault(2, "id", "not a whole number"));
  }

  @Test
  void theFailureIsToldHoweverLongAScriptIs() {
    fixture.set("BEFORE_LOAD_SQL", "SELECT 1" + " + 1".repeat(1_000));

    assertThat(failureOf("id,name\nx,a\n").faults())
        .containsExactly(fault(2, "id", "not a whole number"));
  }

  @Test
  void aSearchPathOfAScriptDoesNotChangeTheTable() {
    fixture.execute("CREATE SCHEMA other", "GRANT USAGE ON SCHEMA other TO PUBLIC");
    fixture.set("BEFORE_LOAD_SQL", "SET LOCAL search_path = other");

    assertThat(failureOf("id,name\nx,a\ny,b\n").faults())
        .containsExactly(
            fault(2, "id", "not a whole number"), fault(3, "id", "not a whole number"));
  }

  @Test
  void linesArePhysicalLinesWhateverEndsThem() {
    LoadException crlf = failureOf("id,name\r\n1,\"a\nb\r\nc\rd\"\r\nx,e\r\n2,\"\r\n\"\r\ny,\r\n");
    assertThat(crlf.faults())
        .containsExactly(
            fault(6, "id", "not a whole number"),
            fault(9, "id", "not a whole number"),
            fault(9, "name", "empty, but a value is required"));

    LoadException header = failureOf("id,\"name\n\"\nx,a\ny,b\n");
    assertThat(header.faults())
        .containsExactly(
            fault(3, "id", "not a whole number"), fault(4, "id", "not a whole number"));
  }

  @Test
  void aMalformedLineHidesNothing() {
    LoadException after = failure("id,name", "x,a", "y,b", "1,c,d", "z,e");
    assertThat(after)
        .hasMessageContaining(
            ": 4 faults: line 2, column id: not a whole number; line 3, column id: not a whole number;"
                + " line 4: 3 fields instead of 2; line 5, column id: not a whole number. Put a field"
                + " with the delimiter (,) or a line break into quotes. Correct the file and upload"
                + " it again; the old rows are still there.");

    LoadException first = failure("id,name", "1,c,d", "z,e");
    assertThat(first)
        .hasMessageContaining(
            ": 2 faults: line 2: 3 fields instead of 2; line 3, column id: not a whole number.");

    assertThat(failureOf("id,name\n1,\"a\nb\",c\nx,\"d\ne\"\n2,f\"g\ny,h\n").faults())
        .containsExactly(
            fault(2, null, "3 fields instead of 2"),
            fault(5, "id", "not a whole number"),
            fault(6, null, "a quote inside a field that does not begin with one"),
            fault(7, "id", "not a whole number"));
  }

  @Test
  void withoutTheScanAMalformedLineEndsTheSearchAndThatIsSaid() {
    fixture.set("CSV_SCAN", "off");
    LoadException after = failure("id,name", "x,a", "y,b", "1,c,d", "z,e");
    assertThat(after)
        .hasMessageContaining(
            ": at least 2 values do not fit: line 2, column id: not a whole number;"
                + " line 4: the line has more fields than there are columns. Correct the file and"
                + " upload it again; there may be more, which could not be looked for.");

    LoadException first = failure("id,name", "1,c,d", "z,e");
    assertThat(first)
        .hasMessageContaining(
            ", line 2: the line has more fields than there are columns. Correct the file and upload"
                + " it again; the old rows are still there. The lines after it have not been"
                + " checked.");
  }

  @Test
  void aMarkForNullIsToldOnceAndCounted() {
    LoadException failure = failureOf("id,name\n" + "\\N,a\n".repeat(1500) + "x,b\n");

    assertThat(failure)
        .hasMessageContaining(": 1501 faults: line 2, column id: \\N, which would be a text;")
        .hasMessageContaining("... and 1491 more (id 1491)")
        .hasMessageContaining("the operator sets CSV_NULL=\\N");
  }

  @Test
  void countsMoreMalformedLinesThanItKeeps() {
    LoadException failure = failureOf("id,name\n" + "1,a,b\n".repeat(1500) + "x,b\n");

    assertThat(failure.faults()).hasSize(1000);
    assertThat(failure)
        .hasMessageContaining(": 1501 faults: ")
        .hasMessageContaining("... and 1491 more (malformed lines 1490, id 1)");
  }

  @Test
  void aValueWithAnEscapedNulDoesNotEndTheSearch() {
    fixture.execute("ALTER TABLE people ADD note jsonb");
    fixture.execute("GRANT SELECT, INSERT, TRUNCATE ON people TO \"%s\"".formatted(fixture.role()));

    assertThat(failure("id,name,note", "1,a,\"\"\"\\u0000\"\"\"", "x,b,{}").faults())
        .containsExactly(fault(2, "note", "not valid JSON"), fault(3, "id", "not a whole number"));
  }

  @Tag("slow")
  @Test
  void theFailureIsToldWhenThereIsNoTimeToLookForMore() {
    fixture.execute(
        "CREATE FUNCTION slow(text) RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(600) IS NOT NULL'",
        "ALTER TABLE people ADD CHECK (slow(name)) NOT VALID");
    fixture.leaveAMomentAfter("SET tcp_keepalives_idle", LoadFixture.importStatement());

    LoadException failure = fixture.failure(ROW_REJECTED, "people.csv", "id,name\nx,a\n1,b\n");

    assertThat(failure)
        .hasMessageContaining(
            ", line 2, column id: not a whole number. Correct the file and upload it again; the old"
                + " rows are still there. There may be more faults; they could not be looked for.");
    assertThat(fixture.rows("SELECT error_code FROM history.loads"))
        .containsExactly("ROW_REJECTED");
  }

  @Test
  void aKeyOfTheModeIsRequiredAndUnique() {
    fixture.execute("ALTER TABLE people DROP CONSTRAINT people_pkey, ALTER id DROP NOT NULL");
    fixture.mode(Mode.SYNC).set("LOAD_KEY", "id");

    LoadException failure = failure("id,name", ",a", "1,b", "1,c", "2,d");

    assertThat(failure.faults())
        .containsExactly(
            fault(2, "id", "empty, but a value is required"),
            fault(4, null, "a second row with the key (id) of line 3"));
  }

  @Test
  void aKeyWhoseColumnsAreInAnotherOrderIsTheSameKey() {
    fixture.execute("CREATE TABLE t (a integer, b integer, PRIMARY KEY (a, b))");
    fixture.mode(Mode.UPSERT, "t").set("DB_TABLE_NAME", "t").set("LOAD_KEY", "b, a");

    assertThat(failure("a,b", "1,2", "1,2").faults())
        .containsExactly(fault(3, null, "a second row with the key (b, a) of line 2"));
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
