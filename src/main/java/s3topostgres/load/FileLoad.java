package s3topostgres.load;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import s3topostgres.history.AppliedFiles.FullLoad;
import s3topostgres.history.Changes;
import s3topostgres.history.History;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.Loaded;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/** What a load does between the look at its object and {@code AFTER_LOAD_SQL}. */
record FileLoad(Uploads uploads, LoadMode mode) {

  /** Loads the file of an attempt. */
  Loaded run(Session session, Attempt attempt, History history, TargetTable table)
      throws SQLException {
    FileRows rows =
        rows(session, attempt, table, attempt.upload(), uploads.minRows(session, history, table));
    attempt.step("before-load-sql");
    LoadTransaction.runScript(session, "BEFORE_LOAD_SQL", uploads.settings().beforeLoadSql());
    return mode.load(session, table, rows, attempt::step);
  }

  /** Makes the table equal to all files of the full load that each were loaded before. */
  Loaded complete(Session session, Attempt attempt, History history, TargetTable table)
      throws SQLException {
    FullLoad fullLoad = history.applied(session, table.name()).fullLoad(attempt.upload().region());
    attempt.step("before-load-sql");
    LoadTransaction.runScript(session, "BEFORE_LOAD_SQL", uploads.settings().beforeLoadSql());
    attempt.step("counting");
    if (fullLoad.inserted().equals(Optional.of(table.count(session)))) {
      return new Loaded(
          fullLoad.rows(), Optional.of("nothing-to-delete"), Optional.of(new Changes(0, 0, 0)));
    }
    List<FileRows> all = new ArrayList<>();
    for (Upload upload : fullLoad.files()) {
      all.add(rows(session, attempt, table, upload, 0).unchangedSince(upload));
    }
    return mode.load(session, table, new FullLoadRows(all), attempt::step);
  }

  /** Looks at the object, and matches its fields to columns. */
  private FileRows rows(
      Session session, Attempt attempt, TargetTable table, Upload upload, long minRows) {
    StoredObject object = uploads.look(session, upload);
    attempt.object(object);
    FileRows rows = uploads.rows(session, table, upload, object, minRows);
    attempt.defaulted(table.notAmong(rows.columns()));
    return rows;
  }
}
