package s3topostgres.order;

import java.sql.SQLException;
import s3topostgres.history.Verdict;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.postgres.Session;
import s3topostgres.s3.Upload;

/** One thing to do to the target table, in a transaction of its own. */
public interface LoadTask {
  /** The upload that the log, the history and the result name. */
  Upload upload();

  /** Whether an event announced it, so that its predecessors are still to be looked for. */
  boolean isAnnounced();

  /** Whether its rows are those of the upload alone, so that faults can be searched for in them. */
  default boolean isOfOneUpload() {
    return true;
  }

  /** The mode that the history records. */
  default String recordedMode(LoadMode mode) {
    return mode.label();
  }

  /**
   * Judges whether it is still to be done.
   *
   * @param locked whether other loads of the table are locked out; if not, only what is certain
   *     already may be said
   * @return {@code NEW} if it is to be done
   */
  Verdict verdict(LoadContext context, boolean locked) throws SQLException;

  /**
   * Looks at the objects and matches their fields to columns, before anything is changed.
   *
   * @return the work that remains: the import
   * @throws s3topostgres.LoadException {@code OBJECT_UNREADABLE} or {@code HEADER_MISMATCH}
   */
  Session.Work<LoadOutcome> prepare(LoadContext context) throws SQLException;
}
