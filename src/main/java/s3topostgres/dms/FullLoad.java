package s3topostgres.dms;

import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import s3topostgres.history.History;
import s3topostgres.s3.Upload;

/**
 * The files of a full load, as they were loaded one by one.
 *
 * @param files in the order in which they were loaded
 * @param rows of all files
 * @param inserted how many rows the table has if it was empty before; empty if the table may have
 *     been changed since the first file, or a file could not be loaded alone
 */
record FullLoad(List<Upload> files, long rows, Optional<Long> inserted) {

  private record Part(Upload upload, long rows, long inserted, boolean counted) {}

  /**
   * Finds the current full load: files loaded or uploaded after the last change file, plus earlier
   * ones of the same numbered series. A series begins with its first file; older files with higher
   * numbers are left over from another full load.
   *
   * @param region of the bucket
   * @param since files that were uploaded earlier belong to a full load before it
   */
  static FullLoad current(DmsHistory history, String region, Instant since) throws SQLException {
    List<Part> parts =
        history.query(
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
              WHERE f.over > coalesce(b.event_time, f.event_time) AND f.event_time >= ?)
            SELECT bucket, object_key, etag, event_time, rows_loaded, rows_inserted,
              rows_inserted IS NOT NULL AND NOT EXISTS (
                SELECT FROM loads
                WHERE id > (SELECT min(id) FROM parts) AND id NOT IN (SELECT id FROM parts)) AS counted
            FROM parts ORDER BY id""",
            row ->
                new Part(
                    DmsHistory.upload(row, region),
                    row.getLong("rows_loaded"),
                    row.getLong("rows_inserted"),
                    row.getBoolean("counted")),
            DmsFile.FULL_LOAD,
            DmsFile.FULL_LOAD,
            DmsFile.FIRST,
            DmsFile.CHANGES,
            History.atUtc(since));
    return new FullLoad(
        parts.stream().map(Part::upload).toList(),
        parts.stream().mapToLong(Part::rows).sum(),
        parts.stream().allMatch(Part::counted)
            ? Optional.of(parts.stream().mapToLong(Part::inserted).sum())
            : Optional.empty());
  }
}
