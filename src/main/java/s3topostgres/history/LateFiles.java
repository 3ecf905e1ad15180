package s3topostgres.history;

import java.sql.SQLException;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.s3.DmsFile;
import s3topostgres.s3.Upload;

/** Tells which files of AWS DMS come too late, as their events come in any order. */
final class LateFiles {
  private final Loads loads;

  LateFiles(Loads loads) {
    this.loads = loads;
  }

  /** Whether changes were uploaded before a full load was that is in the table. */
  boolean isStale(DmsFile file, Upload upload) throws SQLException {
    return loads
        .query(
            """
            SELECT true FROM loads f
            WHERE f.event_time >= ? AND f.object_key ~* ? AND f.mode = 'changes'
              -- Before the first full load the order of uploads counts only if they are DMS's own.
              AND (? OR EXISTS (
                SELECT FROM loads before
                WHERE before.id < f.id
                  AND (before.object_key = f.object_key OR before.object_key !~* ?)))
            LIMIT 1""",
            row -> true,
            Loads.over(upload),
            DmsFile.FIRST,
            upload.eventTime().map(file::wasUploadedWhenWritten).orElse(false),
            DmsFile.FULL_LOAD)
        .contains(true);
  }

  /**
   * Whether an upload that the history does not know otherwise need not be loaded.
   *
   * @throws LoadException {@code OBJECT_UNREADABLE} when it had to be applied before others that
   *     were
   */
  Optional<History.Seen> recognise(Upload upload) throws SQLException {
    DmsFile file = DmsFile.of(upload.object());
    if (isKnown(file, upload)) {
      return Optional.of(History.Seen.DUPLICATE);
    }
    if (file.isFullLoad() ? isLeftOver(file, upload) : isStale(file, upload)) {
      return Optional.of(History.Seen.STALE);
    }
    if (file.time().isPresent() && new AppliedFiles(loads).position().isBehind(file.time().get())) {
      throw new LoadException(
          ErrorCode.OBJECT_UNREADABLE,
          "later changes of the table were applied before it arrived, so its own would be out of order",
          "Reload the table in DMS; the rows are unchanged.");
    }
    return Optional.empty();
  }

  /**
   * Changes are written once. An event that was written by hand says of no full load when it was.
   */
  private boolean isKnown(DmsFile file, Upload upload) throws SQLException {
    return (!file.isFullLoad() || upload.sequencer().isEmpty() && !upload.found())
        && loads
            .query(
                """
                SELECT true FROM loads
                WHERE bucket = ? AND object_key = ? AND etag = coalesce(?, etag) LIMIT 1""",
                row -> true,
                upload.object().bucket(),
                upload.object().key(),
                upload.etag().orElse(null))
            .contains(true);
  }

  /** Whether a full load that had more files was followed by one with fewer. */
  private boolean isLeftOver(DmsFile file, Upload upload) throws SQLException {
    return loads
        .query(
            """
            SELECT true FROM loads
            WHERE event_time >= ?
              AND bucket = ? AND object_key ~* ? AND regexp_replace(object_key, ?, '', 'i') = ?
            LIMIT 1""",
            row -> true,
            Loads.over(upload),
            upload.object().bucket(),
            DmsFile.FIRST,
            DmsFile.FIRST,
            file.sequence())
        .contains(true);
  }
}
