package s3topostgres.dms;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.history.Backlog;
import s3topostgres.history.History;
import s3topostgres.postgres.Session;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/**
 * The history of one table's files of AWS DMS.
 *
 * <p>A full load is open from its first file until its end is recorded, in mode {@code sync};
 * changes are applied after that only. Uploads older than the first file of a full load are stale.
 *
 * <p>A time without a fraction is that of a whole second, as the bucket's list and an object's
 * headers have it; an event's has milliseconds. So one upload was before another if the other's
 * time is not before {@code over}, the end of the second or moment that its own time stands for.
 * Where that is not known, changes count as uploaded after a full load: it takes AWS DMS more than
 * a second to begin one.
 *
 * @param history the table of all loads, quoted as SQL needs it
 */
record DmsHistory(Session session, String history, String targetTable) {

  /**
   * The condition that {@code later} is of changes after a full load. What was uploaded before them
   * is loaded, or belongs to an earlier full load. Takes the patterns of both kinds of files.
   */
  private static final String AFTER_FULL_LOAD =
      """
      later.object_key ~* ?
        AND later.id > (SELECT id FROM loads WHERE object_key ~* ? ORDER BY id LIMIT 1)""";

  static DmsHistory of(Session session, History history, String targetTable) {
    return new DmsHistory(session, history.tableName().orElseThrow(), targetTable);
  }

  /**
   * How far the table is.
   *
   * @param first the file that was loaded first; empty if nothing was loaded yet
   * @param changes the last change file; empty if none was applied
   * @param isFullLoadOpen whether the table holds files of a full load whose end is not recorded
   */
  record Position(
      Optional<ObjectLocation> first, Optional<ObjectLocation> changes, boolean isFullLoadOpen) {

    /** Whether nothing was loaded yet. */
    boolean none() {
      return first.isEmpty();
    }

    /** Whether changes of that time, or later ones, were applied. */
    boolean isBehind(String time) {
      return changes
          .flatMap(last -> DmsFile.of(last).time())
          .filter(last -> last.compareTo(time) >= 0)
          .isPresent();
    }
  }

  /** Reads the position; each part looks at an end of an index. */
  Position position() throws SQLException {
    return query(
            """
            SELECT first.bucket, first.object_key, changes.bucket, changes.object_key,
              coalesce(last.open, false)
            FROM (SELECT) AS always
              LEFT JOIN (
                SELECT bucket, object_key FROM loads ORDER BY id LIMIT 1) AS first ON true
              LEFT JOIN (
                SELECT bucket, object_key FROM loads
                WHERE object_key ~* ? ORDER BY id DESC LIMIT 1) AS changes ON true
              LEFT JOIN (
                SELECT mode = 'changes' AND object_key ~* ? AS open
                FROM loads ORDER BY id DESC LIMIT 1) AS last ON true""",
            row -> new Position(location(row, 1), location(row, 3), row.getBoolean(5)),
            DmsFile.CHANGES,
            DmsFile.FULL_LOAD)
        .get(0);
  }

  private static Optional<ObjectLocation> location(ResultSet row, int column) throws SQLException {
    return row.getString(column) == null
        ? Optional.empty()
        : Optional.of(new ObjectLocation(row.getString(column), row.getString(column + 1)));
  }

  /**
   * The files of a full load that were not loaded as they are now, oldest first, without those that
   * are older than applied changes.
   *
   * @param region of the bucket
   */
  List<Upload> missing(List<ListedObject> files, String region) throws SQLException {
    return query(
        """
        , unknown AS MATERIALIZED (
          SELECT * FROM unnest(?::text[], ?::text[], ?::text[], ?::timestamptz[])
            AS f (bucket, object_key, etag, modified)
          -- Subqueries, not joins, which the planner could make of the whole history.
          WHERE (
            SELECT true FROM loads h
            WHERE h.bucket = f.bucket AND h.object_key = f.object_key AND h.etag = f.etag
              AND greatest(h.event_time, h.started_at) >= f.modified LIMIT 1) IS NULL)
        SELECT bucket, object_key, etag, modified AS event_time FROM unknown
        WHERE (
          SELECT true FROM loads later
          WHERE event_time >= modified + interval '1 s' AND %s
          ORDER BY event_time LIMIT 1) IS NULL
        ORDER BY modified, object_key"""
            .formatted(AFTER_FULL_LOAD),
        row -> upload(row, region),
        Backlog.texts(files, file -> file.location().bucket()),
        Backlog.texts(files, file -> file.location().key()),
        Backlog.texts(files, ListedObject::etag),
        Backlog.texts(files, file -> file.modified().toString()),
        DmsFile.CHANGES,
        DmsFile.FULL_LOAD);
  }

  /**
   * Whether the upload was loaded before. Change files are written once. A full load's file is
   * compared only for an event that was written by hand, which does not say when the upload was.
   */
  boolean isKnown(DmsFile file, Upload upload) throws SQLException {
    return (!file.isFullLoad() || upload.sequencer().isEmpty() && !upload.found())
        && exists(
            """
            SELECT FROM loads
            WHERE bucket = ? AND object_key = ? AND etag = coalesce(?, etag) LIMIT 1""",
            upload.object().bucket(),
            upload.object().key(),
            upload.etag().orElse(null));
  }

