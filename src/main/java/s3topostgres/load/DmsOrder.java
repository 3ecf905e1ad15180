package s3topostgres.load;

import static java.util.stream.Collectors.partitioningBy;

import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import s3topostgres.config.LoadSettings;
import s3topostgres.history.AppliedFiles;
import s3topostgres.history.AppliedFiles.Position;
import s3topostgres.history.History;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.s3.DmsFile;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.Upload;

/**
 * The order of the files of AWS DMS for a table: the full load first, then the changes by the time
 * in their names. Between the two the rows go that are in none of the full load's files.
 *
 * <p>DMS writes changes of a table when its full load is complete, one file after the other, and
 * S3's list shows what was written before it is asked for. So what a file has to wait for is in the
 * bucket when the file is.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel">
 *     S3's consistency model</a>
 */
final class DmsOrder {
  private static final Comparator<ListedObject> BY_UPLOAD =
      Comparator.comparing(ListedObject::modified).thenComparing(file -> file.location().key());

  private final LoadSettings settings;
  private final Missed missed;
  private final Database database;

  DmsOrder(LoadSettings settings, Missed missed, Database database) {
    this.settings = settings;
    this.missed = missed;
    this.database = database;
  }

  /** What is to be done before a file is loaded that is neither known nor stale, in order. */
  List<LoadTask> before(AppliedFiles applied, Upload upload, TimeBudget budget)
      throws SQLException {
    DmsFile own = DmsFile.of(upload.object());
    Map<String, String> names = missed.names(upload.object());
    Files files =
        Files.among(
            missed
                .files(upload.object().bucket(), settings.objectKeys().beginning(names), budget)
                .stream()
                .filter(file -> missed.names(file.location()).equals(names))
                .toList());
    if (own.isFullLoad()) {
      return loads(applied.missing(files.fullLoadBefore(upload), upload.region()));
    }
    Position position = applied.position();
    // A full load that came later is loaded by its own event.
    Instant end = position.none() ? Instant.MAX : upload.eventTime().orElse(Instant.MAX);
    List<ListedObject> fullLoad =
        files.fullLoad.stream().filter(file -> !file.modified().isAfter(end)).toList();
    Files before = new Files(fullLoad, files.changesUntil(own.time().orElseThrow()));
    return steps(applied, position, before, upload.region(), true);
  }

  /**
   * For each table that the history knows what is to be done, in order. A table is left alone where
   * a file failed for a reason that a retry does not change.
   *
   * @param end files that were uploaded later are left to their events; and a full load with such a
   *     file may not be complete
   * @param region of the bucket
   */
  List<List<LoadTask>> missing(
      List<ListedObject> files, Instant end, String region, TimeBudget budget) {
    try (Session session = database.connect(budget.deadline(), budget.latestStart())) {
      History history = History.open(session, settings);
      List<List<LoadTask>> missing = new ArrayList<>();
      for (Map.Entry<String, List<ListedObject>> table :
          missed.byTable(session, files).entrySet()) {
        AppliedFiles applied = history.applied(session, table.getKey());
        List<LoadTask> steps = missing(applied, Files.among(table.getValue()), end, region);
        if (!steps.isEmpty() && !applied.hasFailedForGood(steps.get(0).upload())) {
          missing.add(steps);
        }
      }
      return missing;
    } catch (SQLException e) {
      throw SqlErrors.translate(e, budget.deadline());
    }
  }

  private static List<LoadTask> missing(
      AppliedFiles applied, Files files, Instant end, String region) throws SQLException {
    Position position = applied.position();
    if (position.none()) {
      return List.of();
    }
    Files old = files.until(end);
    boolean quiet = old.fullLoad.size() == files.fullLoad.size();
    return steps(applied, position, old, region, quiet);
  }

  /**
   * @param complete whether no more files of the full load are to come; if they are, changes wait
   */
  private static List<LoadTask> steps(
      AppliedFiles applied, Position position, Files files, String region, boolean complete)
      throws SQLException {
    List<Upload> missing = applied.missing(files.fullLoad, region);
    List<LoadTask> steps = new ArrayList<>(loads(missing));
    if (!complete) {
      return steps;
    }
    if (!missing.isEmpty() || position.isFullLoadOpen()) {
      List<Upload> loaded = missing.isEmpty() ? applied.fullLoad(region).files() : missing;
      steps.add(new LoadTask(loaded.get(loaded.size() - 1), LoadTask.Kind.FINISH_FULL_LOAD));
    }
    List<Upload> changes =
        files.changes.stream()
            .filter(file -> !position.isBehind(time(file)))
            .sorted(Comparator.comparing(DmsOrder::time))
            .map(file -> file.upload(region))
            .toList();
    int stale = 0;
    while (stale < changes.size() && applied.isStale(changes.get(stale))) {
      stale++;
    }
    steps.addAll(loads(changes.subList(stale, changes.size())));
    return steps;
  }

  private static String time(ListedObject file) {
    return DmsFile.of(file.location()).time().orElseThrow();
  }

  private static List<LoadTask> loads(List<Upload> uploads) {
    return uploads.stream().map(upload -> new LoadTask(upload, LoadTask.Kind.BACKFILL)).toList();
  }

  /** DMS's files for a table. */
  private record Files(List<ListedObject> fullLoad, List<ListedObject> changes) {

    static Files among(List<ListedObject> all) {
      Map<Boolean, List<ListedObject>> byKind =
          all.stream()
              .filter(file -> DmsFile.find(file.location()).isPresent())
              .collect(partitioningBy(file -> DmsFile.of(file.location()).isFullLoad()));
      return new Files(byKind.get(true), byKind.get(false));
    }

    Files until(Instant end) {
      return new Files(
          fullLoad.stream().filter(file -> file.modified().isBefore(end)).toList(),
          changes.stream().filter(file -> file.modified().isBefore(end)).toList());
    }

    List<ListedObject> changesUntil(String time) {
      return changes.stream().filter(file -> time(file).compareTo(time) < 0).toList();
    }

    List<ListedObject> fullLoadBefore(Upload upload) {
      Optional<ListedObject> own =
          fullLoad.stream().filter(file -> file.location().equals(upload.object())).findFirst();
      return fullLoad.stream()
          .filter(file -> own.filter(other -> BY_UPLOAD.compare(file, other) < 0).isPresent())
          .toList();
    }
  }
}
