package s3topostgres.history;

import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import s3topostgres.ErrorCode;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.Warning;
import s3topostgres.config.RowLimit;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * The table in which every load is recorded, and by which duplicate and late deliveries are
 * recognised. Made by {@link #open}, for the use of one connection.
 *
 * @param table empty when no history is kept
 */
public record History(Optional<HistoryTable> table) {
  /**
   * Opens the history, and creates its table where it is missing.
   *
   * @param setting the table's name as in SQL; empty when no history is kept
   * @throws LoadException {@code TABLE_UNUSABLE} when the table cannot be created or used
   */
  public static History open(Session session, Optional<String> setting) throws SQLException {
    return new History(
        setting.isEmpty()
            ? Optional.empty()
            : Optional.of(HistoryTable.open(session, setting.get())));
  }

  /**
   * Opens the history, and creates no table; one of an earlier version is altered.
   *
   * @param setting the table's name as in SQL; empty when no history is kept
   * @throws LoadException {@code TABLE_UNUSABLE} when the first load could not create the table, or
   *     it cannot be used
   */
  public static History openExisting(Session session, Optional<String> setting)
      throws SQLException {
    History existing = unchanged(session, setting);
    return existing.table.isEmpty() ? existing : open(session, setting);
  }

  /**
   * Opens the history, and creates or changes nothing.
   *
   * @param setting the table's name as in SQL; empty when no history is kept
   * @throws LoadException as {@link #openExisting}
   */
  public static History unchanged(Session session, Optional<String> setting) throws SQLException {
    return new History(
        setting.isEmpty() ? Optional.empty() : HistoryTable.existing(session, setting.get()));
  }

  /** The table's name, quoted as SQL needs it; empty when there is none. */
  public Optional<String> tableName() {
    return table.map(HistoryTable::name);
  }

  /**
   * Judges an upload by the loads of its table.
   *
   * @param wholeTable whether a file is the whole table, so that later uploads of other objects
   *     make it stale
   * @return {@code NEW}, {@code TAKEN}, {@code DUPLICATE} or {@code STALE}
   */
  public Verdict verdict(Session session, String targetTable, Upload upload, boolean wholeTable)
      throws SQLException {
    return table.isEmpty()
        ? Verdict.NEW
        : new DeliveryLookup(table.get().name()).verdict(session, targetTable, upload, wholeTable);
  }

  /**
   * Records that the last load of the object read the content of this upload, too, because the
   * object had been overwritten before its event was handled. Only so are events that are older
   * than this one, but arrive later still, known to be late.
   */
  public void recordTaken(Session session, String targetTable, Upload upload) throws SQLException {
    new DeliveryLookup(table.orElseThrow().name()).recordTaken(session, targetTable, upload);
  }

  /**
   * Refuses to have files loaded into the history itself, whether or not it can be used.
   *
   * @param setting the history's name as in SQL; empty when no history is kept
   * @throws LoadException {@code TABLE_UNUSABLE}
   */
  public static void refuseAsTarget(Session session, Optional<String> setting, TargetTable target)
      throws SQLException {
    if (setting.isPresent()
        && HistoryTable.find(session, setting.get()).stream()
            .anyMatch(found -> found.oid() == target.oid())) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          "%s is the history of the loads".formatted(target.name()), "Load a table of your own.");
    }
  }

  /**
   * Finds the parts of a set that are not as they were last loaded into a table, as part of the set
   * or by themselves.
   */
  public List<ListedObject> notLoaded(
      Session session, String targetTable, Upload marker, List<ListedObject> parts)
      throws SQLException {
    if (table.isEmpty()) {
      return parts;
    }
    Set<String> keys =
        new HashSet<>(
            session.query(
                """
                WITH loads AS NOT MATERIALIZED (
                  SELECT * FROM %s WHERE status = 'LOADED' AND target_table = ? AND bucket = ?),
                -- An object may have been overwritten, and overwritten with the first content again.
                last AS (
                  SELECT DISTINCT ON (part ->> 'object_key')
                    part ->> 'object_key' AS object_key, part ->> 'etag' AS etag
                  FROM loads, jsonb_array_elements(parts) AS part
                  WHERE object_key = ? AND parts IS NOT NULL
                  ORDER BY part ->> 'object_key', id DESC)
                SELECT object_key
                FROM unnest(?::text[], ?::text[]) AS part (object_key, etag)
                  LEFT JOIN last USING (object_key)
                WHERE last.etag IS DISTINCT FROM part.etag
                  AND (last.etag IS NOT NULL OR NOT EXISTS (
                    SELECT FROM loads
                    WHERE loads.object_key = part.object_key AND loads.etag = part.etag))"""
                    .formatted(table.get().name()),
                row -> row.getString(1),
                targetTable,
                marker.object().bucket(),
                marker.object().key(),
                Backlog.texts(parts, part -> part.location().key()),
                Backlog.texts(parts, ListedObject::etag)));
    return parts.stream().filter(part -> keys.contains(part.location().key())).toList();
  }

  /**
   * Finds the objects that were loaded into a table and uploaded later than others, as they were
   * loaded: the last version of each object key, and the parts of sets. The ETag of one of which
   * rows were left out is empty.
   *
   * @param than the object that was uploaded at that time
   */
  public List<ListedObject> newer(
      Session session, String targetTable, ObjectLocation than, Instant uploadedAt)
      throws SQLException {
    return table.isEmpty()
        ? List.of()
        : session.query(
            """
            SELECT DISTINCT ON (bucket, key) bucket, key, event_time,
              CASE WHEN rows_rejected > 0 THEN '' ELSE version END AS version
            FROM %s AS h, LATERAL (
              SELECT h.object_key, h.etag WHERE h.parts IS NULL
              UNION ALL
              SELECT part ->> 'object_key', part ->> 'etag'
              FROM jsonb_array_elements(h.parts) AS part) AS object (key, version)
            WHERE status = 'LOADED' AND target_table = ? AND event_time > ?
              AND rows_loaded IS NOT NULL
              AND (bucket, key) <> (?, ?)
            ORDER BY bucket, key, event_time DESC, id DESC"""
                .formatted(table.get().name()),
            row ->
                new ListedObject(
                    new ObjectLocation(row.getString("bucket"), row.getString("key")),
                    row.getString("version"),
                    0,
                    row.getObject("event_time", OffsetDateTime.class).toInstant()),
            targetTable,
            atUtc(uploadedAt),
            than.bucket(),
            than.key());
  }

  /** How many rows a file for a table must have, where a percentage counts the last load's. */
  public long minRows(Session session, RowLimit setting, TargetTable target) throws SQLException {
    if (table.isEmpty() || !setting.percent()) {
      return setting.least(OptionalLong.empty());
    }
    List<Long> last =
        session.query(
            """
            SELECT rows_loaded FROM %s
            WHERE target_table = ? AND status = 'LOADED' AND rows_loaded IS NOT NULL
            ORDER BY id DESC LIMIT 1"""
                .formatted(table.get().name()),
            row -> row.getLong(1),
            target.name());
    return setting.least(last.stream().mapToLong(rows -> rows).findFirst());
  }

  /**
   * The time before which everything in a bucket is known, as the last comparison of all of it
   * found.
   *
   * @param choice the settings that choose objects: another choice knows nothing
   * @param since comparisons before that do not count
   */
  public Optional<Instant> known(Session session, String bucket, String choice, Instant since)
      throws SQLException {
    return table.isEmpty()
        ? Optional.empty()
        : session
            .query(
                """
                SELECT event_time FROM %s
                WHERE status = 'LOADED' AND target_table = '' AND bucket = ? AND object_key = ?
                  AND started_at > ? ORDER BY started_at DESC LIMIT 1"""
                    .formatted(table.get().name()),
                row -> row.getObject(1, OffsetDateTime.class).toInstant(),
                bucket,
                choice,
                atUtc(since))
            .stream()
            .findFirst();
  }

  /**
   * Records the time before which everything in a bucket is known: a row of no table, in mode
   * {@code catch-up}.
   *
   * @param compared when all of the bucket was compared
   */
  public void recordKnown(
      Session session,
      String bucket,
      String choice,
      Instant known,
      Instant compared,
      String requestId)
      throws SQLException {
    session.execute(
        """
        INSERT INTO %s (target_table, bucket, object_key, event_time, status, mode, started_at,
          finished_at, request_id)
        VALUES ('', ?, ?, ?, 'LOADED', 'catch-up', ?, clock_timestamp(), ?)"""
            .formatted(table.orElseThrow().name()),
        bucket,
        choice,
        atUtc(known),
        atUtc(compared),
        requestId);
  }

  /**
   * Records a load, in its own transaction.
   *
   * @param rows in the file
   * @param way how the rows came into the table; empty in a mode that has but one
   * @param counts empty in a mode that does not count changed rows
   * @param rejected how many records were left out, because of the faults; empty if none
   */
  public void recordLoad(
      Session session,
      LoadRecord load,
      long rows,
      Optional<String> way,
      Optional<RowCounts> counts,
      List<Warning> warnings,
      Optional<Long> rejected,
      List<Fault> faults)
      throws SQLException {
    record(
        session,
        load,
        Optional.of(rows),
        way,
        counts,
        warnings,
        rejected,
        faults,
        Optional.empty());
  }

  /** A recorded failure whose reason is the file. The ETag is the file's, without quotes. */
  public record Failure(ErrorCode code, String message, String etag) {}

  /**
   * Finds the failure that an earlier attempt of a request recorded for an upload, if only another
   * file can be loaded.
   */
  public Optional<Failure> fileFailure(Session session, Upload upload, String requestId)
      throws SQLException {
    if (table.isEmpty()) {
      return Optional.empty();
    }
    return session
        .query(
            """
            SELECT error_code, error_message, etag FROM %s
            WHERE status = 'FAILED' AND bucket = ? AND object_key = ? AND request_id = ?
              AND sequencer IS NOT DISTINCT FROM ? AND retry = 'never'
            ORDER BY id DESC LIMIT 1"""
                .formatted(table.get().name()),
            row ->
                new Failure(
                    ErrorCode.valueOf(row.getString("error_code")),
                    row.getString("error_message"),
                    row.getString("etag")),
            upload.object().bucket(),
            upload.object().key(),
            requestId,
            upload.sequencer().orElse(null))
        .stream()
        .findFirst();
  }

  /**
   * Records a failure, after the load's transaction was rolled back. A failure of an upload that
   * was found in the bucket's list is not recorded again while it stays the same.
   */
  public void recordFailure(Session session, LoadRecord load, LoadException failure)
      throws SQLException {
    if (!load.upload().found() || !isLastFailure(session, load, failure)) {
      record(
          session,
          load,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          List.of(),
          Optional.empty(),
          failure.faults(),
          Optional.of(failure));
    }
  }

  private boolean isLastFailure(Session session, LoadRecord load, LoadException failure)
      throws SQLException {
    return table.isPresent()
        && session.exists(
            """
            SELECT FROM (
              SELECT * FROM %s
              WHERE status = 'FAILED' AND bucket = ? AND object_key = ? AND target_table = ?
              ORDER BY id DESC LIMIT 1) AS last
            WHERE etag = ? AND error_message = ? AND retry = ?"""
                .formatted(table.get().name()),
            load.upload().object().bucket(),
            load.upload().object().key(),
            load.table(),
            etag(load),
            failure.getMessage(),
            retry(failure, load));
  }

  /** When the upload is tried again, with the time that was not enough: {@link Backlog#IS_DUE}. */
  private static String retry(LoadException failure, LoadRecord load) {
    return failure.retry() == Retry.WITH_MORE_TIME
        ? "%s-than-%d-s".formatted(failure.retry().label(), load.functionTime().toSeconds())
        : failure.retry().label();
  }

  private static String etag(LoadRecord load) {
    return load.object().map(StoredObject::etag).or(load.upload()::etag).orElse(null);
  }

  private void record(
      Session session,
      LoadRecord load,
      Optional<Long> rows,
      Optional<String> way,
      Optional<RowCounts> counts,
      List<Warning> warnings,
      Optional<Long> rejected,
      List<Fault> faults,
      Optional<LoadException> failure)
      throws SQLException {
    if (table.isEmpty()) {
      return;
    }
    Upload upload = load.upload();
    Optional<StoredObject> object = load.object();
    session.execute(
        """
        INSERT INTO %s (target_table, bucket, object_key, version_id, etag, size_bytes, sequencer,
          event_time, status, mode, way, rows_loaded, rows_inserted, rows_updated, rows_deleted,
          rows_rejected, started_at, finished_at, error_code, error_message, retry, request_id,
          parts, faults,
          warnings)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, clock_timestamp(), ?, ?, ?, ?, (
          SELECT jsonb_agg(jsonb_build_object('object_key', object_key, 'etag', etag) ORDER BY place)
          FROM unnest(?::text[], ?::text[]) WITH ORDINALITY AS part (object_key, etag, place)), (
          SELECT jsonb_agg(
            jsonb_strip_nulls(
              jsonb_build_object('part', part, 'line', line, 'column', name, 'reason', reason))
            ORDER BY place)
          FROM unnest(?::text[], ?::bigint[], ?::text[], ?::text[])
            WITH ORDINALITY AS fault (part, line, name, reason, place)), (
          SELECT jsonb_agg(
            jsonb_strip_nulls(jsonb_build_object(
              'part', part, 'line', line, 'column', name, 'count', count, 'warning', warning))
            ORDER BY place)
          FROM unnest(?::text[], ?::bigint[], ?::text[], ?::bigint[], ?::text[])
            WITH ORDINALITY AS warning (part, line, name, count, warning, place)))"""
            .formatted(table.get().name()),
        load.table(),
        upload.object().bucket(),
        upload.object().key(),
        object.flatMap(StoredObject::versionId).orElse(null),
        etag(load),
        object.map(StoredObject::size).orElse(null),
        upload.sequencer().orElse(null),
        load.uploadedAt().map(History::atUtc).orElse(null),
        failure.isEmpty() ? "LOADED" : "FAILED",
        load.mode(),
        way.orElse(null),
        rows.orElse(null),
        counts.map(RowCounts::inserted).orElse(null),
        counts.map(RowCounts::updated).orElse(null),
        counts.map(RowCounts::deleted).orElse(null),
        rejected.orElse(null),
        atUtc(load.startedAt()),
        failure.map(LoadException::code).map(ErrorCode::name).orElse(null),
        failure.map(LoadException::getMessage).orElse(null),
        failure.map(e -> retry(e, load)).orElse(null),
        load.requestId(),
        Backlog.texts(load.parts(), part -> part.location().key()),
        Backlog.texts(load.parts(), ListedObject::etag),
        faults.stream().map(fault -> fault.part().orElse(null)).toArray(String[]::new),
        faults.stream().map(Fault::lineOrNull).toArray(Long[]::new),
        faults.stream().map(fault -> fault.column().orElse(null)).toArray(String[]::new),
        faults.stream().map(Fault::reason).toArray(String[]::new),
        warnings.stream().map(Warning::part).toArray(String[]::new),
        warnings.stream().map(Warning::line).toArray(Long[]::new),
        warnings.stream().map(Warning::column).toArray(String[]::new),
        warnings.stream().map(Warning::count).toArray(Long[]::new),
        warnings.stream().map(Warning::warning).toArray(String[]::new));
  }

  /** A time as the driver binds it. */
  public static OffsetDateTime atUtc(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}
