package s3topostgres.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.CONFIG_INVALID;
import static s3topostgres.ErrorCode.DATABASE_REFUSED;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.ErrorCode.HEADER_MISMATCH;
import static s3topostgres.ErrorCode.IMPORT_UNAVAILABLE;
import static s3topostgres.ErrorCode.OBJECT_UNREADABLE;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TABLE_BUSY;
import static s3topostgres.ErrorCode.TABLE_UNUSABLE;
import static s3topostgres.ErrorCode.TOO_FEW_ROWS;

import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.s3.Upload;

/**
 * A load that fails, at each of its steps: the fixture checks the code, that the message names the
 * object, that the failure is logged, and that the old row is still there.
 */
public class LoadFailureTest {
  private static final String GOOD = "id,name\n1,Ana\n";

  private final LoadFixture fixture = new LoadFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void refusesOtherBucketsBeforeAnyCall() {
    fixture.set("S3_BUCKET_NAME", "elsewhere");
    Upload upload = fixture.announce("nowhere.csv", "0123");

    assertThat(fixture.failure(OBJECT_UNREADABLE, upload))
        .hasMessageContaining("only objects of the bucket elsewhere are loaded");
    assertThat(fixture.rows("SELECT error_code FROM history.loads"))
        .containsExactly("OBJECT_UNREADABLE");

    fixture.set("DB_PASSWORD", "wrong");
    fixture.failure(OBJECT_UNREADABLE, upload);
  }

  @Test
  void tellsThatTheObjectIsGone() {
    assertThat(fixture.failure(OBJECT_UNREADABLE, fixture.announce("gone.csv", "0123")))
        .hasMessageContaining("there is no such object any more");
  }

  @Test
  void tellsThatTheObjectIsEmpty() {
    assertThat(fixture.failure(OBJECT_UNREADABLE, "empty.csv", ""))
        .hasMessageContaining("the object is empty");
  }

