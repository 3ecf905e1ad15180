package s3topostgres.csv;

import java.io.IOException;
import java.io.InputStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.ImportWatch;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.scan.FileScan;
import s3topostgres.scan.ScanResult;

/**
 * The import of a file whose every byte is scanned: in the stream to {@code COPY}, or in a second
 * stream while the database fetches the file itself. The first fault ends the import, and is what
 * it fails with, whatever the database says then.
 */
final class WatchedImport implements ImportWatch {
  /** The first may come before the statement. */
  private static final Duration BETWEEN_CANCELS = Duration.ofSeconds(1);

  /** After that long without effect the connection is aborted. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final FileImport file;
  private final Session session;
  private final FileScan scan;
  private final CountDownLatch importEnded = new CountDownLatch(1);

  /** What the scan beside the import found, or why it could not go on. */
  private volatile LoadException failure;

  WatchedImport(FileImport file) throws SQLException {
    this.file = file;
    this.session = file.session();
    this.scan = file.newScan();
  }

  /**
   * Imports the file, and hands on what the scan warns about.
   *
   * @return the number of rows imported
   * @throws LoadException {@code ROW_REJECTED} when the scan finds a fault; {@code
   *     IMPORT_UNAVAILABLE} when the database imported less than all of the file; and what the
   *     import or the reading of the object fails with
   */
  long run(String into) throws SQLException {
    boolean streamed = file.isPinned();
    long rows = streamed ? runThroughScan(into) : runBesideScan(into);
    ScanResult scanned = scan.result();
    if (!streamed && rows < scanned.records() && !mayLeaveRowsOut(into)) {
      throw ErrorCode.IMPORT_UNAVAILABLE.failure(
          "aws_s3 imported %d rows, and the file has %d".formatted(rows, scanned.records()),
          "Lambda and catchUp try it again. If that lasts, set IMPORT_WITH=copy; the old rows are still there.");
    }
    file.warnings().addAll(scanned.warnings());
    return rows;
  }

  /** Whether the table has triggers, which may. */
  private boolean mayLeaveRowsOut(String into) throws SQLException {
    return session.exists(
        """
        SELECT FROM pg_trigger
        WHERE NOT tgisinternal AND tgrelid IN (
          SELECT to_regclass(?) UNION SELECT relid FROM pg_partition_tree(to_regclass(?)))""",
        into,
        into);
  }

  private long runThroughScan(String into) throws SQLException {
    try {
      return file.run(into, this);
    } catch (SQLException | RuntimeException e) {
      scan.refuseFaults();
      throw e;
    }
  }

  private long runBesideScan(String into) throws SQLException {
    try (RunningScan<FileScan> beside = RunningScan.start(this::scanBeside)) {
      return importBeside(beside, into);
    }
  }

  /** Ends before the scan is closed, which would make it fail, too. */
  private long importBeside(RunningScan<FileScan> scanning, String into) throws SQLException {
    try {
      long rows = file.run(into, this);
      importEnded.countDown();
      scanning.await(session);
      return rows;
    } catch (SQLException | RuntimeException e) {
      if (failure != null) {
        throw failure;
      }
      throw e;
    } finally {
      importEnded.countDown();
    }
  }

  @Override
  public InputStream through(InputStream content) {
    return new ScannedStream(content, scan, true);
  }

  @Override
  public boolean isOver() {
    return failure != null;
  }

  private FileScan scanBeside() throws IOException, InterruptedException {
    try (InputStream content = through(file.read())) {
      RunningScan.readToEnd(content);
      return scan;
    } catch (LoadException e) {
      failure = session.deadline().passed() ? SqlErrors.outOfTime() : e;
      endImport();
      throw failure;
    }
  }

  private void endImport() throws InterruptedException {
    Deadline end = Deadline.in(PATIENCE);
    while (importEnded.getCount() > 0) {
      if (end.passed()) {
        session.abort();
        return;
      }
      session.cancel();
      importEnded.await(BETWEEN_CANCELS.toMillis(), TimeUnit.MILLISECONDS);
    }
  }
}
