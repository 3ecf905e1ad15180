package s3topostgres.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.IMPORT_UNAVAILABLE;
import static s3topostgres.ErrorCode.OBJECT_UNREADABLE;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TABLE_UNUSABLE;
import static s3topostgres.ErrorCode.TOO_FEW_ROWS;
import static s3topostgres.history.Verdict.LOADED;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.load.Gate;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/** What users of the real {@code aws_s3} saw it say and do, and what a load makes of that. */
class ImportFaultTest {
  private static final String GOOD = "id,name\n1,Ana\n2,Bo\n";
  private static final String NO_ROWS = "Import from S3 failed, 0 rows were copied successfully";

  private static final String ONCE_MORE = "importing once more";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @ParameterizedTest
  @ValueSource(strings = {"XX000", "P0001", "22023", "58030"})
  void refusesAFileOfAHeaderWhateverTheStateOfNoRows(String sqlState) {
    fixture.standIn("import_sqlstate", sqlState).failImports(0);

    assertThat(fixture.failure(TOO_FEW_ROWS, "people.csv", "id,name\n"))
        .hasMessageContaining("the file has 0 rows");
    assertThat(fixture.imports()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"match | id,name", "match | id,name\\n", "skip | a,b,c\\r\\n"})
  void emptiesTheTableByAFileOfAHeaderWhereThatIsAllowed(String header, String content) {
    fixture.set("MIN_ROWS", "0").set("CSV_HEADER", header);

    LoadResult result =
        fixture.load("people.csv", content.replace("\\n", "\n").replace("\\r", "\r"));

    assertThat(result.status()).isEqualTo(LOADED);
    assertThat(result.rows()).isZero();
    assertThat(fixture.people()).isEmpty();
    assertThat(fixture.rows("SELECT rows_loaded FROM history.loads")).containsExactly("0");
  }

  @Test
  void emptiesTheTableByAPackedFileOfAHeader() throws IOException {
    fixture.set("MIN_ROWS", "0");

    assertThat(fixture.load(packed("people.csv", "id,name\n")).rows()).isZero();
    assertThat(fixture.people()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"import_fault | " + NO_ROWS, "import_garble | 22P02", "import_garble | 22P04"})
  void importsAGoodFileOnceMoreWhenItIsSaidToBeBad(String fault, String value) {
    fixture.standIn(fault, value).failImports(1);

    assertThat(fixture.load("people.csv", GOOD).rows()).isEqualTo(2);
    assertThat(fixture.people()).containsExactly("1|Ana|null", "2|Bo|null");
    assertThat(fixture.log()).containsOnlyOnce(ONCE_MORE).doesNotContain("Ana");
    assertThat(fixture.imports()).isEqualTo(2);
  }

  @Test
  void countsTheLinesOfAnImportThatIsTriedAgainFromTheBeginning() {
    fixture.mode(Mode.UPSERT).set("CSV_HEADER", "none").set("CSV_COLUMNS", "id, name");
    fixture.standIn("import_garble", "22P04").failImports(1);
    String twice = "1,Ana\n2,Bo\n3,Cy\n1,Di\n";

    assertThat(fixture.failure(ROW_REJECTED, "people.csv", twice))
        .hasMessageContaining(", line 4: a second row with the key (id) of line 1");
    fixture.failImports(1);
    assertThat(fixture.dryRun("people.csv").message())
        .contains(", line 4: a second row with the key (id) of line 1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "import_fault | "
            + NO_ROWS
            + " | IMPORT_UNAVAILABLE | copied no row of a file that has some",
        "import_garble | 22P02 | ROW_REJECTED | line 3, column id: not a whole number",
        "import_garble | 22P04 | ROW_REJECTED | line 3: the line has more fields",
      })
  void believesWhatIsSaidTwice(String fault, String value, ErrorCode code, String words) {
    fixture.standIn(fault, value).failImports(5);

    assertThat(fixture.failure(code, "people.csv", GOOD)).hasMessageContaining(words);
    assertThat(fixture.imports()).isEqualTo(2);
  }

