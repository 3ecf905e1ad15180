package s3topostgres.order;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.history.Verdict;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.postgres.Session;
import s3topostgres.s3.Upload;

/** One thing to do to the target table, in a transaction of its own. */
public interface LoadTask {
  /** The upload that the log, the history and the result name; of several, the first. */
  Upload upload();

  /** Whether an event announced it, so that its predecessors are still to be looked for. */
  boolean isAnnounced();

  /** The uploads that it loads, in order; empty if all were loaded before. */
  default List<Upload> uploads() {
    return List.of(upload());
  }

  /** What remains to be done after a load whose last upload is this one. */
  default List<LoadTask> after(Upload last) {
    return List.of();
  }

  /**
   * The loads to try in its place after a failure: of each upload alone, if one of several may be
   * the reason, so that its own failure names the object.
   */
  default List<LoadTask> oneByOne(LoadException failure) {
    boolean mayBeOfOne =
        failure.code().owner() == ErrorCode.Owner.SENDER
            || failure.code() == ErrorCode.OBJECT_UNREADABLE;
    return mayBeOfOne && uploads().size() > 1
        ? uploads().stream().<LoadTask>map(FileTask::ofBacklog).toList()
        : List.of();
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
