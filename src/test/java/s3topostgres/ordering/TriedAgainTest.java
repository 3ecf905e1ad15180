package s3topostgres.ordering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static s3topostgres.ErrorCode.IMPORT_UNAVAILABLE;
import static s3topostgres.ErrorCode.OBJECT_UNREADABLE;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.S3_UNAVAILABLE;
import static s3topostgres.ErrorCode.TABLE_UNUSABLE;
import static s3topostgres.history.Verdict.LOADED;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.SandboxAws;

/** Uploads whose load failed, and which are loaded without another event once the cause is gone. */
class TriedAgainTest {
  private static final String FIRST = "id,name\n1,first\n";
  private static final String SECOND = "id,name\n2,second\n";
  private static final String THIRD = "id,name\n3,third\n";

  private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void loadsAFirstFile() {
    fixture.set("S3_BUCKET_NAME", fixture.bucket);
    fixture.load("first.csv", FIRST);
    fixture.nextSecond();
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "REVOKE INSERT ON people FROM %s | GRANT INSERT ON people TO %s | TABLE_UNUSABLE",
        "ALTER TABLE people RENAME TO persons | ALTER TABLE persons RENAME TO people | TABLE_UNUSABLE",
        "REVOKE USAGE ON SCHEMA aws_s3 FROM %s | GRANT USAGE ON SCHEMA aws_s3 TO %s | IMPORT_UNAVAILABLE",
        "ALTER ROLE %s NOLOGIN | ALTER ROLE %s LOGIN | DATABASE_REFUSED",
      })
  void loadsWhatFailedOnceItsCauseIsMended(String breaks, String mends, ErrorCode code) {
    String role = "\"" + fixture.role() + "\"";
    Upload upload = fixture.upload("people.csv", SECOND);
    fixture.execute(breaks.formatted(role));
    for (int tries = 0; tries < 3; tries++) {
      assertThat(failure(upload).code()).isEqualTo(code);
    }
    assertThat(failureToCatchUp().code()).isEqualTo(code);

    fixture.execute(mends.formatted(role));
    assertThat(fixture.people()).containsExactly("1|first|null");
    loadsAtTheNextRun("people.csv");
    assertThat(fixture.people()).containsExactly("2|second|null");
  }

  @ParameterizedTest
  @CsvSource({"APPEND, people", "APPEND, {table}", "REPLACE, people"})
  void loadsTheFirstFileOfATableOnceTheCauseIsMended(Mode mode, String table) {
    fixture.mode(mode).execute("DELETE FROM people", "DELETE FROM history.loads");
    fixture.set("DB_TABLE_NAME", table);
    if (!table.equals("people")) {
      fixture.set("S3_KEY_PATTERN", "{table}.csv");
    }
    Upload upload = fixture.upload("people.csv", SECOND);
    fixture.execute("ALTER TABLE people RENAME TO persons");
    assertThat(failure(upload).code()).isEqualTo(TABLE_UNUSABLE);
    if (table.equals("people")) {
      assertThat(failureToCatchUp().code()).isEqualTo(TABLE_UNUSABLE);
    }

    fixture.execute("ALTER TABLE persons RENAME TO people");
    if (mode == Mode.APPEND && table.equals("people")) {
      fixture.nextSecond();
      fixture.load("later.csv", THIRD);
    }
    loadsAtTheNextRun("people.csv");
    assertThat(fixture.people()).contains("2|second|null");
  }

  @Test
  void loadsWhatFailedWhileS3DidNotAnswerTheFunction() {
    Upload upload = fixture.upload("people.csv", SECOND);
    S3Objects nobody = SandboxAws.objects(URI.create("http://localhost:1"));

    LoadException failure =
        catchThrowableOfType(
            LoadException.class,
            () -> fixture.loader(nobody).load(upload, fixture.functionEnd(), "request-2"));
    assertThat(failure).hasMessageStartingWith("S3_UNAVAILABLE").hasMessageContaining("people.csv");
    assertThat(failures()).containsExactly("people.csv|S3_UNAVAILABLE|soon");
    assertThat(
            catchThrowableOfType(
                    LoadException.class,
                    () -> fixture.catchUp(nobody, Instant.now().plus(Duration.ofHours(1))))
                .code())
        .isEqualTo(S3_UNAVAILABLE);

    assertThat(fixture.people()).containsExactly("1|first|null");
    loadsAtTheNextRun("people.csv");
  }

  @Test
  void loadsWhatFailedWhileS3AnsweredTheDatabaseWithAnError() {
    Upload upload = fixture.upload("people.csv", SECOND);
    fixture.standIn("import_fault", "HTTP 503. Slow down.").failImports(2);

    assertThat(failure(upload).code()).isEqualTo(S3_UNAVAILABLE);
    assertThat(failureToCatchUp().code()).isEqualTo(S3_UNAVAILABLE);
    assertThat(failures()).as("no new row").containsExactly("people.csv|S3_UNAVAILABLE|soon");
    loadsAtTheNextRun("people.csv");
  }

  @Test
  void recordsWhatKeepsFailingOnceUntilItFailsForAnotherReason() {
    Upload upload = fixture.upload("people.csv", SECOND);
    fixture.standIn("import_fault", "HTTP 403").failImports(3);
    failure(upload);
    for (int runs = 0; runs < 2; runs++) {
      assertThat(failureToCatchUp().code()).isEqualTo(OBJECT_UNREADABLE);
    }

    assertThat(fixture.imports()).as("one try a run").isEqualTo(3);
    assertThat(failures()).containsExactly("people.csv|OBJECT_UNREADABLE|when-mended");
    fixture.standIn("import_fault", "no s3Import").failImports(1);
    assertThat(failureToCatchUp().code()).isEqualTo(IMPORT_UNAVAILABLE);
    assertThat(failures())
        .containsExactly(
            "people.csv|OBJECT_UNREADABLE|when-mended",
            "people.csv|IMPORT_UNAVAILABLE|when-mended");
    loadsAtTheNextRun("people.csv");
  }

  @Test
  void waitsADayForTheRowThatAForeignKeyRefersTo() {
    fixture.execute(
        "CREATE TABLE teams (id integer PRIMARY KEY)",
        "ALTER TABLE people ADD team integer REFERENCES teams");
    fixture.upload("people.csv", "id,name,team\n2,second,7\n");
    assertThat(failureToCatchUp().code()).isEqualTo(ROW_REJECTED);
    assertThat(failureToCatchUp().code()).isEqualTo(ROW_REJECTED);
    assertThat(failures()).containsExactly("people.csv|ROW_REJECTED|for-a-day");

    fixture.execute("UPDATE history.loads SET finished_at = finished_at - interval '25 hours'");
    assertThat(fixture.catchUp()).as("a day later").isEmpty();
    fixture.execute("UPDATE history.loads SET finished_at = finished_at + interval '2 hours'");
    fixture.execute("INSERT INTO teams VALUES (7)");
    loadsAtTheNextRun("people.csv");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "id,name\\nx,bad\\n | never",
        "id,name\\n2,two\\n2,too\\n | never",
        "id,name\\n2\\n | never",
        "id,nmae\\n2,bad\\n | never",
        "id,name\\n | never",
        " | never",
        "id,name\\n5,refused by a trigger\\n | for-a-day",
        "id,name\\n6,refused by a script\\n | for-a-day",
      })
  void tellsAFaultOfTheFileFromWhatMayPass(String content, String retry) {
    fixture.execute(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF new.id = 5 THEN RAISE 'not today'; END IF; RETURN new; END $$""",
        "CREATE TRIGGER refuse BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION refuse()");
    fixture.set(
        "AFTER_LOAD_SQL",
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM people WHERE id = 6); END $$");
    String lines = content == null ? "" : content.replace("\\n", "\n");

    failure(fixture.upload("people.csv", lines));
    assertThat(fixture.rows("SELECT retry FROM history.loads WHERE status = 'FAILED'"))
        .containsExactly(retry);
    if (retry.equals("never")) {
      assertThat(fixture.catchUp()).isEmpty();
    } else {
      assertThat(failureToCatchUp().code()).isEqualTo(ROW_REJECTED);
    }
  }

  @Test
  void triesWhatRanOutOfTimeOnceAfterTheTimeHasGrown() {
    Upload upload = fixture.upload("people.csv", SECOND);
    fixture.leaveAMomentForTheWork();
    fixture.set("AFTER_LOAD_SQL", "SELECT pg_sleep(600)");
    assertThat(failure(upload).code()).isEqualTo(OUT_OF_TIME);
    fixture.resumeTime();

    assertThat(fixture.catchUp()).isEmpty();
    fixture.set("FUNCTION_TIMEOUT_SECONDS", "1200").leaveAMomentForTheWork();
    assertThat(failureToCatchUp().code()).isEqualTo(OUT_OF_TIME);
    fixture.resumeTime();
    assertThat(fixture.catchUp()).as("not again").isEmpty();
    assertThat(failures())
        .containsExactly(
            "people.csv|OUT_OF_TIME|with-more-time-than-900-s",
            "people.csv|OUT_OF_TIME|with-more-time-than-1200-s");

    fixture.set("FUNCTION_TIMEOUT_SECONDS", "1800").set("AFTER_LOAD_SQL", "");
    loadsAtTheNextRun("people.csv");
  }

  @Test
  void loadsNothingOldAfterAnUpgrade() {
    Upload upload = fixture.upload("people.csv", SECOND);
    fixture.execute("REVOKE INSERT ON people FROM \"%s\"".formatted(fixture.role()));
    assertThat(failure(upload).code()).isEqualTo(TABLE_UNUSABLE);
    fixture.execute("GRANT INSERT ON people TO \"%s\"".formatted(fixture.role()));
    fixture.execute("ALTER TABLE history.loads DROP COLUMN retry, DROP COLUMN parts");

    assertThat(fixture.catchUp()).isEmpty();
    assertThat(fixture.people()).containsExactly("1|first|null");
    fixture.execute("UPDATE history.loads SET error_code = 'TABLE_BUSY' WHERE status = 'FAILED'");
    loadsAtTheNextRun("people.csv");
  }

  @Test
  void loadsTheOthersBesideAnUnreadableFile() {
    fixture.mode(Mode.APPEND);
    fixture.upload("unreadable.csv", SECOND);
    fixture.nextSecond();
    fixture.upload("good.csv", THIRD);
    fixture.standIn("import_fault", "HTTP 403").failImports(1);

    assertThat(failureToCatchUp().code()).isEqualTo(OBJECT_UNREADABLE);
    assertThat(fixture.people()).containsExactly("1|first|null", "3|third|null");
    loadsAtTheNextRun("unreadable.csv");
  }

  @Test
  void keepsTheOrderOfUpsertsBehindAnUnreadableFile() {
    fixture.mode(Mode.UPSERT);
    fixture.upload("unreadable.csv", SECOND);
    fixture.nextSecond();
    Upload later = fixture.upload("later.csv", "id,name\n2,later\n");
    fixture.standIn("import_fault", "HTTP 403").failImports(2);

    assertThat(failure(later))
        .hasMessageStartingWith("OBJECT_UNREADABLE: " + later.object())
        .hasMessageContaining(
            "/unreadable.csv, which comes before it, cannot be loaded: S3 denies");
    assertThat(failureToCatchUp().code()).isEqualTo(OBJECT_UNREADABLE);
    assertThat(fixture.people()).containsExactly("1|first|null");
    assertThat(fixture.catchUp()).extracting(LoadResult::status).containsExactly(LOADED, LOADED);
    assertThat(fixture.people()).containsExactly("1|first|null", "2|later|null");
  }

  private LoadException failure(Upload upload) {
    LoadException failure = catchThrowableOfType(LoadException.class, () -> fixture.load(upload));
    assertThat(failure).as("the load should have failed").isNotNull();
    return failure;
  }

  /** Raises the alarm of catching up. */
  private LoadException failureToCatchUp() {
    LoadException failure = catchThrowableOfType(LoadException.class, fixture::catchUp);
    assertThat(failure).as("catching up should have failed").isNotNull();
    return failure;
  }

  private void loadsAtTheNextRun(String key) {
    List<LoadResult> loads = fixture.catchUp();
    assertThat(loads).extracting(LoadResult::status).containsExactly(LOADED);
    assertThat(loads.get(0).object()).endsWith("/" + key);
    assertThat(fixture.catchUp()).isEmpty();
  }

  private List<String> failures() {
    return fixture.rows(
        "SELECT object_key, error_code, retry FROM history.loads WHERE status = 'FAILED' ORDER BY id");
  }
}