  @Test
  void namesTheLinesOfAFileThatIsImportedOnceMore() {
    // Otherwise the search does not import with aws_s3.
    fixture.set("CSV_SCAN", "off").standIn("import_garble", "22P04").failImports(1);
    fixture.upload("people.csv", GOOD + "x,Cid\n");

    assertThat(fixture.dryRun("people.csv").message())
        .contains("line 4, column id: not a whole number");
    assertThat(fixture.log()).contains(ONCE_MORE);
  }

  @Test
  void importsNothingOnceMoreThatIsSurelyBad() {
    fixture.failImports(0);

    fixture.failure(ROW_REJECTED, "people.csv", "id,name\n1,Ana\n1,Bo\n");
    assertThat(fixture.imports()).isEqualTo(1);
  }

  @Tag("slow")
  @Test
  void importsNothingOnceMoreWithoutTheTimeForIt() {
    fixture.standIn("import_garble", "22P02").failImports(5);
    Duration moreThanHalf = LoadFixture.LOAD_TIME.multipliedBy(2).dividedBy(3);
    fixture.letPassAt(moreThanHalf, LoadFixture.importStatement());

    fixture.failure(ROW_REJECTED, "people.csv", GOOD);
    assertThat(fixture.imports()).isEqualTo(1);
    assertThat(fixture.log()).doesNotContain(ONCE_MORE);
  }

  @Tag("slow")
  @Test
  void endsInTimeWhenACancellationIsIgnored() {
    fixture.standIn("import_hang", "9").failImports(1);
    Upload upload = fixture.upload("people.csv", GOOD);
    fixture.leaveAMomentForTheWork();

    assertThat(RunningLoad.start(fixture, upload).failure().code()).isEqualTo(OUT_OF_TIME);
    assertThat(fixture.people()).as("when the lock is gone").containsExactly("0|old|null");
    fixture.resumeTime();
    assertThat(fixture.rows("SELECT error_code FROM history.loads")).containsExactly("OUT_OF_TIME");
    assertThat(fixture.load(upload).status()).as("the next try").isEqualTo(LOADED);
  }