  /** Keeps the changes that were not uploaded before a full load that the table holds. */
  List<Upload> notStale(List<Upload> changes) throws SQLException {
    List<Integer> places =
        query(
            """
            SELECT place FROM unnest(?::timestamptz[], ?::boolean[]) WITH ORDINALITY
              AS upload (end_of_time, in_order, place)
            -- A subquery, not a join, which the planner could make of the whole history.
            WHERE (
              SELECT true FROM loads f
              WHERE f.event_time >= end_of_time AND f.object_key ~* ? AND f.mode = 'changes'
                -- Before the first full load the order of uploads counts only if they are DMS's own.
                AND (in_order OR EXISTS (
                  SELECT FROM loads before
                  WHERE before.id < f.id
                    AND (before.object_key = f.object_key OR before.object_key !~* ?)))
              LIMIT 1) IS NULL
            ORDER BY place""",
            row -> row.getInt("place") - 1,
            changes.stream().map(DmsHistory::over).map(DmsHistory::text).toArray(String[]::new),
            changes.stream().map(DmsHistory::wasUploadedWhenWritten).toArray(Boolean[]::new),
            DmsFile.FIRST,
            DmsFile.FULL_LOAD);
    return places.stream().map(changes::get).toList();
  }

  private static String text(OffsetDateTime time) {
    return time == null ? null : time.toString();
  }

  private static boolean wasUploadedWhenWritten(Upload upload) {
    return upload
        .eventTime()
        .map(DmsFile.of(upload.object())::wasUploadedWhenWritten)
        .orElse(false);
  }

  /**
   * Whether the file is left over from a full load with more files than the one after it, or older
   * than applied changes.
   */
  boolean isLeftOver(DmsFile file, Upload upload) throws SQLException {
    return exists(
        """
        SELECT FROM loads later
        WHERE event_time >= ?
          AND (%s
            OR bucket = ? AND object_key ~* ? AND regexp_replace(object_key, ?, '', 'i') = ?)
        LIMIT 1"""
            .formatted(AFTER_FULL_LOAD),
        over(upload),
        DmsFile.CHANGES,
        DmsFile.FULL_LOAD,
        upload.object().bucket(),
        DmsFile.FIRST,
        DmsFile.FIRST,
        file.sequence());
  }

  /**
   * Whether the upload failed and is not to be tried again, and nothing was loaded since.
   *
   * @param functionTime how long Lambda lets one invocation run
   */
  boolean hasFailedForGood(Upload upload, Duration functionTime) throws SQLException {
    return hasFailed(
        upload,
        "NOT (%s)".formatted(Backlog.IS_DUE),
        functionTime.toSeconds(),
        ErrorCode.retryable());
  }

  /** Whether the upload failed, alone or with those behind it, and nothing was loaded since. */
  boolean hasFailed(Upload upload) throws SQLException {
    return hasFailed(upload, "true");
  }

  private boolean hasFailed(Upload upload, String condition, Object... values) throws SQLException {
    return session.exists(
        """
        SELECT FROM (
          SELECT * FROM %1$s
          WHERE status = 'FAILED' AND target_table = ? AND bucket = ? AND object_key = ?
            AND etag = ? AND greatest(event_time, started_at) >= ?
          ORDER BY id DESC LIMIT 1) AS failure
        -- A file before it may have been the reason, and have been loaded since.
        WHERE NOT EXISTS (
            SELECT FROM %1$s later
            WHERE later.id > failure.id AND later.status = 'LOADED'
              AND later.target_table = failure.target_table)
          AND %2$s"""
            .formatted(history, condition),
        Stream.concat(
                Stream.of(
                    targetTable,
                    upload.object().bucket(),
                    upload.object().key(),
                    upload.etag().orElse(null),
                    time(upload)),
                Stream.of(values))
            .toArray());
  }

  /** Queries the loads of the table. The text may begin with more tables behind {@code WITH}. */
  <T> List<T> query(String sql, Session.Row<T> row, Object... values) throws SQLException {
    Object[] all = new Object[values.length + 1];
    all[0] = targetTable;
    System.arraycopy(values, 0, all, 1, values.length);
    return session.query(
        """
        WITH loads AS NOT MATERIALIZED (
          SELECT *, event_time + CASE WHEN event_time = date_trunc('second', event_time)
            THEN interval '1 s' ELSE interval '1 us' END AS over
          FROM %s
          WHERE status = 'LOADED' AND target_table = ? AND mode IN ('changes', 'sync')) %s"""
            .formatted(history, sql),
        row,
        all);
  }

  private boolean exists(String sql, Object... values) throws SQLException {
    return !query(sql, row -> true, values).isEmpty();
  }

  private static OffsetDateTime time(Upload upload) {
    return upload.eventTime().map(History::atUtc).orElse(null);
  }

  /** The end of the second or moment that the upload's time stands for; null without a time. */
  private static OffsetDateTime over(Upload upload) {
    return upload
        .eventTime()
        .map(time -> time.plus(1, time.getNano() == 0 ? ChronoUnit.SECONDS : ChronoUnit.MICROS))
        .map(History::atUtc)
        .orElse(null);
  }

  /** The upload that a row has in bucket, object_key, etag and event_time. */
  static Upload upload(ResultSet row, String region) throws SQLException {
    return new Upload(
        new ObjectLocation(row.getString("bucket"), row.getString("object_key")),
        region,
        Optional.empty(),
        Optional.of(row.getObject("event_time", OffsetDateTime.class).toInstant()),
        Optional.of(row.getString("etag")),
        true);
  }
}
