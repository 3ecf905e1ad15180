package s3topostgres.order;

import java.sql.SQLException;
import s3topostgres.csv.FileImports;
import s3topostgres.csv.FileSet;
import s3topostgres.csv.RowSource;
import s3topostgres.history.History;
import s3topostgres.history.Verdict;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.order.FileTask.Origin;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.Upload;

/**
 * Loads the files of a folder as one, after their marker came. Where a file is the whole table, all
 * of them are loaded; otherwise those that were not loaded before.
 *
 * @param upload of the marker
 */
public record SetTask(Upload upload, Origin origin) implements LoadTask {

  @Override
  public boolean isAnnounced() {
    return origin == Origin.EVENT;
  }

  @Override
  public Verdict verdict(LoadContext context, boolean locked) throws SQLException {
    Verdict verdict = context.order().verdict(context, upload, locked);
    if (verdict != Verdict.NEW || !locked || !parts(context).parts().isEmpty()) {
      return verdict;
    }
    context.history().recordTaken(context.session(), context.table().name(), upload);
    return Verdict.DUPLICATE;
  }

  @Override
  public Session.Work<LoadOutcome> prepare(LoadContext context) throws SQLException {
    FileSet set = parts(context);
    context.progress().parts(set.object(), set.parts());
    RowSource rows = set.open(context.session(), context.table(), context.minRows());
    context.progress().fields(context.table().notAmong(rows.columns()), rows.ignored());
    return () -> {
      LoadOutcome outcome = context.load(rows);
      context.progress().step("looking-again");
      set.refuseChanges(context.session());
      return outcome;
    };
  }

  private FileSet parts(LoadContext context) throws SQLException {
    return parts(context.files(), context.session(), context.history(), context.table(), upload);
  }

  /**
   * Lists the files of a folder that a load of its marker takes.
   *
   * @throws s3topostgres.LoadException {@code OBJECT_UNREADABLE} when the marker is gone, or there
   *     is no file
   */
  public static FileSet parts(
      FileImports files, Session session, History history, TargetTable table, Upload marker)
      throws SQLException {
    FileSet set = FileSet.list(files, session, marker);
    return files.settings().mode().isWholeTable()
        ? set
        : set.only(history.notLoaded(session, table.name(), marker, set.parts()));
  }
}
