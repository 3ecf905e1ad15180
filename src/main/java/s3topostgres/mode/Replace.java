package s3topostgres.mode;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;

/**
 * Empties the table and imports the file. Readers wait from the {@code TRUNCATE} until the commit.
 *
 * @param lockTimeout how long to try to lock the table
 * @param rebuildIndexes whether to build indexes after the rows of a large file
 * @param stages whether a load may need a stage, because fields or rows are left out
 */
public record Replace(Duration lockTimeout, boolean rebuildIndexes, boolean stages)
    implements LoadMode {
  /** SQLSTATEs by which COPY refuses to freeze, or the extension to pass the option on. */
  private static final Set<String> REFUSALS =
      Set.of(
          SqlState.FEATURE_NOT_SUPPORTED,
          SqlState.INVALID_TRANSACTION_STATE,
          SqlState.NOT_IN_PREREQUISITE_STATE,
          SqlState.SYNTAX_ERROR);

  private static final Logger log = LoggerFactory.getLogger(Replace.class);

  @Override
  public String label() {
    return "replace";
  }

  @Override
  public Optional<String> improvement(Session session, TargetTable table) throws SQLException {
    Optional<String> slow =
        rebuildIndexes
            ? new Indexes(session, table)
                .obstacle()
                .map(
                    why ->
                        "A large file would load about twice as fast with its indexes built after the"
                            + " rows, but %s (settings.md, \"Indexes after the rows\")"
                                .formatted(why))
            : Optional.empty();
    Optional<String> unfrozen =
        whyNotFrozen(session, table)
            .map(
                why ->
                    "Transactions that began before a load may see it empty, because %s (operate.md, \"Readers\")"
                        .formatted(why));
    return Stream.of(slow, unfrozen).flatMap(Optional::stream).reduce("%s. %s"::formatted);
  }

  @Override
  public String privileges() {
    return "SELECT, INSERT, TRUNCATE";
  }

  @Override
  public String check(Session session, TargetTable table) throws SQLException {
    // SELECT is for messages that name the columns of a duplicate key.
    table.requirePrivileges(
        VirtualColumns.of(session, table).isEmpty()
            ? List.of("INSERT", "TRUNCATE")
            : List.of("SELECT", "INSERT", "TRUNCATE"),
        privileges());
    table.refuseRowSecurity(session);
    if (stages) {
      Stage.requirePrivilege(session);
    }
    boolean referredTo =
        session.exists(
            """
            SELECT FROM pg_constraint c
            WHERE contype = 'f' AND confrelid = ?::oid AND conrelid <> confrelid
              -- If the table has a trigger, be it that of a foreign key of its own, Postgres looks
              -- for foreign keys of either kind.
              AND (%s OR EXISTS (
                SELECT FROM pg_class
                WHERE relhastriggers AND (oid = confrelid
                  OR oid IN (SELECT relid FROM pg_partition_tree(confrelid)))))"""
                .formatted(TargetTable.ENFORCED),
            table.oid());
    if (referredTo) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          "%s cannot be emptied, because a foreign key of another table refers to it"
              .formatted(table.name()),
          "Drop that foreign key, set LOAD_MODE=sync, which does not empty it, or load a table of its own and merge"
              + " that in AFTER_LOAD_SQL.");
    }
    return "may be emptied and filled";
  }

  /**
   * Says why the rows cannot be frozen, as a clause; empty if they can. A trigger would run for the
   * second {@code TRUNCATE}, too; only scripts open cursors.
   */
  private static Optional<String> whyNotFrozen(Session session, TargetTable table)
      throws SQLException {
    return session.one(
        """
        SELECT CASE
          WHEN relkind <> 'r' THEN 'it is partitioned'
          WHEN EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = c.oid AND tgenabled <> 'D' AND tgtype & 32 <> 0) -- TRUNCATE
            THEN 'it has a trigger for TRUNCATE'
          WHEN EXISTS (SELECT FROM pg_cursors WHERE name <> '') THEN 'a cursor is open' END
        FROM pg_class c WHERE oid = ?::oid""",
        row -> Optional.ofNullable(row.getString(1)),
        table.oid());
  }

  @Override
  public LoadOutcome load(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    boolean staged = !table.columns().containsAll(rows.columns());
    if (staged) {
      progress.accept("importing");
    }
    RowSource whole = staged ? StagedRows.of(session, table, rows) : rows;
    progress.accept("emptying");
    new TableLock(session, table, lockTimeout).take("TRUNCATE TABLE " + table.name());
    Session.Work<Long> importing =
        staged || whyNotFrozen(session, table).isPresent()
            ? () -> whole.into(table.name())
            : () -> importFrozen(session, table, rows);
    return LoadOutcome.simply(
        Indexes.fill(session, table, whole.bytes(), importing, rebuildIndexes, progress),
        Optional.of(table.name()));
  }

  /**
   * Imports rows that need no {@code VACUUM}, and that older snapshots see. COPY freezes only in
   * the subtransaction that has emptied the table, so the table, which is empty and locked, is
   * emptied once more. Whether {@code aws_s3} passes the option on is not documented.
   */
  private static long importFrozen(Session session, TargetTable table, RowSource rows)
      throws SQLException {
    Session.Work<Long> attempt =
        () -> {
          session.execute("TRUNCATE TABLE " + table.name());
          return rows.frozen().into(table.name());
        };
    for (boolean repeated = false; ; repeated = true) {
      Duration left = session.deadline().left();
      try {
        return session.inSavepoint(attempt);
      } catch (LoadException e) {
        String state = e.sqlState().orElse("unknown");
        if (e.code() != ErrorCode.ROW_REJECTED && REFUSALS.contains(state)) {
          log.info("importing without FREEZE, which is refused with SQLSTATE {}", state);
          return rows.into(table.name());
        }
        Duration taken = left.minus(session.deadline().left());
        if (repeated || !rows.isWorthRepeating(e) || session.deadline().before(taken).passed()) {
          throw e;
        }
        log.warn(
            "importing once more: aws_s3 failed with SQLSTATE {}, as it sometimes does with good files",
            state);
      }
    }
  }
}
