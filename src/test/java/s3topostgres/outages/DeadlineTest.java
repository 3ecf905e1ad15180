package s3topostgres.outages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.ErrorCode.TABLE_BUSY;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.load.LoadFixture.LOAD_TIME;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.load.Gate;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.TestTicker;
import s3topostgres.s3.Upload;

/**
 * A load that comes to the end of the function's time, at each step that can take long: it ends
 * with everything undone and the failure recorded, well before the function does.
 */
@Tag("slow")
public class DeadlineTest {
  private static final String CONTENT = "id,name\n1,new\n";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @Test
  void whileItWaitsForAnotherLoad() throws Exception {
    Upload upload = fixture.upload("people.csv", CONTENT);
    Upload later = fixture.upload("later.csv", CONTENT);
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      RunningLoad other = RunningLoad.start(fixture, upload).untilWaitingForALock();

      assertThat(fixture.failureToBegin(later).code()).isEqualTo(TABLE_BUSY);
      isRecorded(later, TABLE_BUSY);
      gate.open();

      assertThat(other.result().status()).isEqualTo(LOADED);
    }
  }

  @Test
  void whenItBeganLateBecauseOfAnotherLoadItIsToBeTriedAgain() throws Exception {
    Upload upload = fixture.upload("people.csv", "id,name\n0,old\n");
    Upload later = fixture.upload("later.csv", CONTENT + "2," + "x".repeat(200));
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      RunningLoad other = RunningLoad.start(fixture, upload).untilWaitingForALock();
      fixture.set("BEFORE_LOAD_SQL", "SELECT 'begun'").slowImports(1);
      TestTicker time = fixture.stopTime();
      Duration half = LOAD_TIME.dividedBy(2);
      fixture
          .networkToDatabase()
          .before("SELECT 'begun'", () -> time.pass(half.minus(LoadFixture.A_MOMENT)));
      RunningLoad late = RunningLoad.start(fixture, later);
      time.awaitSleeper();
      gate.open();
      assertThat(other.result().status()).isEqualTo(LOADED);
      time.pass(half);

      assertThat(late.failure(TABLE_BUSY))
          .hasMessageContaining("of which it had waited")
          .hasMessageContaining("for other loads");
    }
  }

  @Test
  void whileItWaitsForAReader() throws Exception {
    Upload upload = fixture.upload("people.csv", CONTENT);
    try (Connection reader = fixture.connect();
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.execute("SELECT FROM people");

      TestTicker time = fixture.stopTime();
      RunningLoad load = RunningLoad.start(fixture, upload);
      time.awaitSleeper();
      time.pass(LOAD_TIME);

      assertThat(load.failure().code()).isEqualTo(OUT_OF_TIME);
    }
    isRecorded(upload, OUT_OF_TIME);
  }

  @Test
  void whileTheDatabaseFetchesTheObject() {
    fixture.slowImports(1);
    fixture.leaveAMomentForTheWork();

    runsOutOfTime(fixture.upload("people.csv", CONTENT + "2," + "x".repeat(200)));
  }

  @Test
  void inTheProjectsSql() {
    fixture.set("AFTER_LOAD_SQL", "SELECT pg_sleep(600)");
    fixture.leaveAMomentAfter(LoadFixture.importStatement());

    runsOutOfTime(fixture.upload("people.csv", CONTENT));
  }

  @Test
  void inAConstraintThatIsDeferredUntilTheCommit() {
    fixture.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN NULL; END'",
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON people DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()");
    fixture.leaveAMomentAfter(LoadFixture.importStatement());

    runsOutOfTime(fixture.upload("people.csv", CONTENT));
  }

  @Test
  void whenNothingOfItIsLeftAtTheStart() {
    Upload upload = fixture.upload("people.csv", CONTENT);

    for (Duration functionTime : List.of(LoadFixture.MARGIN, Duration.ofMillis(1))) {
      Deadline functionEnd = Deadline.in(functionTime, fixture.stopTime());
      LoadException failure =
          catchThrowableOfType(
              LoadException.class, () -> fixture.loader().load(upload, functionEnd, "request-1"));
      assertThat(failure.code()).isEqualTo(OUT_OF_TIME);
    }
    assertThat(fixture.people()).containsExactly("0|old|null");
    isRecorded(upload, OUT_OF_TIME);
    assertThat(fixture.log()).contains("the failure could not be recorded in the history");
  }

  @Test
  void doesNotOverflowWhenItIsFarAway() {
    Upload upload = fixture.upload("people.csv", CONTENT);

    Deadline farAway = Deadline.in(Duration.ofDays(10_000));
    assertThat(fixture.loader().load(upload, farAway, "request-1").status()).isEqualTo(LOADED);
  }

  private void runsOutOfTime(Upload upload) {
    fixture.failure(OUT_OF_TIME, upload);
    isRecorded(upload, OUT_OF_TIME);
    assertThat(
            fixture.rows(
                """
                SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock'
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""))
        .isEmpty();
  }

  private void isRecorded(Upload upload, ErrorCode code) {
    assertThat(fixture.rows("SELECT object_key, error_code FROM history.loads"))
        .isEqualTo(List.of(upload.object().key() + "|" + code));
  }
}
