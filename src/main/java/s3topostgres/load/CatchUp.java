package s3topostgres.load;

import static java.util.stream.Collectors.groupingBy;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.history.MissedUploads;
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
   * Looks for such uploads, and loads the newest of each table that can be loaded. The table holds
   * the newest file then, so the others need not be loaded.
   *
   * @param now which makes uploads old enough
   * @param functionEnd when the function is killed
   * @return one result for a table at the most
   * @throws LoadException the first failure with the others attached, whether or not an older
   *     upload could be loaded
   */
  public List<LoadResult> run(Instant now, Deadline functionEnd, String requestId) {
    List<LoadResult> loads = new ArrayList<>();
    List<LoadException> failures = new ArrayList<>();
    Patience patience = new Patience(functionEnd.before(Loader.MARGIN));
    for (List<Upload> ofOneTable : missed(now, patience)) {
      for (Upload upload : ofOneTable) {
        if (patience.latestStart().passed()) {
          break;
        }
        try {
          loads.add(loader.load(upload, functionEnd, requestId));
          break;
        } catch (LoadException e) {
          failures.add(e);
          // An older file may be good where this one is bad. Nothing else is mended by another.
          if (e.code().owner() != ErrorCode.Owner.SENDER) {
            break;
          }
        }
      }
    }
    LoadException.throwFirst(failures);
    return loads;
  }

  /** For each table, the newest first. */
  private List<List<Upload>> missed(Instant now, Patience patience) {
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
        objects.list(bucket, settings.keys().prefix(), patience.deadline().left()).stream()
            .filter(object -> object.location().isCsv())
            .filter(object -> settings.keys().match(object.location().key()).isPresent())
            .filter(object -> object.modified().isBefore(now.minus(LEFT_TO_THE_EVENT)))
            .toList();
    List<List<Upload>> missed = files.isEmpty() ? List.of() : missed(files, history, patience);
    log.info(
        "catching up: {} of {} files in s3://{}/{} were never loaded",
        missed.stream().mapToInt(List::size).sum(),
        files.size(),
        bucket,
        settings.keys().prefix());
    return missed;
  }

  private List<List<Upload>> missed(
      List<ListedObject> files, String historyTable, Patience patience) {
    Deadline end = patience.deadline();
    try (Session session = database.connect(end, patience.latestStart())) {
      List<List<Upload>> missed = new ArrayList<>();
      for (Map.Entry<String, List<ListedObject>> table : byTable(session, files).entrySet()) {
        missed.add(
            MissedUploads.find(session, historyTable, table.getKey(), region, table.getValue()));
      }
      return missed;
    } catch (SQLException e) {
      throw SqlErrors.translate(e, end);
    }
  }

  /** Without the files whose keys name no table: their events have failed, or will. */
  private Map<String, List<ListedObject>> byTable(Session session, List<ListedObject> files)
      throws SQLException {
    Map<Map<String, String>, List<ListedObject>> byNames =
        files.stream()
            .collect(
                groupingBy(file -> settings.keys().match(file.location().key()).orElseThrow()));
    Map<String, List<ListedObject>> byTable = new TreeMap<>();
    for (Map.Entry<Map<String, String>, List<ListedObject>> names : byNames.entrySet()) {
      try {
        String table = TargetTable.resolve(session, settings.table(), names.getKey()).name();
        byTable.computeIfAbsent(table, name -> new ArrayList<>()).addAll(names.getValue());
      } catch (LoadException e) {
        if (!settings.table().dependsOnKey()) {
          throw e;
        }
      }
    }
    return byTable;
  }

  private static LoadException impossible(String why, String whatToDo) {
    return new LoadException(ErrorCode.CONFIG_INVALID, why, whatToDo);
  }
}
