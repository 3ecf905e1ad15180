package s3topostgres.mode;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.ErrorCode;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/**
 * Empties the table and imports the file. Readers wait from the {@code TRUNCATE} until the commit.
 *
 * @param lockTimeout how long to try to lock the table
 * @param rebuildIndexes whether to build indexes after the rows of a large file
 * @param stages whether a load may need a stage, because fields are left out
 */
public record Replace(Duration lockTimeout, boolean rebuildIndexes, boolean stages)
    implements LoadMode {
  @Override
  public String label() {
    return "replace";
  }

  @Override
  public Optional<String> improvement(Session session, TargetTable table) throws SQLException {
    return rebuildIndexes
        ? new Indexes(session, table)
            .obstacle()
            .map(
                why ->
                    "A large file would load about twice as fast with its indexes built after the"
                        + " rows, but %s (settings.md, \"Indexes after the rows\")".formatted(why))
        : Optional.empty();
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

  @Override
  public LoadOutcome load(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    RowSource whole = rows;
    if (!table.columns().containsAll(rows.columns())) {
      progress.accept("importing");
      whole = StagedRows.of(session, table, rows);
    }
    progress.accept("emptying");
    new TableLock(session, table, lockTimeout).take("TRUNCATE TABLE " + table.name());
    return LoadOutcome.simply(
        Indexes.fill(session, table, whole, rebuildIndexes, progress), Optional.of(table.name()));
  }
}
