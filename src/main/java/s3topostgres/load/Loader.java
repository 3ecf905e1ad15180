package s3topostgres.load;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.Mode;
import s3topostgres.history.History;
import s3topostgres.load.LoadResult.Status;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.s3.DmsFile;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.Upload;

/**
 * Loads uploads into the target table and reports how that ended: in the log, the metrics, the
 * history, and to the caller. What one load does in the database is {@link LoadTransaction}.
 */
public final class Loader {
  /** Reserved of the function's time for the rollback, the record of the failure, the answer. */
  static final Duration MARGIN = Duration.ofSeconds(10);

  /** Of that, for the answer; if the network does not answer, the socket takes 2 s of it. */
  private static final Duration RECORD_MARGIN = Duration.ofSeconds(4);

  private static final String CORRECT_THE_SOURCE =
      "Correct the rows at the source and reload the table in DMS; the old rows are still there.";

  private static final Logger log = LoggerFactory.getLogger(Loader.class);

  private final LoadSettings settings;
  private final Database database;
  private final Missed missed;
  private final FileImports imports;
  private final LoadTransaction transaction;
  private final DryRun dryRun;

  public Loader(LoadSettings settings, CsvFormat format, S3Objects objects, Database database) {
    this.settings = settings;
    this.database = database;
    this.missed = new Missed(settings, objects, database);
    this.imports = FileImports.of(settings, format, objects);
    this.transaction =
        new LoadTransaction(imports, database, new DmsOrder(settings, missed, database));
    this.dryRun = new DryRun(imports, database);
  }

  /**
   * Loads one upload, unless it or something newer is in the table already.
   *
   * @param functionEnd when the function is killed
   * @param requestId of the invocation, for the history and the log
   * @throws LoadException when the load failed; the table is as it was, the failure is in the log
   *     and, if the database can be reached, in the history
   */
  public LoadResult load(Upload upload, Deadline functionEnd, String requestId) {
    Optional<String> ignored = imports.whyIgnored(upload);
    if (ignored.isPresent()) {
      return ignore(upload, ignored.get(), requestId);
    }
    return run(new LoadTask(upload, LoadTask.Kind.EVENT), functionEnd, requestId);
  }

  /** Does one step of what there is to do. */
  LoadResult run(LoadTask step, Deadline functionEnd, String requestId) {
    Upload upload = step.upload();
    TimeBudget budget = new TimeBudget(functionEnd.before(MARGIN));
    try (LoadProgress progress = new LoadProgress(step, settings.table().setting(), requestId)) {
      try {
        refuseOtherBuckets(upload);
        if (progress.isAnnounced()) {
          progress.step("looking-for-earlier-uploads");
          for (Upload earlier : missed.before(upload, budget)) {
            runEarlier(
                new LoadTask(earlier, LoadTask.Kind.BACKFILL), budget, functionEnd, requestId);
          }
        }
        LoadResult result = load(progress, budget, functionEnd);
        LoadLog.ended(progress, result);
        LoadMetrics.ended(result);
        return result;
      } catch (LoadException e) {
        LoadException failure =
            dryRun.explain(budget.retryableIfLate(e), progress, budget.deadline());
        throw failed(
            progress, functionEnd, advising(failure, upload).about(upload.object().toString()));
      } catch (RuntimeException e) {
        throw failed(progress, functionEnd, unexpected(e).about(upload.object().toString()));
      }
    }
  }

  /**
   * An upload that no retry can load does not delay others; but changes are lost that are left out.
   */
  private void runEarlier(
      LoadTask earlier, TimeBudget budget, Deadline functionEnd, String requestId) {
    try {
      run(earlier, functionEnd, requestId);
    } catch (LoadException e) {
      if (settings.mode() == Mode.CHANGES) {
        throw new LoadException(
                e.code(),
                "%s, which comes before it, cannot be loaded: %s"
                    .formatted(earlier.upload().object(), e.why()),
                e.whatToDo())
            .sqlState(e.sqlState().orElse(null));
      }
      if (e.code().retryHelps()) {
        throw e;
      }
    }
    budget.othersFirst();
  }

  /**
   * Notes that an event was not about a file to load.
   *
   * @param why for the log
   */
  public LoadResult ignore(Upload upload, String why, String requestId) {
    try (LoadProgress progress =
        new LoadProgress(
            new LoadTask(upload, LoadTask.Kind.EVENT), settings.table().setting(), requestId)) {
      LoadResult result = progress.ended(Status.IGNORED);
      progress.ignored(why);
      LoadLog.ended(progress, result);
      return result;
    }
  }

  /**
   * Notes that a record of an event says of no object that it was uploaded.
   *
   * @return the failure, for the caller to throw
   */
  public LoadException refuse(LoadException malformed, Deadline functionEnd, String requestId) {
    ObjectLocation unknown = new ObjectLocation("?", "?");
    Upload upload = Upload.unannounced(unknown, "");
    try (LoadProgress progress =
        new LoadProgress(
            new LoadTask(upload, LoadTask.Kind.EVENT), settings.table().setting(), requestId)) {
      return failed(progress, functionEnd, malformed);
    }
  }

  private LoadResult load(LoadProgress progress, TimeBudget budget, Deadline functionEnd) {
    boolean ordered = false;
    while (true) {
      Optional<LoadResult> result = transaction.run(progress, budget);
      if (result.isPresent()) {
        return result.get();
      }
      if (ordered || progress.earlier().isEmpty()) {
        budget.waitForOthers(progress);
      } else {
        ordered = true;
        for (LoadTask earlier : progress.earlier().get()) {
          runEarlier(earlier, budget, functionEnd, progress.requestId());
        }
      }
    }
  }

  /**
   * The first file of a full load, uploaded again, would begin another, without the other files.
   */
  private LoadException advising(LoadException failure, Upload upload) {
    boolean fullLoad =
        settings.mode() == Mode.CHANGES
            && failure.code() == ErrorCode.ROW_REJECTED
            && DmsFile.find(upload.object()).filter(DmsFile::isFullLoad).isPresent();
    return fullLoad
        ? failure.listing(failure.why(), CORRECT_THE_SOURCE, failure.faults())
        : failure;
  }

  private void refuseOtherBuckets(Upload upload) {
    settings
        .bucket()
        .filter(bucket -> !bucket.equals(upload.object().bucket()))
        .ifPresent(
            bucket -> {
              throw new LoadException(
                  ErrorCode.OBJECT_UNREADABLE,
                  "only objects of the bucket %s are loaded (S3_BUCKET_NAME)".formatted(bucket),
                  "Upload the file there, or correct S3_BUCKET_NAME.");
            });
  }

  /** The exception's own message may quote a cell; its stack is kept. */
  private static LoadException unexpected(RuntimeException e) {
    LoadException failure =
        new LoadException(
            ErrorCode.INTERNAL,
            "an unexpected " + e.getClass().getName(),
            "Report it with the stack in the function's log; the old rows are still there.");
    failure.setStackTrace(e.getStackTrace());
    return failure;
  }

  private LoadException failed(LoadProgress progress, Deadline functionEnd, LoadException failure) {
    LoadLog.failed(progress, failure);
    LoadMetrics.failed(progress, failure);
    if (settings.historyTable().isPresent()) {
      try (Session session = database.connectOnce(functionEnd.before(RECORD_MARGIN))) {
        History.open(session, settings).failed(session, progress.record(), failure);
      } catch (SQLException | RuntimeException e) {
        log.warn("the failure could not be recorded in the history");
      }
    }
    return failure;
  }
}
