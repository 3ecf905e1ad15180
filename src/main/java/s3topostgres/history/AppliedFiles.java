package s3topostgres.history;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.s3.DmsFile;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/**
 * What the history says of the files of AWS DMS for one table. Made by {@link History#applied}.
 *
 * <p>A full load is open from its first file until its end is recorded, in mode {@code sync};
 * changes come after that only. What was uploaded before the first file of a full load is older
 * than the table.
 */
public final class AppliedFiles {
  private final Loads loads;

  AppliedFiles(Loads loads) {
    this.loads = loads;
  }

  /**
   * The files of a full load.
   *
   * @param files as they were loaded, in this order
   * @param rows of all of them
   * @param inserted how many rows the table has if it was empty before; empty if it may have been
   *     changed since the first file, or a file could not be loaded alone
   */
  public record FullLoad(List<Upload> files, long rows, Optional<Long> inserted) {}

  /**
   * How far the table is.
   *
   * @param none whether nothing was loaded into it yet
   * @param changes the time in the name of the last file of changes; empty if none was applied
   * @param isFullLoadOpen whether files of a full load are in the table, and rows that are in none
   *     of them may be, too
   */
  public record Position(boolean none, Optional<String> changes, boolean isFullLoadOpen) {

    /** Whether changes of that time were applied, or later ones. */
    public boolean isBehind(String time) {
      return changes.filter(last -> last.compareTo(time) >= 0).isPresent();
    }
  }

  /** Each part looks at the end of an index. */
  public Position position() throws SQLException {
    return loads
        .query(
            """
            SELECT NOT EXISTS (SELECT FROM loads) AS none,
              (SELECT substring(object_key FROM '(?i)' || ?) FROM loads
               WHERE object_key ~* ? ORDER BY id DESC LIMIT 1) AS changes,
              coalesce(
                (SELECT mode = 'changes' AND object_key ~* ? FROM loads ORDER BY id DESC LIMIT 1),
                false) AS open""",
            row ->
                new Position(
                    row.getBoolean("none"),
                    Optional.ofNullable(row.getString("changes")),
                    row.getBoolean("open")),
            DmsFile.CHANGES,
            DmsFile.CHANGES,
            DmsFile.FULL_LOAD)
        .get(0);
  }

  /** Why a full load need not be completed: it is, or there is none. */
  public Optional<History.Seen> ended() throws SQLException {
    return position().isFullLoadOpen() ? Optional.empty() : Optional.of(History.Seen.DUPLICATE);
  }

  /**
   * The full load that was begun last: the files that were loaded, or uploaded, after the last
   * changes, and those before them that the same counter numbers, from its first on. Files from a
   * full load before that had more of them are older than that first one.
   *
   * @param region of the bucket
   */
  public FullLoad fullLoad(String region) throws SQLException {
    record Part(Upload upload, long rows, long inserted, boolean counted) {}
    List<Part> parts =
        loads.query(
            """
            , files AS (
              SELECT DISTINCT ON (bucket, object_key) *,
                (bucket, regexp_replace(object_key, ?, '', 'i'))::text AS sequence
              FROM loads WHERE object_key ~* ? AND mode = 'changes'
              ORDER BY bucket, object_key, id DESC),
            begun AS (
              SELECT sequence, max(event_time) FILTER (WHERE object_key ~* ?) AS event_time
              FROM files
                LEFT JOIN (
                  SELECT id AS last_id, over AS last_over
                  FROM loads WHERE object_key ~* ? ORDER BY id DESC LIMIT 1) AS changes ON true
              GROUP BY sequence, last_id, last_over
              -- They may have been loaded before changes that are older.
              HAVING last_id IS NULL OR max(id) > last_id OR max(event_time) >= last_over),
            parts AS (
              SELECT f.* FROM files f JOIN begun b USING (sequence)
              WHERE f.over > coalesce(b.event_time, f.event_time))
            SELECT bucket, object_key, etag, event_time, rows_loaded, rows_inserted,
              rows_inserted IS NOT NULL AND NOT EXISTS (
                SELECT FROM loads
                WHERE id > (SELECT min(id) FROM parts) AND id NOT IN (SELECT id FROM parts)) AS counted
            FROM parts ORDER BY id""",
            row ->
                new Part(
                    upload(row, region),
                    row.getLong("rows_loaded"),
                    row.getLong("rows_inserted"),
                    row.getBoolean("counted")),
            DmsFile.FULL_LOAD,
            DmsFile.FULL_LOAD,
            DmsFile.FIRST,
            DmsFile.CHANGES);
    return new FullLoad(
        parts.stream().map(Part::upload).toList(),
        parts.stream().mapToLong(Part::rows).sum(),
        parts.stream().allMatch(Part::counted)
            ? Optional.of(parts.stream().mapToLong(Part::inserted).sum())
            : Optional.empty());
  }

  /**
   * Those that were not loaded as they are now, the oldest first.
   *
   * @param region of the bucket
   */
  public List<Upload> missing(List<ListedObject> files, String region) throws SQLException {
    return loads.query(
        """
        SELECT f.bucket, f.object_key, f.etag, f.modified AS event_time
        FROM unnest(?::text[], ?::text[], ?::text[], ?::timestamptz[])
          AS f (bucket, object_key, etag, modified)
        WHERE NOT EXISTS (
          SELECT FROM loads h
          WHERE h.bucket = f.bucket AND h.object_key = f.object_key AND h.etag = f.etag
            AND greatest(h.event_time, h.started_at) >= f.modified)
        ORDER BY f.modified, f.object_key""",
        row -> upload(row, region),
        Backlog.texts(files, file -> file.location().bucket()),
        Backlog.texts(files, file -> file.location().key()),
        Backlog.texts(files, ListedObject::etag),
        Backlog.texts(files, file -> file.modified().toString()));
  }

  /** Whether changes were uploaded before a full load was that is in the table. */
  public boolean isStale(Upload changes) throws SQLException {
    return new LateFiles(loads).isStale(DmsFile.of(changes.object()), changes);
  }

  /**
   * Whether the upload was tried, and failed for a reason that a retry does not change; and nothing
   * was loaded since.
   */
  public boolean hasFailedForGood(Upload upload) throws SQLException {
    return loads
        .session()
        .query(
            """
            SELECT error_code <> ALL (?)
              -- A file before it may have been the reason, and have been loaded since.
              AND NOT EXISTS (
                SELECT FROM %1$s later
                WHERE later.id > f.id AND later.status = 'LOADED'
                  AND later.target_table = f.target_table)
            FROM %1$s f
            WHERE status = 'FAILED' AND target_table = ? AND bucket = ? AND object_key = ?
              AND etag = ? AND greatest(event_time, started_at) >= ?
            ORDER BY id DESC LIMIT 1"""
                .formatted(loads.history()),
            row -> row.getBoolean(1),
            ErrorCode.retryable(),
            loads.targetTable(),
            upload.object().bucket(),
            upload.object().key(),
            upload.etag().orElse(null),
            Loads.time(upload))
        .contains(true);
  }

  private static Upload upload(ResultSet row, String region) throws SQLException {
    return new ListedObject(
            new ObjectLocation(row.getString("bucket"), row.getString("object_key")),
            row.getString("etag"),
            row.getObject("event_time", OffsetDateTime.class).toInstant())
        .upload(region);
  }
}
