package s3topostgres.dms;

import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.dms.DmsHistory.Position;
import s3topostgres.history.History;
import s3topostgres.history.Verdict;
import s3topostgres.order.BacklogScope;
import s3topostgres.order.BacklogSearch;
import s3topostgres.order.BucketListing;
import s3topostgres.order.FileTask;
import s3topostgres.order.LoadContext;
import s3topostgres.order.LoadOrder;
import s3topostgres.order.LoadTask;
import s3topostgres.order.Predecessors;
import s3topostgres.postgres.Session;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * The order of AWS DMS's files for a table: first the files of the full load, then its end, then
 * the changes by the time in their names.
 *
 * <p>DMS writes changes of a table when its full load is complete, one file after the other, and
 * S3's list shows what was written before the list is requested. So the predecessors of a file are
 * in the bucket when the file is.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel">
 *     S3's consistency model</a>
 */
public record DmsOrder(BucketListing listing, ApplyChanges mode) implements LoadOrder {
  @Override
  public Verdict verdict(LoadContext context, Upload upload, boolean locked) throws SQLException {
    DmsHistory history = history(context);
    Verdict verdict =
        context.history().verdict(context.session(), history.targetTable(), upload, false);
    if (verdict == Verdict.TAKEN) {
      return locked ? Verdict.DUPLICATE : Verdict.NEW;
    }
    return verdict == Verdict.NEW && locked ? verdict(history, upload) : verdict;
  }

  /** Judges an upload that the history does not know as a delivery. */
  private static Verdict verdict(DmsHistory history, Upload upload) throws SQLException {
    DmsFile file = DmsFile.of(upload.object());
    if (history.isKnown(file, upload)) {
      return Verdict.DUPLICATE;
    }
    boolean stale =
        file.isFullLoad()
            ? history.isLeftOver(file, upload)
            : history.notStale(List.of(upload)).isEmpty();
    if (stale) {
      return Verdict.STALE;
    }
    if (file.time().isPresent() && history.position().isBehind(file.time().get())) {
      throw ErrorCode.OBJECT_UNREADABLE
          .failure(
              "later changes of the table were applied before it arrived, so its own would be out of order",
              "Reload the table in DMS; the rows are unchanged.")
          .retry(Retry.NEVER);
    }
    return Verdict.NEW;
  }

  @Override
  public Predecessors predecessors(Upload upload) {
    return new DmsPredecessors(this, upload);
  }

  /** Blocks always: changes that were left out would be lost. */
  @Override
  public boolean isBlockedBy(LoadException failure) {
    return true;
  }

  @Override
  public BacklogSearch backlog(Session session, History history, BacklogScope scope) {
    return new DmsBacklog(this, session, history, scope);
  }

  @Override
  public boolean stopsAfter(LoadException failure) {
    return true;
  }

  /**
   * An event that was written by hand says when that was, and what DMS wrote meanwhile would count
   * as older.
   */
  @Override
  public Optional<Instant> uploadedAt(Upload upload, Optional<StoredObject> object) {
    return upload.sequencer().isEmpty() && object.isPresent()
        ? object.map(StoredObject::modified)
        : LoadOrder.super.uploadedAt(upload, object);
  }

  /**
   * @param complete whether no more files of the full load are expected; if some are, changes wait
   */
  List<LoadTask> tasks(
      DmsHistory history, Position position, DmsListing files, String region, boolean complete)
      throws SQLException {
    Instant begin = files.begin(position);
    List<Upload> missing = history.missing(files.fullLoadSince(begin).fullLoad(), region);
    List<LoadTask> tasks = new ArrayList<>(tasks(missing));
    if (!complete) {
      return tasks;
    }
    if (!missing.isEmpty() || position.isFullLoadOpen()) {
      List<Upload> loaded =
          missing.isEmpty() ? FullLoad.current(history, region, begin).files() : missing;
      tasks.add(new FullLoadEnd(loaded.get(loaded.size() - 1), begin, mode));
    }
    List<Upload> changes =
        files.changes().stream()
            .filter(file -> !position.isBehind(DmsListing.time(file)))
            .sorted(Comparator.comparing(DmsListing::time))
            .map(file -> file.upload(region))
            .toList();
    List<Upload> pending = history.notStale(changes);
    if (pending.size() > 1 && ChangeBatch.isPossible(listing.settings(), history, pending.get(0))) {
      tasks.add(new ChangeBatch(pending));
    } else {
      tasks.addAll(tasks(pending));
    }
    return tasks;
  }

  static List<LoadTask> tasks(List<Upload> uploads) {
    return uploads.stream().<LoadTask>map(FileTask::ofBacklog).toList();
  }

  static DmsHistory history(LoadContext context) {
    return DmsHistory.of(context.session(), context.history(), context.table().name());
  }
}
