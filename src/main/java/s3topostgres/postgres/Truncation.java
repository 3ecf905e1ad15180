package s3topostgres.postgres;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/**
 * Empties the target table. Waits for those who use it, but in short tries with pauses as long as
 * they, because everybody who comes later queues up behind a lock that waits.
 */
public final class Truncation {
  /** How long a try to lock the table may hold up others, who queue behind it. */
  private static final Duration FIRST_TRY = Duration.ofMillis(100);

  /** Longer than deadlock_timeout, 1 s, after which Postgres makes autovacuum give way. */
  private static final Duration LONGEST_TRY = Duration.ofSeconds(2);

  private Truncation() {}

  /**
   * Empties a table.
   *
   * @param timeout how long to try
   * @throws LoadException {@code TABLE_BUSY} when others use the table for that long; {@code
   *     TABLE_UNUSABLE} when a foreign key refers to the table
   */
  public static void run(Session session, TargetTable table, Duration timeout) throws SQLException {
    Deadline end = Deadline.in(timeout);
    Duration longest = FIRST_TRY;
    while (!tryOnce(session, table, end.within(longest).left(), timeout)) {
      if (end.passed()) {
        throw new LoadException(
                ErrorCode.TABLE_BUSY,
                "others were using %s for longer than %d s (LOCK_TIMEOUT_SECONDS)"
                    .formatted(table.name(), timeout.toSeconds()),
                "Send the event again when they are done; the old rows are still there.")
            .sqlState(SqlState.LOCK_NOT_AVAILABLE);
      }
      Database.sleep(session.deadline().within(end.within(longest).left()).left());
      longest = Collections.min(List.of(longest.multipliedBy(2), LONGEST_TRY));
    }
  }

  /**
   * Finds out from the catalogue whether {@link #run} would be refused; takes no lock.
   *
   * @throws LoadException {@code TABLE_UNUSABLE} when a foreign key refers to the table
   */
  public static void check(Session session, TargetTable table) throws SQLException {
    boolean referredTo =
        session
            .query(
                """
                SELECT FROM pg_constraint
                WHERE contype = 'f' AND confrelid = ?::oid AND conrelid <> confrelid""",
                row -> true,
                table.oid())
            .contains(true);
    if (referredTo) {
      throw referred(table);
    }
  }

  private static LoadException referred(TargetTable table) {
    return TargetTable.unusable(
        "%s cannot be emptied, because a foreign key of another table refers to it"
            .formatted(table.name()),
        "Drop that foreign key, or load into a table of its own and merge it in AFTER_LOAD_SQL.");
  }

  /** Whether the lock was had in time. */
  private static boolean tryOnce(
      Session session, TargetTable table, Duration limit, Duration laterLimit) throws SQLException {
    try {
      session.execute(
          """
          SAVEPOINT emptying;
          SET LOCAL lock_timeout = %d;
          TRUNCATE TABLE %s;
          SET LOCAL lock_timeout = %d;
          RELEASE SAVEPOINT emptying"""
              .formatted(
                  TargetTable.lockMillis(limit), table.name(), TargetTable.lockMillis(laterLimit)));
      return true;
    } catch (SQLException e) {
      return switch (SqlErrors.state(e)) {
        case SqlState.LOCK_NOT_AVAILABLE -> {
          session.rollbackTo("emptying");
          yield false;
        }
        case SqlState.FEATURE_NOT_SUPPORTED -> throw referred(table).sqlState(e.getSQLState());
        default -> throw e;
      };
    }
  }
}
