package s3topostgres.load;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import s3topostgres.history.AppliedFiles.FullLoad;
import s3topostgres.history.History;
import s3topostgres.history.RowCounts;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/** What a load does between the look at its object and {@code AFTER_LOAD_SQL}. */
record FileLoad(FileImports imports, LoadMode mode) {

  /** Loads the file of a task. */
  LoadOutcome run(Session session, LoadProgress progress, History history, TargetTable table)
      throws SQLException {
    FileImport rows =
        rows(session, progress, table, progress.upload(), imports.minRows(session, history, table));
    progress.step("before-load-sql");
    LoadTransaction.runScript(session, "BEFORE_LOAD_SQL", imports.settings().beforeLoadSql());
    return mode.load(session, table, rows, progress::step);
  }

  /** Makes the table equal to all files of the full load that each were loaded before. */
  LoadOutcome complete(Session session, LoadProgress progress, History history, TargetTable table)
      throws SQLException {
    FullLoad fullLoad = history.applied(session, table.name()).fullLoad(progress.upload().region());
    progress.step("before-load-sql");
    LoadTransaction.runScript(session, "BEFORE_LOAD_SQL", imports.settings().beforeLoadSql());
    progress.step("counting");
    if (fullLoad.inserted().equals(Optional.of(table.count(session)))) {
      return new LoadOutcome(
          fullLoad.rows(), Optional.of("nothing-to-delete"), Optional.of(new RowCounts(0, 0, 0)));
    }
    List<FileImport> all = new ArrayList<>();
    for (Upload upload : fullLoad.files()) {
      all.add(rows(session, progress, table, upload, 0).unchangedSince(upload));
    }
    return mode.load(session, table, new FullLoadRows(all), progress::step);
  }

  /** Looks at the object, and matches its fields to columns. */
  private FileImport rows(
      Session session, LoadProgress progress, TargetTable table, Upload upload, long minRows) {
    StoredObject object = imports.look(session, upload);
    progress.object(object);
    FileImport rows = imports.rows(session, table, upload, object, minRows);
    progress.defaulted(table.notAmong(rows.columns()));
    return rows;
  }
}
