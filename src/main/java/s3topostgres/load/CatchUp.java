package s3topostgres.load;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.history.History;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.Objects;
import s3topostgres.s3.Upload;

/**
 * Loads what was never loaded, because its event was lost or all tries of it fell into an outage:
 * what is in the bucket, and the history does not know. Called by a schedule; may run beside loads
 * and beside itself.
 */
public final class CatchUp {
  /** So long an upload is left to its event: the function's time, and some for the delivery. */
  private static final Duration LEFT_TO_THE_EVENT = Duration.ofMinutes(20);

  private static final Logger log = LoggerFactory.getLogger(CatchUp.class);

  private final LoadSettings settings;
  private final Objects objects;
  private final Database database;
  private final Loader loader;
  private final String region;

  /**
   * @param region of the bucket
   */
  public CatchUp(
      LoadSettings settings, Objects objects, Database database, Loader loader, String region) {
    this.settings = settings;
    this.objects = objects;
    this.database = database;
    this.loader = loader;
    this.region = region;
  }

  /**
   * Looks for such uploads, and loads the newest that can be loaded. The table holds the newest
   * file then, so the others need not be loaded.
   *
   * @param now which makes uploads old enough
   * @param functionEnd when the function is killed
   * @return one result at the most
   * @throws LoadException the first failure with the others attached, whether or not an older
   *     upload could be loaded
   */
  public List<LoadResult> run(Instant now, Deadline functionEnd, String requestId) {
    List<LoadResult> loads = new ArrayList<>();
    List<LoadException> failures = new ArrayList<>();
    Deadline end = functionEnd.before(Loader.MARGIN);
    Deadline latestStart = Loader.latestStart(end);
    for (Upload upload : missed(now, end, latestStart)) {
      if (!loads.isEmpty() || latestStart.passed()) {
        break;
      }
      try {
        loads.add(loader.load(upload, functionEnd, requestId));
      } catch (LoadException e) {
        failures.add(e);
        // An older file may be good where this one is bad. Nothing else is mended by another file.
        if (e.code().owner() != ErrorCode.Owner.SENDER) {
          break;
        }
      }
    }
    LoadException.throwFirst(failures);
    return loads;
  }

  private List<Upload> missed(Instant now, Deadline end, Deadline latestStart) {
    String history =
        settings
            .historyTable()
            .orElseThrow(
                () ->
                    impossible(
                        "with HISTORY_TABLE=off nobody knows what was loaded, so nothing is caught"
                            + " up on",
                        "Name a table in HISTORY_TABLE, or deploy with CATCH_UP_EVERY=never."));
    String bucket =
        settings
            .bucket()
            .orElseThrow(
                () -> impossible("S3_BUCKET_NAME is not set", "Name the bucket to look into."));
    List<ListedObject> files =
        objects.list(bucket, end.left()).stream()
            .filter(object -> object.location().isCsv())
            .filter(object -> object.modified().isBefore(now.minus(LEFT_TO_THE_EVENT)))
            .toList();
    List<Upload> missed = files.isEmpty() ? List.of() : missed(files, history, end, latestStart);
    log.info(
        "catching up: {} of {} files in s3://{} were never loaded",
        missed.size(),
        files.size(),
        bucket);
    return missed;
  }

  private List<Upload> missed(
      List<ListedObject> files, String historyTable, Deadline end, Deadline latestStart) {
    try (Session session = database.connect(end, latestStart)) {
      Optional<History> history = History.existing(session, historyTable);
      if (history.isEmpty()) {
        return List.of();
      }
      TargetTable table = TargetTable.resolve(session, settings.table());
      return history.get().missed(session, table.name(), region, files);
    } catch (SQLException e) {
      throw SqlErrors.translate(e, end);
    }
  }

  private static LoadException impossible(String why, String whatToDo) {
    return new LoadException(ErrorCode.CONFIG_INVALID, why, whatToDo);
  }
}