  @Test
  void tellsThatThereIsNoTable() {
    fixture.set("DB_TABLE_NAME", "persons");

    assertThat(fixture.failure(TABLE_UNUSABLE, "people.csv", GOOD))
        .hasMessageContaining("there is no table persons");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "people_view | is not a table",
        "secrets | lacks INSERT, TRUNCATE on public.secrets",
        "one.two.three.four | is not the name of a table",
        "referenced | a foreign key of another table refers to it",
      })
  void tellsWhyATableCannotBeUsed(String table, String words) {
    fixture.execute(
        "CREATE VIEW people_view AS SELECT * FROM people",
        "CREATE TABLE secrets (id integer, name text)",
        "CREATE TABLE referenced (id integer PRIMARY KEY, name text)",
        "CREATE TABLE referring (id integer REFERENCES referenced)",
        "GRANT SELECT, INSERT, TRUNCATE ON people_view, referenced TO \"%s\""
            .formatted(fixture.role()));

    assertThat(fixture.set("DB_TABLE_NAME", table).failure(TABLE_UNUSABLE, "people.csv", GOOD))
        .hasMessageContaining(words);
  }

  @ParameterizedTest
  @ValueSource(strings = {"people; DROP TABLE people", "\"unclosed"})
  void takesNothingButANameForATable(String table) {
    // Before Postgres 16 a malformed name is an error, since then it is the name of no table.
    assertThat(
            fixture
                .set("DB_TABLE_NAME", table)
                .failure(TABLE_UNUSABLE, "people.csv", GOOD)
                .getMessage())
        .containsAnyOf("there is no table " + table, "DB_TABLE_NAME is not the name of a table");
  }

  @Test
  void namesTheHeaderThatDoesNotFit() {
    assertThat(fixture.failure(HEADER_MISMATCH, "people.csv", "id,nmae\n1,Ana\n"))
        .hasMessageContaining("\"nmae\" is not a column (did you mean name?)")
        .hasMessageContaining("column name is required and missing")
        .hasMessageContaining("public.people has the columns id, name, born");
  }

  @Test
  void namesTheLineAndTheColumnButNotTheValue() {
    LoadException failure =
        fixture.failure(
            ROW_REJECTED, "people.csv", "id,name,born\n1,\"two\nlines\",\n2,Bo,marker-47114711\n");

    assertThat(failure)
        .hasMessage(
            "ROW_REJECTED: s3://%s/people.csv, line 4, column born: not a valid date. Correct the file and upload it again; the old rows are still there."
                .formatted(fixture.bucket));
    assertThat(fixture.log())
        .contains("line=4 column=born sqlstate=22007")
        .doesNotContain("47114711");
    assertThat(
            fixture.rows(
                "SELECT status, rows_loaded, error_code, error_message FROM history.loads"))
        .containsExactly("FAILED|null|ROW_REJECTED|" + failure.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "1,marker-47114711,2020-13-45 | 2 | born | not an existing date or time",
        "99999999999999,marker-47114711, | 2 | id | too large or too small for integer",
        "1,marker-47114711,\\n1,marker-47114711, | 3 | | a second row with the same id (constraint people_pkey)",
        "1 | 2 | | 1 field instead of 3",
        "1,marker-47114711,,marker-47114711 | 2 | | 4 fields instead of 3",
        "1,\"marker-47114711 | 2 | | a quote that is never closed",
        "1,, | 2 | name | empty, but a value is required",
      })
  void saysInPlainWordsWhatIsWrongWithALine(String lines, long line, String column, String words) {
    LoadException failure =
        fixture.failure(
            ROW_REJECTED, "p.csv", "id,name,born\n" + lines.replace("\\n", "\n") + "\n");

    assertThat(failure).hasMessageContaining(words).hasMessageNotContaining("47114711");
    assertThat(failure.line()).hasValue(line);
    assertThat(failure.column().orElse(null)).isEqualTo(column);
    assertThat(fixture.log()).doesNotContain("47114711");
  }

  @Test
  void refusesTooFewRows() {
    fixture.set("MIN_ROWS", "2");

    assertThat(fixture.failure(TOO_FEW_ROWS, "people.csv", GOOD))
        .hasMessageContaining(
            "the file has 1 rows, and at least 2 are expected (the operator sets MIN_ROWS)");
  }

  @Test
  void refusesAFileWithNothingButAHeader() {
    fixture.failure(TOO_FEW_ROWS, "people.csv", "id,name\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "BEFORE_LOAD_SQL | SELECT * FROM no_such_table | DATABASE_REFUSED",
        "AFTER_LOAD_SQL | SELECT * FROM no_such_table | DATABASE_REFUSED",
        "BEFORE_LOAD_SQL | COMMIT | DATABASE_REFUSED",
        "AFTER_LOAD_SQL | COMMIT | DATABASE_REFUSED",
        "AFTER_LOAD_SQL | ROLLBACK; SELECT 1 | DATABASE_REFUSED",
        "AFTER_LOAD_SQL | DO $$BEGIN RAISE 'row of %', (SELECT name FROM people); END$$ | ROW_REJECTED",
        "AFTER_LOAD_SQL | SELECT name::integer FROM people | ROW_REJECTED",
      })
  void undoesEverythingWhenTheProjectsSqlFails(String setting, String sql, String code) {
    fixture.set(setting, sql);

    assertThat(
            fixture.failure(
                s3topostgres.ErrorCode.valueOf(code), "p.csv", "id,name\n1,marker-47114711\n"))
        .hasMessageContaining(setting)
        .hasMessageNotContaining("47114711");
    assertThat(fixture.log()).doesNotContain("47114711");
  }

  @Test
  void undoesEverythingWhenADeferredConstraintFailsAtTheCommit() {
    fixture.execute(
        "CREATE TABLE teams (id integer PRIMARY KEY)",
        "ALTER TABLE people ADD team integer REFERENCES teams DEFERRABLE INITIALLY DEFERRED");

    assertThat(fixture.failure(ROW_REJECTED, "people.csv", "id,name,team\n1,Ana,47114711\n"))
        .hasMessageContaining("team (constraint people_team_fkey)")
        .hasMessageNotContaining("47114711");
  }

  @Test
  void undoesEverythingWhenTheLoadCannotBeRecorded() {
    fixture.load("first.csv", "id,name\n0,old\n");
    fixture.execute("ALTER TABLE history.loads ADD CHECK (request_id <> 'request-1') NOT VALID");

    fixture.failure(DATABASE_REFUSED, "people.csv", GOOD);
    assertThat(fixture.log()).contains("the failure could not be recorded");
  }

  @Test
  void givesUpWhenAReaderHoldsTheTable() throws Exception {
    try (Connection reader = fixture.connect();
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.execute("SELECT * FROM people");

      fixture.set("LOCK_TIMEOUT_SECONDS", "1");
      assertThat(fixture.failure(TABLE_BUSY, "people.csv", GOOD))
          .hasMessageContaining("other sessions used public.people for longer than 1 s");
    }
  }

  @Tag("aws_s3")
  @Test
  void tellsThatTheExtensionIsMissing() {
    fixture.execute("DROP EXTENSION aws_s3");

    assertThat(fixture.failure(IMPORT_UNAVAILABLE, "people.csv", GOOD))
        .hasMessageContaining("the database has no extension aws_s3")
        .hasMessageContaining("CREATE EXTENSION aws_s3 CASCADE");
  }

  @Tag("aws_s3")
  @Test
  void reportsAnExtensionThatTheUserMayNotUse() {
    fixture.execute("REVOKE USAGE ON SCHEMA aws_s3 FROM \"%s\"".formatted(fixture.role()));

    assertThat(fixture.failure(IMPORT_UNAVAILABLE, "people.csv", GOOD))
        .hasMessageContaining("GRANT USAGE ON SCHEMA aws_s3");
  }

  @Test
  void givesTheStatementForAHistoryThatItMayNotCreate() {
    fixture.execute("REVOKE CREATE ON SCHEMA history FROM \"%s\"".formatted(fixture.role()));

    assertThat(fixture.failure(TABLE_UNUSABLE, "people.csv", GOOD))
        .hasMessageContaining("CREATE TABLE history.loads (")
        .hasMessageContaining("HISTORY_TABLE=off");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"unclosed", "one.two.three.four", "two words"})
  void reportsAHistoryNameThatIsMalformed(String name) {
    assertThat(fixture.set("HISTORY_TABLE", name).failure(TABLE_UNUSABLE, "people.csv", GOOD))
        .hasMessageContaining("HISTORY_TABLE is not the name of a table");
  }

  @Test
  void reportsAHistoryThatTheUserMayNotUse() {
    fixture.load("people.csv", "id,name\n0,old\n");
    fixture.execute(
        "ALTER TABLE history.loads OWNER TO CURRENT_USER",
        "GRANT SELECT ON history.loads TO \"%s\"".formatted(fixture.role()));

    assertThat(fixture.failure(TABLE_UNUSABLE, "people.csv", GOOD))
        .hasMessageContaining("GRANT SELECT, INSERT ON history.loads");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DB_PASSWORD | wrong | password authentication failed",
        "DB_DATABASE | nowhere | refused the login",
        "DB_SSL_MODE | verify-full | does not offer the connection that DB_SSL_MODE requires"
      })
  void tellsWhyTheDatabaseRefusesTheLogin(String setting, String value, String words) {
    assertThat(fixture.set(setting, value).failure(DATABASE_REFUSED, "people.csv", GOOD))
        .hasMessageContaining(words)
        .hasMessageNotContaining(LoadFixture.PASSWORD);
  }

  @Test
  void tellsThatNothingListensThere() throws Exception {
    try (ServerSocket free = new ServerSocket(0)) {
      fixture.set("DB_PORT", Integer.toString(free.getLocalPort()));
    }

    LoadException failure = fixture.failureToBegin(fixture.upload("people.csv", GOOD));
    assertThat(failure.code()).isEqualTo(DATABASE_UNAVAILABLE);
    assertThat(fixture.people()).containsExactly("0|old|null");
    assertThat(failure).hasMessageContaining("cannot be reached: nothing listens there");
  }

  @Test
  void tellsThatThePasswordCannotBeRead() {
    // What answers there is no Systems Manager.
    fixture.set("DB_PASSWORD", "").set("DB_PASSWORD_PARAMETER", "/people/password");

    assertThat(fixture.failure(CONFIG_INVALID, "people.csv", GOOD))
        .hasMessageContaining(
            "the parameter /people/password (DB_PASSWORD_PARAMETER) cannot be read");
  }
}