  @Test
  void refusesAnObjectThatChangesInTheImport() {
    fixture
        .standIn(
            "import_fault", "HTTP 412. The file has been modified since the import call started.")
        .failImports(1);
    Upload upload = fixture.upload("people.csv", GOOD);

    assertThat(fixture.failure(OBJECT_UNREADABLE, upload))
        .hasMessageContaining("the object changed while it was read");
    assertThat(fixture.load(upload).status()).as("the next try").isEqualTo(LOADED);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void refusesAnObjectThatChangesBeforeTheImport(boolean gzip) throws Exception {
    fixture.execute("ALTER TABLE people ADD nick text");
    Upload upload = upload(gzip, "id,name,nick\n1,Ana,Nan\n");
    RunningLoad load;
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      load = RunningLoad.start(fixture, upload).untilWaitingForALock();
      upload(gzip, "id,nick,name\n1,Nan,Ana\n");
      gate.open();
      assertThat(load.failure(OBJECT_UNREADABLE))
          .hasMessageContaining("the object changed while it was read");
    }
    fixture.set("BEFORE_LOAD_SQL", "");

    assertThat(fixture.load(upload).status()).as("the next try").isEqualTo(LOADED);
    assertThat(fixture.rows("SELECT name, nick FROM people")).containsExactly("Ana|Nan");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Unable to validate pre-signed URL. Error: HTTP 416. Check your arguments and try again. | OBJECT_UNREADABLE | the object is empty",
        "HTTP 403. Permission denied. Check bucket or provided credentials as they may no longer be valid. | OBJECT_UNREADABLE | denies the database access",
        "HTTP 404. Check your arguments and try again. | OBJECT_UNREADABLE | the database does not find it",
        "Unable to validate pre-signed URL. Error: HTTP 301. Check your arguments and try again. | OBJECT_UNREADABLE | wrong region",
        "Unable to validate pre-signed URL. Error: HTTP 503. Check your arguments and try again. | S3_UNAVAILABLE | S3 answered the database HTTP 503",
        "CURL error code: 28 | S3_UNAVAILABLE | S3 does not answer the database",
        "CURL error code: 51 | IMPORT_UNAVAILABLE | the bucket's name has dots",
        "Unknown error occurred | IMPORT_UNAVAILABLE | aws_s3 failed inside the database",
      })
  void tellsWhatKeepsTheDatabaseFromTheObject(String fault, ErrorCode code, String words) {
    fixture.standIn("import_fault", fault);

    LoadException failure = fixture.failure(code, "people.csv", GOOD);
    assertThat(failure).hasMessageContaining(words);
    assertThat(failure.sqlState()).contains("XX000");
    assertThat(failure.line()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "HTTP 403, OBJECT_UNREADABLE, denies the database access",
    "CURL error code: 28, S3_UNAVAILABLE, S3 does not answer the database",
    "no s3Import, IMPORT_UNAVAILABLE, no role"
  })
  void goesByTheWordsWhateverTheState(String fault, ErrorCode code, String words) {
    for (String sqlState : new String[] {"58030", "P0001", "22023", "38000", "42501", "57014"}) {
      fixture.standIn("import_sqlstate", sqlState).standIn("import_fault", fault);

      LoadException failure = fixture.failure(code, "p.csv", GOOD);
      assertThat(failure).as(sqlState).hasMessageContaining(words);
      assertThat(failure.sqlState()).contains(sqlState);
    }
  }

  /** None of these is more than somebody's memory. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "credentials stored with the database cluster can't be accessed | - | Has the IAM role Amazon Resource Name (ARN) been associated with the feature-name \"s3Import\"?",
        "credentials stored with the database instance can't be accessed | - | -",
        "Unable to generate pre-signed url | - | Has a role been associated with the feature-name \"s3Import\"?",
        "Unable to generate pre-signed url | There is no role for s3Import. | -",
        "AWS credentials not found | - | Make sure that the instance has a role with the feature s3Import.",
      })
  void tellsThatTheDatabaseHasNoRoleForS3(String message, String detail, String hint) {
    fixture.standIn("import_fault", message);
    if (detail != null) {
      fixture.standIn("import_fault_detail", detail);
    }
    if (hint != null) {
      fixture.standIn("import_fault_hint", hint);
    }

    assertThat(fixture.failure(IMPORT_UNAVAILABLE, "people.csv", GOOD))
        .hasMessageContaining("the database has no role for reading from S3");
  }

  @Test
  void doesNotTakeARefusedRowForAnErrorOfTheExtension() {
    fixture.execute(
        "CREATE TABLE credentials (id text PRIMARY KEY)",
        "ALTER TABLE people ADD credentials text REFERENCES credentials",
        "CREATE TABLE s3Import (id text PRIMARY KEY)");

    assertThat(
            fixture.failure(
                ROW_REJECTED, "people.csv", "id,name,credentials\n1,Ana,HTTP 404 s3Import\n"))
        .hasMessageContaining("people_credentials_fkey");
    assertThat(fixture.failure(ROW_REJECTED, "people.csv", "id,name\nCURL error code: 28,Ana\n"))
        .hasMessageContaining("line 2, column id: not a whole number");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "INSERT INTO audit VALUES (1) | TABLE_UNUSABLE | lacks a privilege",
        "PERFORM nowhere() | DATABASE_REFUSED | 42883",
        "RAISE 'HTTP 404, no credentials' | ROW_REJECTED | refused by the function audit",
      })
  void doesNotTakeAnErrorOfATriggerForOneOfTheExtension(
      String statement, ErrorCode code, String words) {
    fixture.execute(
        "CREATE TABLE audit (id integer)",
        "CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s; END $$"
            .formatted(statement),
        "CREATE TRIGGER audit AFTER INSERT ON people EXECUTE FUNCTION audit()");

    assertThat(fixture.failure(code, "people.csv", GOOD)).hasMessageContaining(words);
  }

  @Test
  void tellsThatAColumnMayNotBeFilled() {
    fixture.execute(
        "REVOKE INSERT ON people FROM \"%s\"".formatted(fixture.role()),
        "GRANT INSERT (id) ON people TO \"%s\"".formatted(fixture.role()));

    assertThat(fixture.failure(TABLE_UNUSABLE, "people.csv", GOOD))
        .hasMessageContaining("the database user lacks a privilege");
  }

  /** A million of them would take more memory than the function has. */
  @Test
  void keepsNoNoticesOfATrigger() {
    fixture.execute(
        "CREATE FUNCTION chatty() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN RAISE WARNING ''x''; NEW.name = current_setting(''client_min_messages''); RETURN NEW; END'",
        "CREATE TRIGGER chatty BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION chatty()");

    fixture.load("people.csv", GOOD);

    assertThat(fixture.people()).containsExactly("1|error|null", "2|error|null");
  }

  @Test
  void takesTheLineOfTheFirstFrameWhateverTheValueHolds() {
    LoadException failure =
        fixture.failure(
            ROW_REJECTED,
            "people.csv",
            "id,name\n1,Ana\n\"x\nCOPY people, line 99, column name: \"\"y\"\"\",Bo\n");

    assertThat(failure.line()).hasValue(4);
    assertThat(failure.column()).hasValue("id");
    assertThat(failure).hasMessageNotContaining("99");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "done",
        "Rows imported: 7",
        "-1894967296 rows imported into relation \"people\" from file people.csv of 5 bytes",
        "99999999999999999999 rows",
      })
  void countsTheRowsItselfWhenTheAnswerIsNotUnderstood(String answer) {
    fixture.standIn("import_answer", answer);

    assertThat(fixture.load("people.csv", GOOD).rows()).isEqualTo(2);
    assertThat(fixture.rows("SELECT rows_loaded FROM history.loads")).containsExactly("2");
    assertThat(fixture.log()).contains("the rows are counted");
  }

  @Test
  void refusesAnImportOfFewerRowsThanTheFileHas() {
    fixture.standIn("import_answer", "1 rows imported into relation");

    assertThat(fixture.failure(IMPORT_UNAVAILABLE, "people.csv", GOOD))
        .hasMessageContaining("aws_s3 imported 1 rows, and the file has 2")
        .hasMessageContaining("set IMPORT_WITH=copy");
  }

  @Test
  void leavesItToATriggerToLeaveRowsOut() {
    fixture.execute(
        "CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER leave_out BEFORE INSERT ON people FOR EACH ROW WHEN (new.id = 1) EXECUTE FUNCTION leave_out()");

    assertThat(fixture.load("people.csv", GOOD).rows()).isEqualTo(1);
  }

  @Test
  void countsTheRowsOfEachFileWhenTheAnswerIsNotUnderstood() {
    fixture.set("S3_SET_MARKER", "_SUCCESS").standIn("import_answer", "done");
    fixture.upload("out/1.csv", GOOD);
    fixture.upload("out/2.csv", "id,name\n7,Flo\n");

    assertThat(fixture.load("out/_SUCCESS", "").rows()).isEqualTo(3);
  }

  @Test
  void countsNoRowsThatWereThereBefore() {
    fixture.mode(Mode.APPEND).standIn("import_answer", "done");

    assertThat(fixture.load("people.csv", GOOD).rows()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"4294967296 rows imported into relation", "4294967296"})
  void readsNothingButTheNumber(String answer) {
    fixture.standIn("import_answer", answer);

    assertThat(fixture.load("people.csv", GOOD).rows()).isEqualTo(4294967296L);
  }

  @Test
  void reportsTheSizeThatS3Keeps() throws IOException {
    Upload upload = packed("people.csv", GOOD);

    long size =
        fixture
            .s3
            .client()
            .headObject(r -> r.bucket(fixture.bucket).key("people.csv"))
            .contentLength();
    assertThat(fixture.load(upload).bytes()).isEqualTo(size);
    assertThat(fixture.rows("SELECT size_bytes FROM history.loads")).containsExactly("" + size);
  }

  private Upload upload(boolean gzip, String content) throws IOException {
    return gzip ? packed("people.csv", content) : fixture.upload("people.csv", content);
  }

  private Upload packed(String key, String content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content.getBytes(StandardCharsets.UTF_8));
    }
    return fixture.announce(key, fixture.s3.put(fixture.bucket, key, bytes.toByteArray(), "gzip"));
  }
}
