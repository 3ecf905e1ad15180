package s3topostgres.mode;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;

/**
 * Each line inserts, updates or deletes the row with its key; of several lines with the same key
 * the last one wins. A file without operations belongs to a full load, and all its rows are
 * inserted or updated. No reader waits.
 */
final class ApplyChanges implements LoadMode {
  private final Optional<List<String>> keySetting;
  private final Duration lockTimeout;
  private final Sync sync;

  /**
   * @param keySetting the key's columns; empty for the primary key
   * @param lockTimeout how long to wait for others who write
   * @param rebuildIndexes whether to build an empty table's indexes after the rows of a large file
   */
  ApplyChanges(Optional<List<String>> keySetting, Duration lockTimeout, boolean rebuildIndexes) {
    this.keySetting = keySetting;
    this.lockTimeout = lockTimeout;
    this.sync = new Sync(keySetting, lockTimeout, rebuildIndexes);
  }

  @Override
  public String privileges() {
    return "SELECT, INSERT, UPDATE, DELETE";
  }

  @Override
  public String check(Session session, TargetTable table) throws SQLException {
    table.requirePrivileges(List.of("SELECT", "INSERT", "UPDATE", "DELETE"), privileges());
    Stage.requirePrivilege(session);
    return "may be kept equal to its source by its key (%s)".formatted(key(session, table).shown());
  }

  @Override
  public LoadOutcome load(Session session, TargetTable table, RowSource rows, Consumer<String> step)
      throws SQLException {
    RowKey key = key(session, table);
    key.requireAmong(rows.columns());
    if (rows.share() == Share.PART) {
      Optional<LoadOutcome> filled =
          sync.intoEmptyTable(session, table, rows, Optional.of(key), step);
      if (filled.isPresent()) {
        return filled.get();
      }
    }
    step.accept("importing");
    Stage lines = Stage.fill(session, table, rows);
    Stage stage = new LastChangePerKey(session, table, lines, key).find();
    boolean whole = rows.share() == Share.WHOLE;
    try {
      return new TableMerge(session, table, stage, Optional.of(key), whole).run(lockTimeout, step);
    } catch (LoadException e) {
      if (rows.share() != Share.PART || !isOfAnotherRow(e)) {
        throw e;
      }
      session.rollbackTo(TableLock.SAVEPOINT);
      if (Sync.canBeFilled(session, table)) {
        throw e;
      }
      return new LoadOutcome(stage.rows(), Optional.of("postponed"), Optional.empty());
    }
  }

  /**
   * Whether a row that was there before a full load has a value that must be there once. It may go
   * with the load's end, so all of its files have to come in together, then.
   */
  private static boolean isOfAnotherRow(LoadException e) {
    String state = e.sqlState().orElse("");
    return e.code() == ErrorCode.ROW_REJECTED
        && (state.equals(SqlState.UNIQUE_VIOLATION) || state.equals(SqlState.EXCLUSION_VIOLATION));
  }

  private RowKey key(Session session, TargetTable table) throws SQLException {
    return RowKey.require(session, table, keySetting, "changes");
  }
}
