package s3topostgres.order;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.order.FileTask.Origin;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.Notification;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.Upload;

/** Lists the files of a bucket that the settings load, and divides them by their target tables. */
public record BucketListing(LoadSettings settings, S3Objects objects) {

  /** What S3 creates an object by, which {@code s3:ObjectCreated:*} comprises. */
  private static final List<String> EVENTS =
      Stream.of("Put", "Post", "Copy", "CompleteMultipartUpload")
          .map("s3:ObjectCreated:"::concat)
          .toList();

  /** Takes a page of a bucket's list. */
  @FunctionalInterface
  public interface Page {
    void take(List<ListedObject> files) throws SQLException;
  }

  /**
   * Lists the files of a bucket that can be loaded, page by page, in the order of their object
   * keys.
   */
  public void pages(String bucket, Deadline deadline, Page page) throws SQLException {
    objects.list(
        bucket,
        settings.objectKeys().prefix(),
        "",
        deadline::left,
        objects -> page.take(objects.stream().filter(this::isFile).toList()));
  }

  /**
   * The files of a bucket that can be loaded, and whose object keys begin with a prefix.
   *
   * @param after the object key behind which the list begins; empty for all of the prefix
   */
  public List<ListedObject> files(String bucket, String prefix, String after, Deadline deadline) {
    List<ListedObject> files = new ArrayList<>();
    objects.list(
        bucket,
        prefix,
        after,
        deadline::left,
        page -> page.stream().filter(this::isFile).forEach(files::add));
    return files;
  }

  /**
   * Checks whether a bucket notifies a function of all files that it loads.
   *
   * @param function its name
   * @param limit for all attempts together
   * @throws LoadException {@code CONFIG_INVALID} when it does not; {@code OBJECT_UNREADABLE} or
   *     {@code S3_UNAVAILABLE} when that cannot be read
   */
  public void checkNotifications(String bucket, String function, Duration limit) {
    List<Notification> notifications = objects.notifications(bucket, limit);
    String prefix = settings.objectKeys().prefix();
    List<String> untold =
        settings.suffixes().stream()
            .filter(
                suffix ->
                    !EVENTS.stream()
                        .allMatch(
                            event ->
                                notifications.stream()
                                    .anyMatch(any -> any.tells(function, event, prefix, suffix))))
            .toList();
    if (!untold.isEmpty()) {
      throw ErrorCode.CONFIG_INVALID.failure(
          "s3://%s/%s does not notify the function %s of all new objects that end in %s"
              .formatted(bucket, prefix, function, String.join(", ", untold)),
          "Deploy again, which puts the notifications back; until then, uploads are loaded by catchUp only."
              + " Who removes them is in deploy.md, \"The bucket's notification\".");
    }
  }

  /**
   * The files of a bucket that can be loaded, if one request lists all objects; otherwise empty.
   */
  Optional<List<ListedObject>> few(String bucket, Deadline deadline) {
    return objects
        .listFew(bucket, settings.objectKeys().prefix(), deadline.left())
        .map(found -> found.stream().filter(this::isFile).toList());
  }

  private boolean isFile(ListedObject object) {
    String key = object.location().key();
    return (object.location().isCsv() || settings.setMarker().is(key))
        && settings.match(key).isPresent();
  }

  /** The values of the names in {@code S3_KEY_PATTERN} for the object key of a file. */
  public Map<String, String> values(ObjectLocation object) {
    return settings.match(object.key()).orElseThrow();
  }

  /** The task of loading an upload: a file, or the marker of a set. */
  public LoadTask task(Upload upload, Origin origin) {
    return settings.setMarker().is(upload.object().key())
        ? new SetTask(upload, origin)
        : new FileTask(upload, origin);
  }

  /** Whether two files may be for one table, which object keys may spell in several ways. */
  boolean mayBeOfOneTable(ObjectLocation one, ObjectLocation other) {
    return settings.table().loosest(values(one)).equals(settings.table().loosest(values(other)));
  }

  /**
   * Divides files by their target tables. Files whose object keys name no table are left out: their
   * events have failed, or will.
   *
   * @param known the tables' names by the values in object keys, as far as they were looked up;
   *     empty for those that name no table
   */
  public Map<String, List<ListedObject>> byTable(
      Session session, List<ListedObject> files, Map<Map<String, String>, Optional<String>> known)
      throws SQLException {
    Map<String, List<ListedObject>> byTable = new TreeMap<>();
    for (ListedObject file : files) {
      Map<String, String> values = values(file.location());
      if (!known.containsKey(values)) {
        known.put(values, table(session, values));
      }
      known
          .get(values)
          .ifPresent(table -> byTable.computeIfAbsent(table, name -> new ArrayList<>()).add(file));
    }
    return byTable;
  }

  private Optional<String> table(Session session, Map<String, String> values) throws SQLException {
    try {
      return Optional.of(TargetTable.resolve(session, settings.table(), values).name());
    } catch (LoadException e) {
      if (!settings.table().dependsOnObjectKey()) {
        throw e;
      }
      return Optional.empty();
    }
  }
}
