package s3topostgres.load;

import java.time.Duration;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.order.LoadProgress;
import s3topostgres.order.LoadTask;
import s3topostgres.postgres.Backoff;
import s3topostgres.postgres.Deadline;

/**
 * Limits how long a load waits for the database and for other loads of its table. A fifth of the
 * function's time is kept for the load itself: of a quarter of an hour three minutes, in which a
 * database fetches some gigabytes.
 */
final class TimeBudget {
  private static final int SHARE_OF_THE_WORK = 5;

  private final Deadline deadline;
  private final Deadline latestStart;
  private final Backoff backoff = new Backoff();
  private boolean logged;
  private boolean othersFirst;
  private boolean begun;
  private Duration waited;

  /**
   * @param deadline when the load has to end; other loads of the invocation may have taken a part
   *     of the time until then
   */
  TimeBudget(Deadline deadline) {
    this.deadline = deadline;
    this.latestStart = deadline.before(deadline.left().dividedBy(SHARE_OF_THE_WORK));
    this.waited = deadline.elapsed();
    this.othersFirst = waited.toSeconds() > 0;
  }

  Deadline deadline() {
    return deadline;
  }

  /** The moment after which a load does not begin. */
  Deadline latestStart() {
    return latestStart;
  }

  /**
   * Waits for another load of the table, without a connection. The log says so once. All loads ask
   * equally often, so all have the same chance; the history recognises superfluous loads.
   *
   * @throws LoadException {@code TABLE_BUSY} when there is no time left to wait
   */
  void waitForOthers(LoadProgress progress) {
    if (latestStart.passed()) {
      throw ErrorCode.TABLE_BUSY.failure(
          "other loads of %s took the function's time".formatted(progress.table()),
          Retry.BY_ITSELF);
    }
    progress.step("waiting-for-other-loads");
    if (!logged) {
      logged = true;
      LoadLog.progress(progress);
    }
    backoff.pause(latestStart);
    othersFirst();
  }

  /** Notes that other loads came first. */
  void othersFirst() {
    othersFirst = true;
    waited = deadline.elapsed();
  }

  /** Notes that the load itself begins; a second attempt waits for nobody. */
  void loadBegins() {
    waited = begun ? waited : deadline.elapsed();
    begun = true;
  }

  /**
   * Turns {@code OUT_OF_TIME} into a retryable failure if the load began late, or was of several
   * files, of which the next attempt takes one at a time: a retry may have enough time. Other
   * failures are returned as they are.
   */
  LoadException retryable(LoadException failure, LoadTask task) {
    if (failure.code() != ErrorCode.OUT_OF_TIME) {
      return failure;
    }
    if (waited.toMillis() * SHARE_OF_THE_WORK <= deadline.elapsed().toMillis()) {
      return task.uploads().size() > 1
          ? failure.retry(Retry.SOON).advising(Retry.BY_ITSELF)
          : failure;
    }
    ErrorCode code = othersFirst ? ErrorCode.TABLE_BUSY : ErrorCode.DATABASE_UNAVAILABLE;
    return code.failure(
            "the load was not finished before the function's time limit, of which it had waited %d s for %s"
                .formatted(waited.toSeconds(), othersFirst ? "other loads" : "the database"),
            Retry.BY_ITSELF)
        .sqlState(failure.sqlState().orElse(null));
  }
}
