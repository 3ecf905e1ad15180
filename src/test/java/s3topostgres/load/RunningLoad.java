package s3topostgres.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.Upload;

/** A load in a thread of its own, so that a test can do something to it meanwhile. */
public final class RunningLoad {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  /** The connection of a load that imports. */
  public static final String IMPORTING =
      """
      FROM pg_stat_activity
      WHERE state = 'active' AND (query LIKE '%table_import_from_s3%' OR query LIKE 'COPY%')
        AND pid <> pg_backend_pid() AND datname = current_database()""";

  private final LoadFixture fixture;
  private final CompletableFuture<LoadResult> end;

  private RunningLoad(LoadFixture fixture, CompletableFuture<LoadResult> end) {
    this.fixture = fixture;
    this.end = end;
  }

  /** Begins to load with the settings as they are now. */
  public static RunningLoad start(LoadFixture fixture, Upload upload) {
    Loader loader = fixture.loader();
    Deadline functionEnd = fixture.functionEnd();
    CompletableFuture<LoadResult> end = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                end.complete(loader.load(upload, functionEnd, "request-1"));
              } catch (RuntimeException e) {
                end.completeExceptionally(e);
              }
            },
            "load");
    thread.setDaemon(true);
    thread.start();
    return new RunningLoad(fixture, end.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS));
  }

  /** Waits until its rows come. */
  public RunningLoad untilImporting() {
    return until("SELECT " + IMPORTING);
  }

  /** Waits until the database builds an index for it. */
  public RunningLoad untilIndexing() {
    return until(
        """
        SELECT FROM pg_stat_activity
        WHERE state = 'active' AND wait_event = 'PgSleep' AND query LIKE '%CREATE INDEX%'
          AND datname = current_database()""");
  }

  /** Waits until it waits for the advisory lock of another load or of the test. */
  public RunningLoad untilWaitingForALock() {
    return until("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
  }

  private RunningLoad until(String someRow) {
    await(
        () -> {
          assertThat(end).as(fixture.log()).isNotDone();
          return !fixture.rows(someRow).isEmpty();
        });
    return this;
  }

  /** Polls until it is so. */
  public static void await(BooleanSupplier condition) {
    long limit = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - limit).as("time over").isNegative();
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  public boolean running() {
    return !end.isDone();
  }

  /** How it ended, once it has. */
  public LoadResult result() {
    return end.join();
  }

  /** What it failed with, once it has. */
  public LoadException failure() {
    CompletionException thrown = catchThrowableOfType(CompletionException.class, end::join);
    assertThat(thrown).as("the load should have failed").isNotNull();
    assertThat(thrown).cause().isInstanceOf(LoadException.class);
    return (LoadException) thrown.getCause();
  }

  /** The same, and checks its code and that people holds the old row still. */
  public LoadException failure(ErrorCode code) {
    LoadException failure = failure();
    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(code);
    assertThat(fixture.people()).containsExactly("0|old|null");
    return failure;
  }
}
