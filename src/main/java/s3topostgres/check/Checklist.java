package s3topostgres.check;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.SqlErrors;

/**
 * Checks one item after the other and collects the results. An item is checked only if everything
 * that it needs passed. No item takes longer than its limit, even where the network or a library
 * keeps to none.
 */
final class Checklist {
  private final Deadline end;
  private final Map<Item, CheckResult> results = new EnumMap<>(Item.class);
  private final Set<Item> missing = EnumSet.noneOf(Item.class);

  /**
   * @param end when the last result has to be there
   */
  Checklist(Deadline end) {
    this.end = end;
  }

  /** Checks one item. */
  @FunctionalInterface
  interface Check {
    /**
     * Returns what was found, for a message.
     *
     * @throws LoadException when the item is missing
     */
    String run() throws SQLException;
  }

  /** Records what a check finds, unless something that the item needs is missing. */
  void check(Item item, Check check) {
    if (isDue(item)) {
      try {
        ok(item, await(item, check));
      } catch (LoadException e) {
        failed(item, e);
      }
    }
  }

  /** Runs a check on a thread that is given up when the item's limit has passed. */
  private String await(Item item, Check check) {
    Duration limit = end.within(item.limit()).left();
    FutureTask<String> task = new FutureTask<>(check::run);
    Thread thread = new Thread(task, "check");
    thread.setDaemon(true);
    thread.start();
    try {
      return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      task.cancel(true);
      throw ErrorCode.DATABASE_UNAVAILABLE.failure(
          "no answer within %d s".formatted(item.limit().toSeconds()), item.whenNoAnswer());
    } catch (ExecutionException e) {
      throw translate(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ErrorCode.DATABASE_UNAVAILABLE.failure("the check was interrupted", "Run it again.");
    }
  }

  private LoadException translate(Throwable cause) {
    if (cause instanceof LoadException failure) {
      return failure;
    }
    if (cause instanceof SQLException failure) {
      return SqlErrors.translate(failure, end);
    }
    // Its text may quote anything.
    return ErrorCode.DATABASE_UNAVAILABLE.failure(
        "the check itself failed (%s)".formatted(cause.getClass().getName()), "Report it.");
  }

  /** Tells whether everything that an item needs is there; if not, that is its result. */
  boolean isDue(Item item) {
    Optional<Item> need = item.needs().stream().filter(missing::contains).findFirst();
    need.ifPresent(
        other -> {
          missing.add(item);
          notChecked(item, "needs: " + other.label());
        });
    return need.isEmpty();
  }

  void ok(Item item, String what) {
    results.put(item, new CheckResult(item, CheckResult.Outcome.OK, what, ""));
  }

  void failed(Item item, LoadException failure) {
    missing.add(item);
    results.put(
        item, new CheckResult(item, CheckResult.Outcome.FAILED, failure.why(), failure.whatToDo()));
  }

  /** Records that an item is not in use; what needs it is checked all the same. */
  void notChecked(Item item, String why) {
    results.put(item, new CheckResult(item, CheckResult.Outcome.NOT_CHECKED, why, ""));
  }

  /** All results in order. An item that was not asked for lacks something that it needs. */
  List<CheckResult> results() {
    Arrays.stream(Item.values()).filter(item -> !results.containsKey(item)).forEach(this::isDue);
    return List.copyOf(results.values());
  }
}
