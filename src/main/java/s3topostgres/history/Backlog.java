package s3topostgres.history;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collections;
import java.util.List;
import java.util.Map;
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
  /** Looks at an end of an index, or at the loads of one object, for each object. */
  private static final String SQL =
      """
      WITH objects AS MATERIALIZED (
        SELECT * FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[])
          AS object (target_table, bucket, object_key, etag, modified)),
      begun AS MATERIALIZED (
        SELECT target_table, least(
          (SELECT min(h.event_time) FROM %1$s h
           WHERE h.status = 'LOADED' AND h.target_table = t.target_table),
          (SELECT h.started_at FROM %1$s h
           WHERE h.status = 'LOADED' AND h.target_table = t.target_table AND h.event_time IS NULL
           ORDER BY h.event_time, h.started_at LIMIT 1)) AS time
        FROM (SELECT DISTINCT target_table FROM objects) AS t),
      -- Subqueries, not joins, which the planner could make of the whole history; each with the
      -- order of its index, which is taken then even where the planner knows nothing.
      unknown AS MATERIALIZED (
        SELECT o.* FROM objects o JOIN begun USING (target_table)
        WHERE (modified > begun.time OR EXISTS (
            -- It failed, in this version, before anything was loaded.
            SELECT FROM %1$s f
            WHERE f.status = 'FAILED' AND f.retry IS NOT NULL AND %4$s))
          -- Earlier versions ignored these, and recorded no search for what is missing.
          AND (o.object_key !~* '\\.gz$' OR modified >= (
            SELECT h.started_at FROM %1$s h
            WHERE h.status = 'LOADED' AND h.target_table = '' ORDER BY h.id LIMIT 1))
          AND (SELECT true FROM %1$s h
               WHERE h.status = 'LOADED' AND h.target_table = o.target_table
                 AND h.bucket = o.bucket AND h.object_key = o.object_key AND h.etag = o.etag
                 AND greatest(h.event_time, h.started_at) >= o.modified
               ORDER BY %2$s DESC LIMIT 1) IS NULL
          AND NOT (? AND (
            SELECT true FROM %1$s h
            WHERE h.status = 'LOADED' AND h.target_table = o.target_table
              AND h.event_time > o.modified
              AND (h.bucket, h.object_key) <> (o.bucket, o.object_key)
            ORDER BY h.event_time DESC LIMIT 1) IS NOT NULL))
      SELECT u.*, failure.sequencer, failure.event_time
      FROM unknown u
        -- Its event may have come, and the load failed.
        LEFT JOIN LATERAL (
          SELECT f.* FROM %1$s f
          WHERE f.status = 'FAILED' AND %5$s
          ORDER BY f.id DESC LIMIT 1) AS failure ON true
      WHERE failure.id IS NULL OR %3$s""";

  /** Whether a row {@code f} is about that object. Its table may not have been found at all. */
  private static final String IS_OF =
      """
      f.target_table IN (%1$s.target_table, ?)
        AND f.bucket = %1$s.bucket AND f.object_key = %1$s.object_key AND f.etag = %1$s.etag
        AND greatest(f.event_time, f.started_at) >= %1$s.modified""";

  /**
   * Whether the upload of a row {@code failure} of the history is tried again now. Parameters: the
   * seconds that the function has, and {@link ErrorCode#retryable}. An earlier version did not
   * record when; what it would have left alone is left alone.
   */
  public static final String IS_DUE =
      """
      CASE
        WHEN failure.retry IN ('soon', 'when-mended') THEN true
        WHEN failure.retry = 'for-a-day' THEN failure.finished_at > now() - interval '1 day'
        WHEN failure.retry LIKE 'with-more-time%' THEN
          substring(failure.retry FROM '\\d+')::bigint < ?
        ELSE failure.retry IS NULL AND failure.error_code = ANY (?) END""";

  private Backlog() {}

  /**
   * An upload that is still to be loaded.
   *
   * @param listed its time in the bucket's list
   */
  public record Missing(String targetTable, Upload upload, Instant listed) {}

  /**
   * Finds uploads that are still to be loaded, in any order, with one query. Uploads older than the
   * first load of their table are left out, unless they failed, and so are those that failed and
   * are not to be tried again. Where a file is the whole table, uploads older than the table's rows
   * are left out.
   *
   * @param wholeTable whether a file is the whole table
   * @param tableSetting what failures name that have not found their table
   * @param region of the bucket
   * @param functionTime how long Lambda lets one invocation run
   * @param byTable objects of the bucket, by the names of their target tables
   * @return empty where no load has created the history
   */
  public static List<Missing> find(
      Session session,
      History history,
      boolean wholeTable,
      String tableSetting,
      String region,
      Duration functionTime,
      Map<String, List<ListedObject>> byTable)
      throws SQLException {
    List<ListedObject> objects = byTable.values().stream().flatMap(List::stream).toList();
    return history.tableName().isEmpty() || objects.isEmpty()
        ? List.of()
        : session.query(
            SQL.formatted(
                history.tableName().get(),
                DeliveryLookup.PADDED.formatted("h.sequencer"),
                IS_DUE,
                IS_OF.formatted("o"),
                IS_OF.formatted("u")),
            row -> missing(row, region),
            byTable.entrySet().stream()
                .flatMap(
                    table -> Collections.nCopies(table.getValue().size(), table.getKey()).stream())
                .toArray(String[]::new),
            texts(objects, object -> object.location().bucket()),
            texts(objects, object -> object.location().key()),
            texts(objects, ListedObject::etag),
            texts(objects, object -> object.modified().toString()),
            tableSetting,
            wholeTable,
            tableSetting,
            functionTime.toSeconds(),
            ErrorCode.retryable());
  }

  /** One property of objects, as the driver binds an array. */
  public static String[] texts(List<ListedObject> objects, Function<ListedObject, String> text) {
    return objects.stream().map(text).toArray(String[]::new);
  }

  private static Missing missing(ResultSet row, String region) throws SQLException {
    Instant listed = row.getObject("modified", OffsetDateTime.class).toInstant();
    Upload upload =
        new Upload(
            new ObjectLocation(row.getString("bucket"), row.getString("object_key")),
            region,
            Optional.ofNullable(row.getString("sequencer")),
            Optional.ofNullable(row.getObject("event_time", OffsetDateTime.class))
                .map(OffsetDateTime::toInstant)
                .or(() -> Optional.of(listed)),
            Optional.of(row.getString("etag")),
            true);
    return new Missing(row.getString("target_table"), upload, listed);
  }
}
