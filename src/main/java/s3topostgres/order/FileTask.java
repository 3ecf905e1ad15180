package s3topostgres.order;

import java.sql.SQLException;
import s3topostgres.csv.FileImport;
import s3topostgres.history.Verdict;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.postgres.Session;
import s3topostgres.s3.Upload;

/** Loads one file. */
public record FileTask(Upload upload, Origin origin) implements LoadTask {

  /** Why a file is loaded now. */
  public enum Origin {
    /** An event announced it; it is loaded after its predecessors. */
    EVENT,
    /** The file was never loaded; all its predecessors were dealt with. */
    BACKLOG
  }

  public static FileTask ofBacklog(Upload upload) {
    return new FileTask(upload, Origin.BACKLOG);
  }

  @Override
  public boolean isAnnounced() {
    return origin == Origin.EVENT;
  }

  @Override
  public Verdict verdict(LoadContext context, boolean locked) throws SQLException {
    return context.order().verdict(context, upload, locked);
  }

  @Override
  public Session.Work<LoadOutcome> prepare(LoadContext context) throws SQLException {
    FileImport file = context.open(upload, context.minRows());
    return () -> context.load(file);
  }
}
