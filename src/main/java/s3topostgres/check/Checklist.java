package s3topostgres.check;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;

/**
 * The answers so far. What depends on a thing that failed is not looked at, and nothing takes
 * longer than it may, whether or not the network and the libraries keep to a time limit.
 */
final class Checklist implements AutoCloseable {
  private final Deadline end;
  private final ExecutorService threads = Executors.newCachedThreadPool(Checklist::daemon);
  private final Map<Item, Check> checks = new EnumMap<>(Item.class);
  private final Set<Item> missing = EnumSet.noneOf(Item.class);
  private final List<Session> sessions = new ArrayList<>();

  /**
   * @param end when the last answer has to be there
   */
  Checklist(Deadline end) {
    this.end = end;
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "check");
    thread.setDaemon(true);
    return thread;
  }

  /** Something to find out. */
  @FunctionalInterface
  interface Step<T> {
    T run() throws SQLException;
  }

  /** Begins to find something out while others are looked at. */
  <T> Future<T> begin(Step<T> step) {
    return threads.submit(step::run);
  }

  /**
   * Has a connection closed at the end, or at once if it comes after that: whoever waited for it
   * has perhaps given up.
   */
  synchronized Session keep(Session session) {
    if (threads.isShutdown()) {
      session.abort();
    }
    sessions.add(session);
    return session;
  }

  /** Looks at one thing, unless what it needs is missing. The step returns what it found. */
  void check(Item item, Duration limit, Step<String> step) {
    if (isDue(item)) {
      finish(item, limit, begin(step));
    }
  }

  /** Waits for what was begun. */
  void finish(Item item, Duration limit, Future<String> begun) {
    try {
      ok(item, await(item, limit, begun));
    } catch (LoadException e) {
      failed(item, e);
    }
  }

  /**
   * What a step returns.
   *
   * @throws LoadException when it fails, or there is no answer in time
   */
  <T> T await(Item item, Duration limit, Future<T> begun) {
    Deadline deadline = end.within(limit);
    try {
      return begun.get(deadline.left().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      begun.cancel(true);
      throw failure("no answer within %d s".formatted(limit.toSeconds()), item.whenNoAnswer());
    } catch (ExecutionException e) {
      throw translate(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure("the check was interrupted", "Run it again.");
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
    return failure(
        "the check itself failed (%s)".formatted(cause.getClass().getName()), "Report it.");
  }

  /** The code is not shown: it stands for no load. */
  private static LoadException failure(String why, String whatToDo) {
    return new LoadException(ErrorCode.DATABASE_UNAVAILABLE, why, whatToDo);
  }

  /** Whether what it needs is there; if not, that is the answer. */
  boolean isDue(Item item) {
    Optional<Item> need = item.needs().stream().filter(this::isMissing).findFirst();
    need.ifPresent(
        other -> {
          missing.add(item);
          notChecked(item, "needs: " + other.label());
        });
    return need.isEmpty();
  }

  private boolean isMissing(Item item) {
    return missing.contains(item) || (!checks.containsKey(item) && !isDue(item));
  }

  void ok(Item item, String what) {
    checks.put(item, new Check(item, Check.Result.OK, what, ""));
  }

  void failed(Item item, LoadException failure) {
    missing.add(item);
    checks.put(item, new Check(item, Check.Result.FAILED, failure.why(), failure.whatToDo()));
  }

  /** It is not looked at, and nothing that depends on it is kept from being looked at. */
  void notChecked(Item item, String why) {
    checks.put(item, new Check(item, Check.Result.NOT_CHECKED, why, ""));
  }

  /** All answers, in their order. */
  List<Check> answers() {
    for (Item item : Item.values()) {
      if (!checks.containsKey(item) && isDue(item)) {
        notChecked(item, "not reached");
      }
    }
    return Arrays.stream(Item.values()).map(checks::get).toList();
  }

  @Override
  public synchronized void close() {
    threads.shutdownNow();
    sessions.forEach(Session::abort);
  }
}
