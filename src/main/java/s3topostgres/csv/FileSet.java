package s3topostgres.csv;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;

import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.SetMarker;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * The files of a set: those in the folder of its marker, in the order of their object keys.
 *
 * @param upload of the marker
 * @param marker as the bucket lists it
 * @param listed all files of the folder
 * @param parts those that are loaded
 */
public record FileSet(
    FileImports imports,
    Upload upload,
    ListedObject marker,
    List<ListedObject> listed,
    List<ListedObject> parts) {

  /** Between requests to S3: the server ends a transaction that is idle for too long. */
  static final String KEEP_OPEN = "SELECT 1";

  /**
   * Lists the folder of a marker.
   *
   * @throws LoadException {@code OBJECT_UNREADABLE} when the marker is gone, or there is no file;
   *     {@code CONFIG_INVALID} when the folder holds another set
   */
  public static FileSet list(FileImports imports, Session session, Upload upload)
      throws SQLException {
    List<ListedObject> all = objects(imports, session, upload);
    ListedObject marker =
        all.stream()
            .filter(object -> object.location().equals(upload.object()))
            .findFirst()
            .orElseThrow(
                () ->
                    ErrorCode.OBJECT_UNREADABLE.failure(
                        "there is no such object any more",
                        "Put it there again when all files of the folder are; nothing was changed."));
    refuseOtherSet(imports.settings(), all, upload);
    List<ListedObject> files = files(imports.settings(), all, upload);
    if (files.isEmpty()) {
      throw ErrorCode.OBJECT_UNREADABLE.failure(
          "there is no file in its folder",
          "Put this object there when all files are; nothing was changed.");
    }
    return new FileSet(imports, upload, marker, files, files);
  }

  private static List<ListedObject> objects(FileImports imports, Session session, Upload upload)
      throws SQLException {
    List<ListedObject> objects = new ArrayList<>();
    imports
        .objects()
        .list(
            upload.object().bucket(),
            SetMarker.folder(upload.object().key()),
            "",
            session.deadline()::left,
            page -> {
              session.execute(KEEP_OPEN);
              objects.addAll(page);
            });
    return objects;
  }

  /** Keeps the files, which are for the same table as the marker. */
  private static List<ListedObject> files(
      LoadSettings settings, List<ListedObject> all, Upload upload) {
    Optional<Map<String, String>> values = settings.match(upload.object().key());
    Set<String> firstOfExports =
        all.stream()
            .flatMap(object -> SetMarker.firstOfExport(object.location().key()).stream())
            .collect(toSet());
    return all.stream()
        .filter(object -> !object.location().equals(upload.object()))
        .filter(object -> !settings.isResult(object.location().key()))
        .filter(
            object ->
                SetMarker.mayBelong(object.location().key())
                    || firstOfExports.contains(object.location().key()))
        .filter(object -> settings.objectKeys().matchPart(object.location().key()).equals(values))
        .toList();
  }

  private static void refuseOtherSet(LoadSettings settings, List<ListedObject> all, Upload upload) {
    for (ListedObject object : all) {
      String key = object.location().key();
      if (!object.location().equals(upload.object())
          && settings.setMarker().is(key)
          && settings.match(key).equals(settings.match(upload.object().key()))) {
        throw ErrorCode.CONFIG_INVALID.failure(
            "its folder holds another set, that of %s".formatted(object.location()),
            "Have each job write into a folder that is in no other's.");
      }
    }
  }

  /** Keeps the parts that a collection has. */
  public FileSet only(Collection<ListedObject> some) {
    return new FileSet(
        imports, upload, marker, listed, parts.stream().filter(some::contains).toList());
  }

  /** The set as if it were one object: with the marker's ETag and the size of all parts. */
  public StoredObject object() {
    return new StoredObject(
        parts.stream().mapToLong(ListedObject::size).sum(),
        marker.etag(),
        marker.modified(),
        Optional.empty(),
        Optional.empty(),
        new byte[0]);
  }

  /**
   * Matches the fields of each part to columns.
   *
   * @param minRows how many rows they must have together
   * @throws LoadException {@code OBJECT_UNREADABLE} when a part is newer than the marker, or has
   *     changed since it was listed; {@code HEADER_MISMATCH} when the fields do not fit the table,
   *     or two parts have different columns
   */
  public MultiFileImport open(Session session, TargetTable table, long minRows)
      throws SQLException {
    refuseNewerParts();
    List<FileImport> files =
        new PartOpener(imports, session, table, upload)
            .open(parts.stream().filter(part -> part.size() > 0).toList());
    if (files.isEmpty()) {
      throw ErrorCode.OBJECT_UNREADABLE.failure(
          parts.isEmpty()
              ? "all files in its folder are loaded"
              : "all files in its folder are empty",
          "Check the job that writes them.");
    }
    return new MultiFileImport(session, upload.object(), folder(), files, minRows, true);
  }

  /** The marker does not speak for files that came after it. S3's times are in whole seconds. */
  private void refuseNewerParts() {
    Instant complete =
        Stream.concat(upload.eventTime().stream(), Stream.of(marker.modified()))
            .max(Instant::compareTo)
            .orElseThrow()
            .plusSeconds(1);
    for (ListedObject part : parts) {
      if (part.modified().isAfter(complete)) {
        throw ErrorCode.OBJECT_UNREADABLE
            .failure(
                "it was uploaded after the marker, which says that all files of the folder are there",
                "Put the marker there again, as the last object. If a job writes the folder now, its"
                    + " marker follows. Nothing was changed.")
            .ofPart(name(part));
      }
    }
  }

  /**
   * Lists the folder again after the import.
   *
   * @throws LoadException {@code OBJECT_UNREADABLE} when it has other files than before
   */
  public void refuseChanges(Session session) throws SQLException {
    Map<String, String> before = etags(listed);
    Map<String, String> now =
        etags(files(imports.settings(), objects(imports, session, upload), upload));
    Set<String> keys = new TreeSet<>(before.keySet());
    keys.addAll(now.keySet());
    for (String key : keys) {
      if (!Objects.equals(before.get(key), now.get(key))) {
        throw changed().ofPart(name(key));
      }
    }
  }

  private Optional<String> name(ListedObject part) {
    return name(part.location().key());
  }

  private Optional<String> name(String key) {
    return name(upload, key);
  }

  /** The name of a part in messages: its key without the folder of the marker. */
  static Optional<String> name(Upload marker, String key) {
    return Optional.of(
        new ObjectLocation(marker.object().bucket(), key)
            .within(SetMarker.folder(marker.object().key())));
  }

  private String folder() {
    return SetMarker.folder(upload.object().key());
  }

  private static Map<String, String> etags(List<ListedObject> files) {
    return files.stream().collect(toMap(file -> file.location().key(), ListedObject::etag));
  }

  /** The failure of a load during which the folder changed. */
  public static LoadException changed() {
    return ErrorCode.OBJECT_UNREADABLE.failure(
        "it was added, overwritten or deleted while the files of its folder were read",
        "A retry loads them as they are then. The old rows are still there.");
  }
}
