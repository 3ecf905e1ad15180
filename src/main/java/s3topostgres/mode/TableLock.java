package s3topostgres.mode;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;

/**
 * Locks the target table in short attempts with pauses as long, because later sessions queue behind
 * a lock that waits.
 */
final class TableLock {
  /** The savepoint before an attempt. Going back to it releases the lock. */
  static final String SAVEPOINT = "s3_load_lock";

  /** How long the first attempt may delay sessions that queue behind it. */
  private static final Duration FIRST_ATTEMPT = Duration.ofMillis(100);

  /** Longer than deadlock_timeout, 1 s, after which Postgres cancels a blocking autovacuum. */
  private static final Duration LONGEST_ATTEMPT = Duration.ofSeconds(2);

  /**
   * The limit for row locks, and for locks on other tables, while the table is locked. Their owner
   * may wait for the table: a tenth of deadlock_timeout is too short for Postgres to see a
   * deadlock.
   */
  private static final Duration UNDER_THE_LOCK = Duration.ofMillis(100);

  private final Session session;
  private final TargetTable table;
  private final Duration limit;

  /**
   * @param limit for all attempts together
   */
  TableLock(Session session, TargetTable table, Duration limit) {
    this.session = session;
    this.table = table;
    this.limit = limit;
  }

  /** Runs a statement that takes the lock and returns quickly. */
  void take(String statement) throws SQLException {
    with(statement, statement, () -> null);
  }

  /**
   * Locks out other writers, but no readers. After an attempt that a row lock has blocked, sessions
   * that lock rows are locked out, too: foreign keys that are checked, and {@code SELECT FOR
   * UPDATE}.
   *
   * @see <a
   *     href="https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES">Table-level
   *     locks</a>
   */
  <T> T withoutWriters(Session.Work<T> work) throws SQLException {
    String lock = "LOCK TABLE %s IN %s MODE";
    return with(
        lock.formatted(table.name(), "SHARE ROW EXCLUSIVE"),
        lock.formatted(table.name(), "EXCLUSIVE"),
        work);
  }

  private <T> T with(String statement, String stricter, Session.Work<T> work) throws SQLException {
    Deadline end = Deadline.in(limit, session.deadline().ticker());
    Duration longest = FIRST_ATTEMPT;
    String next = statement;
    while (true) {
      try {
        lock(next, end.within(longest).left());
        next = stricter;
        T result = work.run();
        session.execute(limited("RELEASE SAVEPOINT " + SAVEPOINT, limit));
        return result;
      } catch (SQLException e) {
        if (!SqlState.LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
          throw e;
        }
        session.rollbackTo(SAVEPOINT);
        if (end.passed()) {
          throw busy();
        }
      }
      session.deadline().within(end.within(longest).left()).sleep();
      longest = Collections.min(List.of(longest.multipliedBy(2), LONGEST_ATTEMPT));
    }
  }

  private void lock(String statement, Duration wait) throws SQLException {
    session.execute(
        "SAVEPOINT %s; %s; %s"
            .formatted(SAVEPOINT, limited(statement, wait), limited("", UNDER_THE_LOCK)));
  }

  private static String limited(String statement, Duration limit) {
    return "SET LOCAL lock_timeout = %d; %s".formatted(Session.lockMillis(limit), statement);
  }

  private LoadException busy() {
    return ErrorCode.TABLE_BUSY
        .failure(
            "other sessions used %s for longer than %d s (LOCK_TIMEOUT_SECONDS)"
                .formatted(table.name(), limit.toSeconds()),
            Retry.BY_ITSELF)
        .sqlState(SqlState.LOCK_NOT_AVAILABLE);
  }
}
