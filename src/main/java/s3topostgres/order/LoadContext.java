package s3topostgres.order;

import java.sql.SQLException;
import s3topostgres.csv.FileImport;
import s3topostgres.csv.FileImports;
import s3topostgres.csv.RowSource;
import s3topostgres.history.History;
import s3topostgres.mode.ColumnSequence;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/** What a task works with during its transaction. */
public record LoadContext(
    Session session,
    History history,
    TargetTable table,
    FileImports files,
    LoadMode mode,
    LoadOrder order,
    LoadProgress progress,
    RowSelection selection) {

  /**
   * Looks at an object, and matches its fields to columns.
   *
   * @param minRows how many rows the file must have
   */
  public FileImport open(Upload upload, long minRows) throws SQLException {
    StoredObject object = files.look(session, upload);
    progress.object(object);
    FileImport file = files.open(session, table, upload, object, minRows);
    progress.fields(table.notAmong(file.columns()), file.ignored());
    progress.streamed(file.isStreamedAnyway());
    return file;
  }

  /** How many rows a file of the table must have. */
  public long minRows() throws SQLException {
    return history.minRows(session, files.settings().minRows(), table);
  }

  /** Changes the table as the mode does. */
  public LoadOutcome load(RowSource rows) throws SQLException {
    if (selection != RowSelection.ALL) {
      progress.step("looking-for-all-faults");
    }
    RowSource selected = selection.of(session, table, rows);
    LoadOutcome outcome = order.mode(this).load(session, table, selected, progress::step);
    progress.warn(selected.warnings());
    progress.warn(outcome.warnings());
    progress.rejected(selected.rejected());
    return outcome.with(ColumnSequence.reached(session, table, rows.columns(), outcome.source()));
  }
}
