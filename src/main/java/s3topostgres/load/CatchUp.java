package s3topostgres.load;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.Mode;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.Upload;

/**
 * Loads what was never loaded, because its event was lost or an outage outlasted its retries: what
 * is in the bucket, and the history does not know. Called by a schedule; may run beside loads and
 * beside itself.
 */
public final class CatchUp {
  /** How long an upload is left to its event: the function's time, and some for the delivery. */
  private static final Duration EVENT_GRACE_PERIOD = Duration.ofMinutes(20);

  private static final Logger log = LoggerFactory.getLogger(CatchUp.class);

  private final LoadSettings settings;
  private final Missed missed;
  private final DmsOrder dmsOrder;
  private final Loader loader;
  private final String region;

  /**
   * @param region of the bucket
   */
  public CatchUp(
      LoadSettings settings, S3Objects objects, Database database, Loader loader, String region) {
    this.settings = settings;
    this.missed = new Missed(settings, objects, database);
    this.dmsOrder = new DmsOrder(settings, missed, database);
    this.loader = loader;
    this.region = region;
  }

  /**
   * Looks for such uploads. Where a file is the whole table, the newest of each table that can be
   * loaded is, and the others need not be; otherwise all are, the oldest first. A full load of AWS
   * DMS is complete when no file of it has come for so long.
   *
   * @param now which makes uploads old enough
   * @param functionEnd when the function is killed
   * @throws LoadException the first failure with the others attached, whether or not another upload
   *     could be loaded
   */
  public List<LoadResult> run(Instant now, Deadline functionEnd, String requestId) {
    List<LoadResult> loads = new ArrayList<>();
    List<LoadException> failures = new ArrayList<>();
    TimeBudget budget = new TimeBudget(functionEnd.before(Loader.MARGIN));
    for (List<LoadTask> ofOneTable : missed(now, budget)) {
      load(ofOneTable, functionEnd, budget, requestId, loads, failures);
    }
    LoadException.throwFirst(failures);
    return loads;
  }

  private void load(
      List<LoadTask> ofOneTable,
      Deadline functionEnd,
      TimeBudget budget,
      String requestId,
      List<LoadResult> loads,
      List<LoadException> failures) {
    boolean oneIsEnough = settings.mode().isWholeTable();
    for (LoadTask step : ofOneTable) {
      if (budget.latestStart().passed()) {
        return;
      }
      try {
        loads.add(loader.run(step, functionEnd, requestId));
        if (oneIsEnough) {
          return;
        }
      } catch (LoadException e) {
        failures.add(e);
        // Another file may be good where this one is bad. No other cause goes away with another
        // file.
        if (e.code().owner() != ErrorCode.Owner.SENDER || settings.mode() == Mode.CHANGES) {
          return;
        }
      }
    }
  }

  /** For each table, in the order in which they are to be tried. */
  private List<List<LoadTask>> missed(Instant now, TimeBudget budget) {
    if (settings.historyTable().isEmpty()) {
      throw impossible(
          "with HISTORY_TABLE=off, it is not known what was loaded, so nothing is caught up on",
          "Name a table in HISTORY_TABLE, or deploy with CATCH_UP_EVERY=never.");
    }
    String bucket =
        settings
            .bucket()
            .orElseThrow(
                () -> impossible("S3_BUCKET_NAME is not set", "Name the bucket to look into."));
    Instant end = now.minus(EVENT_GRACE_PERIOD);
    List<ListedObject> all = missed.files(bucket, budget);
    List<ListedObject> files =
        all.stream().filter(object -> object.modified().isBefore(end)).toList();
    List<List<LoadTask>> steps =
        settings.mode() == Mode.CHANGES
            ? dmsOrder.missing(all, end, region, budget)
            : missed.among(files, region, budget).stream().map(this::inOrder).toList();
    log.info(
        "catching up: {} of {} files in s3://{}/{} were never loaded",
        steps.stream()
            .flatMap(List::stream)
            .filter(step -> step.kind() == LoadTask.Kind.BACKFILL)
            .count(),
        files.size(),
        bucket,
        settings.objectKeys().prefix());
    return steps;
  }

  /**
   * @param uploads the newest first
   */
  private List<LoadTask> inOrder(List<Upload> uploads) {
    List<LoadTask> steps = new ArrayList<>();
    uploads.forEach(upload -> steps.add(new LoadTask(upload, LoadTask.Kind.BACKFILL)));
    if (!settings.mode().isWholeTable()) {
      Collections.reverse(steps);
    }
    return steps;
  }

  private static LoadException impossible(String why, String whatToDo) {
    return new LoadException(ErrorCode.CONFIG_INVALID, why, whatToDo);
  }
}
