package s3topostgres.history;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Session;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/**
 * What is in the bucket, and was never loaded as far as the history knows.
 *
 * <p>An object counts as loaded when it was loaded as it is now, and after it was uploaded: the
 * same content may have been loaded before something else was. The history's times are those of
 * events and of loads; the list has the second in which an upload was finished or, if it came in
 * parts, begun. So an upload in parts counts as older than what was uploaded meanwhile.
 *
 * @see <a href="https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html">Object</a>
 */
public final class MissedUploads {
  private static final String SQL =
      """
      WITH unknown AS MATERIALIZED (
        SELECT target_table, bucket, object_key, etag, modified
        FROM unnest(?::text[], ?::text[], ?::text[], ?::timestamptz[])
            AS o (bucket, object_key, etag, modified)
          CROSS JOIN (
            SELECT target_table, min(coalesce(event_time, started_at)) AS first_load
            FROM %1$s WHERE status = 'LOADED' AND target_table = ? GROUP BY 1) AS known
        WHERE modified > first_load
          AND NOT EXISTS (
            SELECT FROM %1$s h
            WHERE h.status = 'LOADED' AND h.target_table = known.target_table
              AND h.bucket = o.bucket AND h.object_key = o.object_key AND h.etag = o.etag
              AND greatest(h.event_time, h.started_at) >= modified)
          -- The table holds something newer.
          AND NOT EXISTS (
            SELECT FROM %1$s h
            WHERE h.status = 'LOADED' AND h.target_table = known.target_table
              AND h.event_time > modified
              AND (h.bucket, h.object_key) <> (o.bucket, o.object_key)))
      SELECT u.bucket, u.object_key, u.etag, sequencer,
        coalesce(event_time, modified) AS event_time
      FROM unknown u
        -- Its event may have come, and the load failed.
        LEFT JOIN LATERAL (
          SELECT sequencer, event_time, error_code
          FROM %1$s h
          WHERE h.status = 'FAILED' AND h.target_table = u.target_table
            AND h.bucket = u.bucket AND h.object_key = u.object_key AND h.etag = u.etag
            AND greatest(h.event_time, h.started_at) >= modified
          ORDER BY id DESC LIMIT 1) AS failure ON true
      WHERE error_code IS NULL OR error_code = ANY (?)
      ORDER BY coalesce(event_time, modified) DESC, u.object_key""";

  private MissedUploads() {}

  /**
   * Finds uploads that are to be loaded after all, the newest first. Left out is what was uploaded
   * before the first load that the history knows, what is older than the table's rows, and what
   * failed for a reason that a retry does not change.
   *
   * @param historyTable the history's name as in SQL; nothing is found where no load has made it
   * @param region of the bucket
   * @param objects of the bucket
   * @throws LoadException {@code TABLE_UNUSABLE} when the history cannot be used
   */
  public static List<Upload> find(
      Session session,
      String historyTable,
      String targetTable,
      String region,
      List<ListedObject> objects)
      throws SQLException {
    Optional<String> history = HistoryTable.existing(session, historyTable);
    return history.isEmpty()
        ? List.of()
        : session.query(
            SQL.formatted(history.get()),
            row -> upload(row, region),
            texts(objects, object -> object.location().bucket()),
            texts(objects, object -> object.location().key()),
            texts(objects, ListedObject::etag),
            texts(objects, object -> object.modified().toString()),
            targetTable,
            Arrays.stream(ErrorCode.values())
                .filter(ErrorCode::retryHelps)
                .map(ErrorCode::name)
                .toArray(String[]::new));
  }

  private static String[] texts(List<ListedObject> objects, Function<ListedObject, String> text) {
    return objects.stream().map(text).toArray(String[]::new);
  }

  private static Upload upload(ResultSet row, String region) throws SQLException {
    return new Upload(
        new ObjectLocation(row.getString("bucket"), row.getString("object_key")),
        region,
        Optional.ofNullable(row.getString("sequencer")),
        Optional.of(row.getObject("event_time", OffsetDateTime.class).toInstant()),
        Optional.of(row.getString("etag")),
        true);
  }
}
