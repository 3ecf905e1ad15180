package s3topostgres.load;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.ErrorCode.TABLE_BUSY;
import static s3topostgres.load.LoadResult.Status.LOADED;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import s3topostgres.ErrorCode;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.Upload;

/**
 * A load that comes to the end of the function's time, at each step that can take long: it ends
 * with everything undone and the failure recorded, well before the function does.
 */
class DeadlineTest {
  /** Of which the load keeps back ten seconds. */
  private static final Duration FUNCTION_TIME = Duration.ofSeconds(13);

  private static final String CONTENT = "id,name\n1,new\n";

  private final LoadFixture fixture = new LoadFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void whileItWaitsForAnotherLoad() throws Exception {
    Upload upload = fixture.upload("people.csv", CONTENT);
    Upload later = fixture.upload("later.csv", CONTENT);
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      RunningLoad other = RunningLoad.start(fixture, upload).untilWaitingForALock();
      runsOutOfTime(later, TABLE_BUSY);
      gate.open();

      assertThat(other.result().status()).isEqualTo(LOADED);
    }
  }

  @Test
  void whenItBeganLateBecauseOfAnotherLoadItIsToBeTriedAgain() throws Exception {
    Upload upload = fixture.upload("people.csv", "id,name\n0,old\n");
    Upload later = fixture.upload("later.csv", CONTENT + "2,".repeat(100));
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      RunningLoad other = RunningLoad.start(fixture, upload).untilWaitingForALock();
      fixture.set("BEFORE_LOAD_SQL", "").slowImports(1);
      RunningLoad late = RunningLoad.start(fixture, later, Duration.ofSeconds(20));
      LockSupport.parkNanos(Duration.ofSeconds(4).toNanos());
      gate.open();

      assertThat(other.result().status()).isEqualTo(LOADED);
      assertThat(late.failure(TABLE_BUSY))
          .hasMessageContaining("of which it had waited")
          .hasMessageContaining("for other loads");
    }
  }

  @Test
  void whileItWaitsForAReader() throws Exception {
    fixture.set("LOCK_TIMEOUT_SECONDS", "60");
    try (Connection reader = fixture.connect();
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.execute("SELECT FROM people");

      runsOutOfTime(fixture.upload("people.csv", CONTENT));
    }
  }

  @Test
  void whileTheDatabaseFetchesTheObject() {
    fixture.slowImports(1);

    runsOutOfTime(fixture.upload("people.csv", CONTENT + "2,".repeat(100)));
  }

  @Test
  void inTheProjectsSql() {
    fixture.set("AFTER_LOAD_SQL", "SELECT pg_sleep(60)");

    runsOutOfTime(fixture.upload("people.csv", CONTENT));
  }

  @Test
  void inAConstraintThatIsDeferredUntilTheCommit() {
    fixture.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'",
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON people DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()");

    runsOutOfTime(fixture.upload("people.csv", CONTENT));
  }

  @Test
  void whenNothingOfItIsLeftAtTheStart() {
    Upload upload = fixture.upload("people.csv", CONTENT);

    fixture.failure(OUT_OF_TIME, upload, Duration.ofSeconds(9));
    fixture.failure(OUT_OF_TIME, upload, Duration.ofMillis(1));
  }

  @Test
  void doesNotOverflowWhenItIsFarAway() {
    Upload upload = fixture.upload("people.csv", CONTENT);

    assertThat(fixture.load(upload, Duration.ofDays(10_000)).status()).isEqualTo(LOADED);
  }

  private void runsOutOfTime(Upload upload) {
    runsOutOfTime(upload, OUT_OF_TIME);
  }

  private void runsOutOfTime(Upload upload, ErrorCode code) {
    Deadline functionEnd = Deadline.in(FUNCTION_TIME);
    fixture.failure(code, upload, FUNCTION_TIME);

    // It should take three seconds; the rest is for a busy machine.
    assertThat(functionEnd.left()).isGreaterThan(Duration.ofSeconds(4));
    assertThat(fixture.rows("SELECT object_key, error_code FROM history.loads"))
        .isEqualTo(List.of(upload.object().key() + "|" + code));
    assertThat(fixture.rows("SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock'")).isEmpty();
  }
}
