package s3topostgres.order;

import static java.util.stream.Collectors.groupingBy;

import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.history.Backlog;
import s3topostgres.history.History;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.Upload;

/** Lists the files of a bucket that the settings load, and divides them by their target tables. */
public record BucketListing(LoadSettings settings, S3Objects objects) {

  /** All files of a bucket that can be loaded, in the order of their object keys. */
  public List<ListedObject> files(String bucket, Deadline deadline) {
    return files(bucket, settings.objectKeys().prefix(), deadline);
  }

  /** The files of a bucket that can be loaded, and whose object keys begin with a prefix. */
  public List<ListedObject> files(String bucket, String prefix, Deadline deadline) {
    return objects.list(bucket, prefix, deadline.left()).stream()
        .filter(object -> object.location().isCsv())
        .filter(object -> settings.match(object.location().key()).isPresent())
        .toList();
  }

  /** The values of the names in {@code S3_KEY_PATTERN} for the object key of a file. */
  public Map<String, String> values(ObjectLocation object) {
    return settings.objectKeys().match(object.key()).orElseThrow();
  }

  /** Whether two files may be for one table, which object keys may spell in several ways. */
  boolean mayBeOfOneTable(ObjectLocation one, ObjectLocation other) {
    return settings.table().loosest(values(one)).equals(settings.table().loosest(values(other)));
  }

  /**
   * Divides files by their target tables. Files whose object keys name no table are left out: their
   * events have failed, or will.
   */
  public Map<String, List<ListedObject>> byTable(Session session, List<ListedObject> files)
      throws SQLException {
    Map<Map<String, String>, List<ListedObject>> byValues =
        files.stream().collect(groupingBy(file -> values(file.location())));
    Map<String, List<ListedObject>> byTable = new TreeMap<>();
    for (Map.Entry<Map<String, String>, List<ListedObject>> entry : byValues.entrySet()) {
      try {
        String table = TargetTable.resolve(session, settings.table(), entry.getKey()).name();
        byTable.computeIfAbsent(table, name -> new ArrayList<>()).addAll(entry.getValue());
      } catch (LoadException e) {
        if (!settings.table().dependsOnObjectKey()) {
          throw e;
        }
      }
    }
    return byTable;
  }

  /**
   * Finds the files of each table that were never loaded: newest first where a file is the whole
   * table, otherwise oldest first.
   *
   * @param end files uploaded from then on are left out
   */
  List<List<LoadTask>> backlog(
      Session session,
      History history,
      List<ListedObject> files,
      Instant end,
      String region,
      boolean wholeTable)
      throws SQLException {
    List<ListedObject> old = files.stream().filter(file -> file.modified().isBefore(end)).toList();
    List<List<LoadTask>> backlog = new ArrayList<>();
    for (Map.Entry<String, List<ListedObject>> table : byTable(session, old).entrySet()) {
      backlog.add(tasks(session, history, table.getKey(), wholeTable, region, table.getValue()));
    }
    return backlog;
  }

  /**
   * Finds files that were never loaded, and are for the same table as another file, oldest first.
   */
  List<LoadTask> backlogOfTable(
      Session session, History history, ListedObject other, List<ListedObject> files, String region)
      throws SQLException {
    List<ListedObject> withOther = new ArrayList<>(files);
    withOther.add(other);
    for (Map.Entry<String, List<ListedObject>> table : byTable(session, withOther).entrySet()) {
      if (table.getValue().remove(other)) {
        return tasks(session, history, table.getKey(), false, region, table.getValue());
      }
    }
    return List.of();
  }

  private static List<LoadTask> tasks(
      Session session,
      History history,
      String table,
      boolean wholeTable,
      String region,
      List<ListedObject> files)
      throws SQLException {
    List<LoadTask> tasks = new ArrayList<>();
    for (Upload upload : Backlog.find(session, history, table, wholeTable, region, files)) {
      tasks.add(FileTask.ofBacklog(upload));
    }
    if (!wholeTable) {
      Collections.reverse(tasks);
    }
    return tasks;
  }
}
