package s3topostgres.dms;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.csv.RowSource;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.mode.RowKey;
import s3topostgres.mode.Stage;
import s3topostgres.mode.Sync;
import s3topostgres.mode.TableMerge;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ObjectLocation;

/**
 * Applies changes: each line inserts, updates or deletes the row with its row key, and the last
 * line of a row key wins. The rows of a full load's file are inserted or updated. Readers never
 * wait.
 */
public final class ApplyChanges implements LoadMode {
  private final Optional<List<String>> keySetting;
  private final Duration lockTimeout;
  private final Sync sync;

  /**
   * @param keySetting the row key's columns; empty for the primary key
   * @param lockTimeout how long to wait for other writers
   * @param rebuildIndexes whether to build an empty table's indexes after the rows of a large file
   */
  public ApplyChanges(
      Optional<List<String>> keySetting, Duration lockTimeout, boolean rebuildIndexes) {
    this.keySetting = keySetting;
    this.lockTimeout = lockTimeout;
    this.sync = new Sync(keySetting, lockTimeout, rebuildIndexes, Optional.empty());
  }

  @Override
  public String label() {
    return Mode.CHANGES.label();
  }

  @Override
  public FaultScope faultScope() {
    return FaultScope.VALUES;
  }

  /**
   * Advises against uploading a file again: the first file of a full load would begin another one.
   */
  @Override
  public LoadException advise(LoadException failure, ObjectLocation object) {
    return failure.code() == ErrorCode.ROW_REJECTED
            && DmsFile.find(object).filter(DmsFile::isFullLoad).isPresent()
        ? failure.advising(
            "Correct the rows at the source and reload the table in DMS; the old rows are still there.")
        : failure;
  }

  /** Leaves the statistics to autovacuum after a file of changes. */
  @Override
  public boolean keepsStatistics(LoadOutcome outcome, ObjectLocation object) {
    return !DmsFile.of(object).isFullLoad() || LoadMode.super.keepsStatistics(outcome, object);
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
  public LoadOutcome load(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    return DmsFile.of(rows.location()).isFullLoad()
        ? loadPart(session, table, rows, progress)
        : merge(session, table, rows, false, progress).run(lockTimeout, progress);
  }

  /** Makes the table equal to all files of a full load, each of which was loaded before. */
  LoadOutcome finishFullLoad(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    return merge(session, table, rows, true, progress).run(lockTimeout, progress);
  }

  private LoadOutcome loadPart(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    RowKey key = key(session, table);
    key.requireAmong(rows.columns());
    Optional<LoadOutcome> filled =
        sync.intoEmptyTable(session, table, rows, Optional.of(key), progress);
    if (filled.isPresent()) {
      return filled.get();
    }
    TableMerge merge = merge(session, table, rows, false, progress);
    try {
      return merge.run(lockTimeout, progress);
    } catch (LoadException e) {
      if (!isOfAnotherRow(e)) {
        throw e;
      }
      merge.rollback();
      if (Sync.canBeFilled(session, table)) {
        throw e;
      }
      return new LoadOutcome(
          merge.rows(), Optional.of("postponed"), Optional.empty(), Optional.of(Stage.TABLE));
    }
  }

  /**
   * Stages the rows, and reduces them to the last change of each row key.
   *
   * @param whole whether rows that are not in the files are deleted
   */
  private TableMerge merge(
      Session session, TargetTable table, RowSource rows, boolean whole, Consumer<String> progress)
      throws SQLException {
    RowKey key = key(session, table);
    key.requireAmong(rows.columns());
    progress.accept("importing");
    Stage lines = Stage.fill(session, table, rows);
    Stage last = new LastChangePerKey(session, table, lines, key).find();
    return new TableMerge(session, table, last, Optional.of(key), whole, Optional.empty());
  }

  /**
   * Whether a row from before the full load has the unique value of a new row. The end of the full
   * load may delete it, so then all files are imported together.
   */
  private static boolean isOfAnotherRow(LoadException e) {
    String state = e.sqlState().orElse("");
    return e.code() == ErrorCode.ROW_REJECTED
        && e.line().isEmpty() // Otherwise the other row is one of the file.
        && (state.equals(SqlState.UNIQUE_VIOLATION) || state.equals(SqlState.EXCLUSION_VIOLATION));
  }

  private RowKey key(Session session, TargetTable table) throws SQLException {
    return RowKey.require(session, table, keySetting, "changes");
  }
}
