package s3topostgres.history;

import java.sql.SQLException;
import s3topostgres.postgres.Session;
import s3topostgres.s3.Upload;

/**
 * Compares an upload with recorded loads.
 *
 * @param table the history, quoted as SQL needs it
 */
record DeliveryLookup(String table) {
  /**
   * Pads a sequencer for comparison: sequencers are hexadecimal numbers, the shorter padded with
   * zeros on the right.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html">Event
   *     message structure</a>
   */
  static final String PADDED = "(rpad(lower(%s), 64, '0') COLLATE \"C\")";

  /**
   * Judges an upload by the loads of one table.
   *
   * @param wholeTable whether a file is the whole table, so that later uploads of other objects
   *     make it stale
   */
  Verdict verdict(Session session, String targetTable, Upload upload, boolean wholeTable)
      throws SQLException {
    if (upload.sequencer().isEmpty() && !upload.found()) {
      return Verdict.NEW;
    }
    return session.one(
        """
            -- Each part is one look at the end of an index, however long the history is.
            SELECT CASE
              -- Emulators of S3 give every upload the same sequencer.
              WHEN EXISTS (
                SELECT FROM %1$s h
                WHERE h.status = 'LOADED' AND h.target_table = upload.target_table
                  AND h.bucket = upload.bucket AND h.object_key = upload.object_key
                  AND %3$s = upload.sequencer
                  AND upload.event_time > h.event_time IS NOT TRUE) THEN 'DUPLICATE'
              WHEN upload.found AND EXISTS (
                SELECT FROM %1$s h
                WHERE h.status = 'LOADED' AND h.target_table = upload.target_table
                  AND h.bucket = upload.bucket AND h.object_key = upload.object_key
                  AND h.etag = upload.etag
                  AND greatest(h.event_time, h.started_at) >= upload.event_time) THEN 'DUPLICATE'
              WHEN (
                SELECT %3$s FROM %1$s h
                WHERE h.status = 'LOADED' AND h.target_table = upload.target_table
                  AND h.bucket = upload.bucket AND h.object_key = upload.object_key
                  AND h.sequencer IS NOT NULL
                  -- Earlier versions recorded that of the template in the Lambda console.
                  AND h.sequencer <> '0A1B2C3D4E5F678901'
                ORDER BY %3$s DESC LIMIT 1) > upload.sequencer THEN 'STALE'
              WHEN (
                SELECT h.event_time FROM %1$s h
                WHERE h.status = 'LOADED' AND h.target_table = upload.target_table
                  AND h.event_time > upload.event_time
                  -- Of the same object the sequencer decides, where it is known.
                  AND CASE WHEN (h.bucket, h.object_key) = (upload.bucket, upload.object_key)
                    THEN h.sequencer IS NULL AND NOT upload.found ELSE upload.whole END
                ORDER BY h.event_time LIMIT 1) IS NOT NULL THEN 'STALE'
              -- What the table holds was loaded after this upload, from the same object.
              WHEN upload.whole AND (
                SELECT (h.bucket, h.object_key, h.etag)
                    = (upload.bucket, upload.object_key, upload.etag)
                  AND h.started_at > upload.event_time
                FROM %1$s h
                WHERE h.status = 'LOADED' AND h.target_table = upload.target_table
                ORDER BY h.id DESC LIMIT 1) THEN 'TAKEN'
              -- Some load of the object took it as this upload left it. The load's time is that of
              -- its own event or of the object, if in parts of its beginning: not much earlier.
              WHEN NOT upload.whole AND EXISTS (
                SELECT FROM %1$s h
                WHERE h.status = 'LOADED' AND h.target_table = upload.target_table
                  AND h.bucket = upload.bucket AND h.object_key = upload.object_key
                  AND h.etag = upload.etag AND h.started_at > upload.event_time
                  AND h.event_time > upload.event_time - interval '8 days') THEN 'TAKEN'
              ELSE 'NEW' END
            FROM (
              SELECT ? AS target_table, ? AS bucket, ? AS object_key, %2$s AS sequencer,
                     ?::timestamptz AS event_time, ? AS etag, ? AS found, ? AS whole) AS upload
            """
            .formatted(table, PADDED.formatted("?::text"), PADDED.formatted("h.sequencer")),
        row -> Verdict.valueOf(row.getString(1)),
        targetTable,
        upload.object().bucket(),
        upload.object().key(),
        upload.sequencer().orElse(null),
        upload.eventTime().map(History::atUtc).orElse(null),
        upload.etag().orElse(null),
        upload.found(),
        wholeTable);
  }

  /**
   * Records that the last load of the object read the content of this upload, too. Of an object
   * that was never loaded, a marker whose files were loaded by themselves, only the upload is
   * recorded.
   */
  void recordTaken(Session session, String targetTable, Upload upload) throws SQLException {
    session.execute(
        """
        INSERT INTO %1$s (target_table, bucket, object_key, version_id, etag, size_bytes, sequencer,
          event_time, status, mode, way, rows_loaded, rows_inserted, rows_updated, rows_deleted,
          started_at, finished_at, request_id, parts)
        SELECT u.target_table, u.bucket, u.object_key, version_id, coalesce(last.etag, u.etag), size_bytes,
          u.sequencer, u.event_time, 'LOADED', mode, way, rows_loaded, rows_inserted, rows_updated, rows_deleted,
          coalesce(started_at, clock_timestamp()), coalesce(finished_at, clock_timestamp()), request_id,
          parts
        FROM (
            SELECT ?::text AS sequencer, ?::timestamptz AS event_time, ?::text AS etag,
              ? AS target_table, ? AS bucket, ? AS object_key) AS u
          LEFT JOIN LATERAL (
            SELECT * FROM %1$s AS h
            WHERE h.target_table = u.target_table AND h.bucket = u.bucket
              AND h.object_key = u.object_key AND h.status = 'LOADED'
            ORDER BY h.id DESC LIMIT 1) AS last ON true"""
            .formatted(table),
        upload.sequencer().orElse(null),
        upload.eventTime().map(History::atUtc).orElse(null),
        upload.etag().orElse(null),
        targetTable,
        upload.object().bucket(),
        upload.object().key());
  }
}
