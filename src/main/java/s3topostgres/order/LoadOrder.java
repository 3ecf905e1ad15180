package s3topostgres.order;

import java.sql.SQLException;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.history.History;
import s3topostgres.history.Verdict;
import s3topostgres.mode.LoadMode;
import s3topostgres.postgres.Session;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/** Decides in which order the files of a table are loaded. One class an order. */
public interface LoadOrder {

  /** The bucket that the files are in. */
  BucketListing listing();

  /**
   * Whether a file is the whole table: then older uploads are stale, and one load of a backlog is
   * enough.
   */
  default boolean isWholeTable() {
    return false;
  }

  /**
   * Judges an upload by what was loaded into the table.
   *
   * @param locked whether other loads of the table are locked out; if not, only what is certain
   *     already is said. What this records is kept by the commit of the transaction
   * @return {@code NEW}, {@code DUPLICATE} or {@code STALE}
   * @throws LoadException {@code OBJECT_UNREADABLE} when the upload came too late to be loaded at
   *     all
   */
  default Verdict verdict(LoadContext context, Upload upload, boolean locked) throws SQLException {
    String table = context.table().name();
    History history = context.history();
    Verdict verdict = history.verdict(context.session(), table, upload, isWholeTable());
    if (verdict != Verdict.TAKEN) {
      return verdict;
    }
    if (!locked) {
      return Verdict.NEW;
    }
    history.recordTaken(context.session(), table, upload);
    return Verdict.DUPLICATE;
  }

  /** The mode in which a task changes the table; the task has looked at its objects. */
  default LoadMode mode(LoadContext context) throws SQLException {
    return context.mode();
  }

  /** Makes the search for the loads that must come before an announced upload. */
  default Predecessors predecessors(Upload upload) {
    return Predecessors.NONE;
  }

  /**
   * Whether a load whose predecessor failed must fail, too: if the predecessor will be tried again
   * whatever happens, because it would come out of order then.
   *
   * @param failure of the predecessor
   */
  default boolean isBlockedBy(LoadException failure) {
    return failure.retry() == Retry.SOON || failure.retry() == Retry.WHEN_MENDED;
  }

  /** Begins a search for the loads that were never done. */
  default BacklogSearch backlog(Session session, History history, BacklogScope scope) {
    return new MissingUploads(listing(), session, history, isWholeTable(), scope);
  }

  /**
   * Whether the rest of a table's backlog is left alone after a failure. Another file may be good
   * where one is bad; other causes do not go away with another file.
   */
  default boolean stopsAfter(LoadException failure) {
    return switch (failure.code()) {
      case OBJECT_UNREADABLE,
          HEADER_MISMATCH,
          ROW_REJECTED,
          TOO_FEW_ROWS,
          DATABASE_REFUSED,
          INTERNAL ->
          false;
      default -> true;
    };
  }

  /**
   * When the content that was loaded was uploaded: the object may have been overwritten since its
   * event.
   *
   * @param object as it was read; empty if it was not
   */
  default Optional<Instant> uploadedAt(Upload upload, Optional<StoredObject> object) {
    return Stream.concat(upload.eventTime().stream(), object.map(StoredObject::modified).stream())
        .max(Comparator.naturalOrder());
  }
}
