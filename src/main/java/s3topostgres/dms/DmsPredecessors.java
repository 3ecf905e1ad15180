package s3topostgres.dms;

import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import s3topostgres.dms.DmsHistory.Position;
import s3topostgres.history.History;
import s3topostgres.order.BucketListing;
import s3topostgres.order.LoadContext;
import s3topostgres.order.LoadTask;
import s3topostgres.order.Predecessors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/**
 * Finds the files of AWS DMS that come before one of them. Where object keys sort by time, only
 * those behind the last file that was applied are listed: the pending changes, and the full load's.
 */
final class DmsPredecessors implements Predecessors {
  private final DmsOrder order;
  private final Upload upload;
  private Optional<DmsListing> listed = Optional.empty();

  DmsPredecessors(DmsOrder order, Upload upload) {
    this.order = order;
    this.upload = upload;
  }

  @Override
  public void list(Session session, History history) throws SQLException {
    Optional<DmsFile> own = DmsFile.find(upload.object());
    if (listed.isPresent() || own.isEmpty()) {
      return;
    }
    BucketListing listing = order.listing();
    Map<String, String> values = listing.values(upload.object());
    String table = TargetTable.resolve(session, listing.settings().table(), values).name();
    Position position = DmsHistory.of(session, history, table).position();
    if (own.get().time().filter(position::isBehind).isPresent()) {
      return; // It is not new, so nothing is searched for.
    }
    String prefix = listing.settings().objectKeys().commonPrefix(values);
    listed =
        Optional.of(
            DmsListing.among(
                listing
                    .files(
                        upload.object().bucket(),
                        prefix,
                        after(position, prefix),
                        session.deadline())
                    .stream()
                    .filter(file -> listing.values(file.location()).equals(values))
                    .toList()));
  }

  /**
   * The object key behind which all files are that may have to be loaded: that of the last changes.
   * Empty where object keys do not sort by time, or files of a full load may come before changes:
   * the first file that was loaded tells where those are.
   */
  private String after(Position position, String prefix) {
    ObjectLocation own = upload.object();
    return position
        .changes()
        .filter(last -> last.bucket().equals(own.bucket()) && last.key().compareTo(own.key()) < 0)
        .filter(
            last ->
                Stream.of(position.first().orElseThrow(), last, own)
                    .allMatch(file -> DmsFile.sortsByTime(file, prefix)))
        .map(ObjectLocation::key)
        .orElse("");
  }

  @Override
  public Optional<List<LoadTask>> find(LoadContext context) throws SQLException {
    DmsFile own = DmsFile.of(upload.object());
    DmsHistory history = DmsOrder.history(context);
    DmsListing files = listed.orElseThrow();
    Position position = history.position();
    if (own.isFullLoad()) {
      DmsListing current = files.fullLoadSince(files.begin(position));
      return files.hasOfFullLoad(upload.object()) && !current.hasOfFullLoad(upload.object())
          ? Optional.empty()
          : Optional.of(
              DmsOrder.tasks(history.missing(current.fullLoadBefore(upload), upload.region())));
    }
    // A full load that was uploaded later is loaded by its own event.
    Instant end = position.none() ? Instant.MAX : upload.eventTime().orElse(Instant.MAX);
    List<ListedObject> fullLoad =
        files.fullLoad().stream().filter(file -> !file.modified().isAfter(end)).toList();
    DmsListing before = new DmsListing(fullLoad, files.changesUntil(own.time().orElseThrow()));
    return Optional.of(order.tasks(history, position, before, upload.region(), true));
  }
}
