package s3topostgres.load;

import static java.util.stream.Collectors.groupingBy;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.Mode;
import s3topostgres.history.Backlog;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.Upload;

/** What is in the bucket, and the history does not know. */
final class Missed {
  private final LoadSettings settings;
  private final S3Objects objects;
  private final Database database;

  Missed(LoadSettings settings, S3Objects objects, Database database) {
    this.settings = settings;
    this.objects = objects;
    this.database = database;
  }

  /** All files of a bucket that can be loaded, by their keys. */
  List<ListedObject> files(String bucket, TimeBudget budget) {
    return files(bucket, settings.objectKeys().prefix(), budget);
  }

  /** Those whose keys begin like that. */
  List<ListedObject> files(String bucket, String beginning, TimeBudget budget) {
    return objects.list(bucket, beginning, budget.deadline().left()).stream()
        .filter(object -> object.location().isCsv())
        .filter(object -> settings.match(object.location().key()).isPresent())
        .toList();
  }

  /**
   * Those that are to be loaded after all, for each table, the newest first.
   *
   * @param region of the bucket
   */
  List<List<Upload>> among(List<ListedObject> files, String region, TimeBudget budget) {
    return files.isEmpty() ? List.of() : among(files, table -> true, region, budget);
  }

  private List<List<Upload>> among(
      List<ListedObject> files,
      Predicate<List<ListedObject>> ofTable,
      String region,
      TimeBudget budget) {
    try (Session session = database.connect(budget.deadline(), budget.latestStart())) {
      List<List<Upload>> missed = new ArrayList<>();
      for (Map.Entry<String, List<ListedObject>> table : byTable(session, files).entrySet()) {
        if (ofTable.test(table.getValue())) {
          missed.add(Backlog.find(session, settings, table.getKey(), region, table.getValue()));
        }
      }
      return missed;
    } catch (SQLException e) {
      throw SqlErrors.translate(e, budget.deadline());
    }
  }

  /** Without the files whose keys name no table: their events have failed, or will. */
  Map<String, List<ListedObject>> byTable(Session session, List<ListedObject> files)
      throws SQLException {
    Map<Map<String, String>, List<ListedObject>> byNames =
        files.stream().collect(groupingBy(file -> names(file.location())));
    Map<String, List<ListedObject>> byTable = new TreeMap<>();
    for (Map.Entry<Map<String, String>, List<ListedObject>> names : byNames.entrySet()) {
      try {
        String table = TargetTable.resolve(session, settings.table(), names.getKey()).name();
        byTable.computeIfAbsent(table, name -> new ArrayList<>()).addAll(names.getValue());
      } catch (LoadException e) {
        if (!settings.table().dependsOnObjectKey()) {
          throw e;
        }
      }
    }
    return byTable;
  }

  Map<String, String> names(ObjectLocation object) {
    return settings.objectKeys().match(object.key()).orElseThrow();
  }

  /**
   * Where the order of uploads matters, those for the same table that were finished before one and
   * are to be loaded before it, the oldest first. Uploads of the same second have no order.
   */
  List<Upload> before(Upload upload, TimeBudget budget) {
    if (settings.mode() != Mode.UPSERT
        || settings.historyTable().isEmpty()
        || upload.sequencer().isEmpty()
        || upload.found()) {
      return List.of();
    }
    List<ListedObject> files = files(upload.object().bucket(), budget);
    Optional<ListedObject> own =
        files.stream().filter(file -> file.location().equals(upload.object())).findFirst();
    List<ListedObject> earlier =
        files.stream()
            .filter(file -> own.filter(it -> file.modified().isBefore(it.modified())).isPresent())
            .filter(file -> mayBeOfOneTable(file.location(), upload.object()))
            .toList();
    if (earlier.isEmpty()) {
      return List.of();
    }
    List<ListedObject> withOwn = new ArrayList<>(earlier);
    withOwn.add(own.orElseThrow());
    List<Upload> missed =
        new ArrayList<>(
            among(withOwn, ofTable -> ofTable.contains(own.get()), upload.region(), budget).stream()
                .flatMap(List::stream)
                .filter(found -> !found.object().equals(upload.object()))
                .toList());
    Collections.reverse(missed);
    return missed;
  }

  /** Keys may spell a table in several ways. */
  private boolean mayBeOfOneTable(ObjectLocation one, ObjectLocation other) {
    return settings.table().loosest(names(one)).equals(settings.table().loosest(names(other)));
  }
}
