package s3topostgres.load;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    Deadline end = functionEnd.before(Loader.MARGIN);
    Deadline latestStart = Loader.latestStart(end);
    for (List<Upload> uploads : missed(now, end, latestStart)) {
      for (Upload upload : uploads) {
        if (latestStart.passed()) {
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

  /** By table. */
  private Collection<List<Upload>> missed(Instant now, Deadline end, Deadline latestStart) {
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
        objects.list(bucket, settings.keys().prefix(), end.left()).stream()
            .filter(object -> object.location().isCsv())
            .filter(object -> settings.keys().match(object.location().key()).isPresent())
            .filter(object -> object.modified().isBefore(now.minus(LEFT_TO_THE_EVENT)))
            .toList();
    Map<String, List<Upload>> missed =
        files.isEmpty() ? Map.of() : missed(files, history, end, latestStart);
    log.info(
        "catching up: {} of {} files in s3://{}/{} were never loaded",
        missed.values().stream().mapToInt(List::size).sum(),
        files.size(),
        bucket,
        settings.keys().prefix());
    return missed.values();
  }

  private Map<String, List<Upload>> missed(
      List<ListedObject> files, String historyTable, Deadline end, Deadline latestStart) {
    try (Session session = database.connect(end, latestStart)) {
      Optional<History> history = History.existing(session, historyTable);
      if (history.isEmpty()) {
        return Map.of();
      }
      return history.get().missed(session, region, byTable(session, files));
    } catch (SQLException e) {
      throw SqlErrors.translate(e, end);
    }
  }

  /** A file that names no table failed for that, or will; its event says so. */
  private Map<ListedObject, String> byTable(Session session, List<ListedObject> files)
      throws SQLException {
    Map<Map<String, String>, Optional<String>> known = new HashMap<>();
    Map<ListedObject, String> tables = new LinkedHashMap<>();
    for (ListedObject file : files) {
      Map<String, String> names = settings.keys().match(file.location().key()).orElseThrow();
      if (!known.containsKey(names)) {
        known.put(names, table(session, names));
      }
      known.get(names).ifPresent(table -> tables.put(file, table));
    }
    return tables;
  }

  private Optional<String> table(Session session, Map<String, String> names) throws SQLException {
    try {
      return Optional.of(TargetTable.resolve(session, settings.table(), names).name());
    } catch (LoadException e) {
      if (!settings.table().dependsOnKey()) {
        throw e;
      }
      return Optional.empty();
    }
  }

  private static LoadException impossible(String why, String whatToDo) {
    return new LoadException(ErrorCode.CONFIG_INVALID, why, whatToDo);
  }
}
