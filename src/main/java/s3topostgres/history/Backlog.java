package s3topostgres.history;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import s3topostgres.ErrorCode;
import s3topostgres.postgres.Session;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/**
 * Finds the uploads that are in the bucket, and were never loaded.
 *
 * <p>An object counts as loaded if its content was loaded after it was uploaded: the same content
 * may have been loaded before another file. The history has the times of events and loads. The
 * bucket's list has the second in which an upload ended or, if it came in parts, began. So an
 * upload in parts counts as older than uploads during it.
 *
 * @see <a href="https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html">Object</a>
 */
public final class Backlog {
  /** Reads the history once in each part. No join depends on an estimate of the planner. */
  private static final String SQL =
      """
      WITH loads AS MATERIALIZED (
        SELECT id, bucket, object_key, etag, event_time, started_at, status
        FROM %1$s WHERE target_table = ?),
      unknown AS MATERIALIZED (
        SELECT bucket, object_key, etag, max(modified) AS modified, max(failed) AS failed
        FROM (
          SELECT bucket, object_key, etag, modified,
            NULL::timestamptz AS loaded, NULL::bigint AS failed
          FROM unnest(?::text[], ?::text[], ?::text[], ?::timestamptz[])
            AS object (bucket, object_key, etag, modified)
          UNION ALL
          SELECT bucket, object_key, etag, NULL,
            CASE WHEN status = 'LOADED' THEN greatest(event_time, started_at) END,
            CASE WHEN status = 'FAILED' THEN id END
          FROM loads) AS seen
        GROUP BY 1, 2, 3
        HAVING max(modified) > coalesce(max(loaded), '-infinity')),
      -- Two, because one of them may be of the same object.
      newest AS MATERIALIZED (
        SELECT bucket, object_key, max(event_time) AS event_time
        FROM loads WHERE status = 'LOADED' AND event_time IS NOT NULL
        GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 2)
      SELECT u.bucket, u.object_key, u.etag, failure.sequencer,
        coalesce(failure.event_time, modified) AS event_time
      FROM unknown u
        -- Its event may have come, and the load failed.
        LEFT JOIN %1$s failure ON failure.id = u.failed
          AND greatest(failure.event_time, failure.started_at) >= modified
      WHERE modified > (
          SELECT min(coalesce(event_time, started_at)) FROM loads WHERE status = 'LOADED')
        AND NOT EXISTS (
          SELECT FROM newest
          WHERE ? AND newest.event_time > modified
            AND (newest.bucket, newest.object_key) <> (u.bucket, u.object_key))
        AND (failure.error_code IS NULL OR failure.error_code = ANY (?))
      ORDER BY coalesce(failure.event_time, modified) DESC, u.object_key""";

  private Backlog() {}

  /**
   * Finds uploads of one table that are still to be loaded, newest first. Uploads older than the
   * history's first load are left out, and so are those that failed for a reason that a retry does
   * not change. Where a file is the whole table, uploads older than the table's rows are left out.
   *
   * @param wholeTable whether a file is the whole table
   * @param region of the bucket
   * @param objects of the bucket
   * @return empty where no load has created the history
   */
  public static List<Upload> find(
      Session session,
      History history,
      String targetTable,
      boolean wholeTable,
      String region,
      List<ListedObject> objects)
      throws SQLException {
    return history.tableName().isEmpty() || objects.isEmpty()
        ? List.of()
        : session.query(
            SQL.formatted(history.tableName().get()),
            row -> upload(row, region),
            targetTable,
            texts(objects, object -> object.location().bucket()),
            texts(objects, object -> object.location().key()),
            texts(objects, ListedObject::etag),
            texts(objects, object -> object.modified().toString()),
            wholeTable,
            ErrorCode.retryable());
  }

  /** One property of objects, as the driver binds an array. */
  public static String[] texts(List<ListedObject> objects, Function<ListedObject, String> text) {
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
