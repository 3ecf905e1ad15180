package s3topostgres.dms;

import static java.util.Comparator.naturalOrder;
import static java.util.stream.Collectors.partitioningBy;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import s3topostgres.dms.DmsHistory.Position;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/**
 * The files of AWS DMS for a table that are in the bucket.
 *
 * @param fullLoad files of full loads
 * @param changes change files
 */
record DmsListing(List<ListedObject> fullLoad, List<ListedObject> changes) {
  private static final Comparator<ListedObject> BY_UPLOAD =
      Comparator.comparing(ListedObject::modified).thenComparing(file -> file.location().key());

  static DmsListing among(List<ListedObject> all) {
    Map<Boolean, List<ListedObject>> byKind =
        all.stream()
            .filter(file -> DmsFile.find(file.location()).isPresent())
            .collect(partitioningBy(file -> DmsFile.of(file.location()).isFullLoad()));
    return new DmsListing(byKind.get(true), byKind.get(false));
  }

  DmsListing until(Instant end) {
    return new DmsListing(
        fullLoad.stream().filter(file -> file.modified().isBefore(end)).toList(),
        changes.stream().filter(file -> file.modified().isBefore(end)).toList());
  }

  /**
   * When the newest full load began, at the earliest: after the last changes before its newest file
   * that were not applied. The times of changes count only if they are DMS's own, or the table has
   * had changes.
   */
  Instant begin(Position position) {
    Optional<Instant> newest = fullLoad.stream().map(ListedObject::modified).max(naturalOrder());
    return changes.stream()
        .filter(file -> newest.filter(file.modified()::isBefore).isPresent())
        .filter(file -> !position.isBehind(time(file)))
        .filter(
            file ->
                position.changes().isPresent()
                    || DmsFile.of(file.location()).wasUploadedWhenWritten(file.modified()))
        .map(ListedObject::modified)
        .max(naturalOrder())
        // Changes that were uploaded in one second with a full load come after it.
        .map(last -> last.plusSeconds(1))
        .orElse(Instant.EPOCH);
  }

  /** Keeps all changes, and of the full-load files those uploaded at that time or later. */
  DmsListing fullLoadSince(Instant begin) {
    return new DmsListing(
        fullLoad.stream().filter(file -> !file.modified().isBefore(begin)).toList(), changes);
  }

  /** Whether the object is among the files of full loads. */
  boolean hasOfFullLoad(ObjectLocation object) {
    return fullLoad.stream().anyMatch(file -> file.location().equals(object));
  }

  static String time(ListedObject file) {
    return DmsFile.of(file.location()).time().orElseThrow();
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
