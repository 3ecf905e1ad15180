package s3topostgres.mode;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;

/**
 * The file is the table's new content: the table is emptied, and the rows are imported into it.
 * Queries on the table block from the {@code TRUNCATE} until the commit. The lock for it is taken
 * in short tries with pauses as long as they, because everybody who comes later queues up behind a
 * lock that waits.
 */
public final class Replace implements LoadMode {
  /** How long a try to lock the table may hold up others, who queue behind it. */
  private static final Duration FIRST_TRY = Duration.ofMillis(100);

  /** Longer than deadlock_timeout, 1 s, after which Postgres makes autovacuum give way. */
  private static final Duration LONGEST_TRY = Duration.ofSeconds(2);

  private final Duration lockTimeout;
  private final boolean rebuildIndexes;

  /**
   * @param lockTimeout how long to try to lock the table
   * @param rebuildIndexes whether to build indexes after the rows of a large file
   */
  public Replace(Duration lockTimeout, boolean rebuildIndexes) {
    this.lockTimeout = lockTimeout;
    this.rebuildIndexes = rebuildIndexes;
  }

  @Override
  public void check(Session session, TargetTable table) throws SQLException {
    // SELECT is for messages that name the columns of a key that is there twice.
    table.requirePrivileges(List.of("INSERT", "TRUNCATE"), "SELECT, INSERT, TRUNCATE");
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
      throw TargetTable.unusable(
          "%s cannot be emptied, because a foreign key of another table refers to it"
              .formatted(table.name()),
          "Drop that foreign key, or load into a table of its own and merge it in AFTER_LOAD_SQL.");
    }
  }

  @Override
  public long load(Session session, TargetTable table, Rows rows, long bytes, Consumer<String> step)
      throws SQLException {
    step.accept("emptying");
    empty(session, table);
    Indexes.Filling<Long> filling =
        () -> {
          step.accept("importing");
          return rows.into(table.name());
        };
    return rebuildIndexes && Indexes.payFor(bytes)
        ? new Indexes(session, table).fill(filling, step)
        : filling.run();
  }

  private void empty(Session session, TargetTable table) throws SQLException {
    Deadline end = Deadline.in(lockTimeout);
    Duration longest = FIRST_TRY;
    while (!tryToEmpty(session, table, end.within(longest).left())) {
      if (end.passed()) {
        throw new LoadException(
                ErrorCode.TABLE_BUSY,
                "others were using %s for longer than %d s (LOCK_TIMEOUT_SECONDS)"
                    .formatted(table.name(), lockTimeout.toSeconds()),
                "Send the event again when they are done; the old rows are still there.")
            .sqlState(SqlState.LOCK_NOT_AVAILABLE);
      }
      session.deadline().within(end.within(longest).left()).sleep();
      longest = Collections.min(List.of(longest.multipliedBy(2), LONGEST_TRY));
    }
  }

  /** Whether the lock was had in time. */
  private boolean tryToEmpty(Session session, TargetTable table, Duration limit)
      throws SQLException {
    try {
      session.execute(
          """
          SAVEPOINT emptying;
          SET LOCAL lock_timeout = %d;
          TRUNCATE TABLE %s;
          SET LOCAL lock_timeout = %d;
          RELEASE SAVEPOINT emptying"""
              .formatted(Session.lockMillis(limit), table.name(), Session.lockMillis(lockTimeout)));
      return true;
    } catch (SQLException e) {
      if (SqlState.LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
        session.rollbackTo("emptying");
        return false;
      }
      throw e;
    }
  }
}
