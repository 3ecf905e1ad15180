package s3topostgres.history;

import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.Mode;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * The table in which every load is recorded, and by which deliveries that come twice or late are
 * recognised. Made by {@link #open}, for one connection's use.
 */
public final class History {
  /**
   * Sequencers are compared as hexadecimal numbers, the shorter padded with zeros on the right.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html">Event
   *     message structure</a>
   */
  static final String PADDED = "(rpad(lower(%s), 64, '0') COLLATE \"C\")";

  /** Why an upload need not be loaded. */
  public enum Seen {
    /** This delivery was loaded before. */
    DUPLICATE,
    /** Something newer is already in the table. */
    STALE
  }

  /** Quoted as SQL needs it; empty when no history is kept. */
  private final Optional<String> table;

  private final Mode mode;

  private History(Optional<String> table, Mode mode) {
    this.table = table;
    this.mode = mode;
  }

  /**
   * The history in the table that the settings name, which is created where it is missing.
   *
   * @throws LoadException {@code TABLE_UNUSABLE} when that is not possible
   */
  public static History open(Session session, LoadSettings settings) throws SQLException {
    Optional<String> name = settings.historyTable();
    return new History(
        name.isEmpty() ? name : Optional.of(HistoryTable.open(session, name.get())),
        settings.mode());
  }

  /**
   * Whether this upload is in the table already, or something newer is; empty when it is to be
   * loaded. Asked under the load's lock, in a transaction that is to be committed. Where the file
   * is not the whole table, another object's later upload does not matter.
   *
   * <p>An object may be overwritten before its event is handled, and the load then takes the later
   * upload. When that one's event comes, it is recorded as loaded by that load: only so are events
   * that are older than it, but come later still, known to be late.
   */
  public Optional<Seen> recognise(Session session, String targetTable, Upload upload)
      throws SQLException {
    String answer = ask(session, targetTable, upload);
    if (answer.equals("TAKEN") && mode != Mode.CHANGES) {
      taken(session, targetTable, upload);
    }
    if (answer.equals("NEW") && mode == Mode.CHANGES) {
      return applied(session, targetTable).recognise(upload);
    }
    return seen(answer.equals("TAKEN") ? "DUPLICATE" : answer);
  }

  /** What it says of the files of AWS DMS for a table. */
  public AppliedFiles applied(Session session, String targetTable) {
    return new AppliedFiles(session, table.orElseThrow(), targetTable);
  }

  /** The same, asked while another load of the target table runs: what is certain already. */
  public Optional<Seen> look(Session session, String targetTable, Upload upload)
      throws SQLException {
    return seen(ask(session, targetTable, upload));
  }

  private static Optional<Seen> seen(String answer) {
    return Optional.of(answer)
        .filter(word -> !word.equals("NEW") && !word.equals("TAKEN"))
        .map(Seen::valueOf);
  }

  private String ask(Session session, String targetTable, Upload upload) throws SQLException {
    if (table.isEmpty() || (upload.sequencer().isEmpty() && !upload.found())) {
      return "NEW";
    }
    return session
        .query(
            """
            -- Each part is one look at the end of an index, however long the history is.
            SELECT CASE
              WHEN EXISTS (
                SELECT FROM %1$s h
                WHERE h.status = 'LOADED' AND h.target_table = upload.target_table
                  AND h.bucket = upload.bucket AND h.object_key = upload.object_key
                  AND %3$s = upload.sequencer) THEN 'DUPLICATE'
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
                ORDER BY %3$s DESC LIMIT 1) > upload.sequencer THEN 'STALE'
              WHEN (
                SELECT h.event_time FROM %1$s h
                WHERE h.status = 'LOADED' AND h.target_table = upload.target_table
                  AND h.event_time > upload.event_time
                  -- Of the same object the sequencer tells, where it is known.
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
              -- Some load of the object took it as this upload left it.
              WHEN NOT upload.whole AND EXISTS (
                SELECT FROM %1$s h
                WHERE h.status = 'LOADED' AND h.target_table = upload.target_table
                  AND h.bucket = upload.bucket AND h.object_key = upload.object_key
                  AND h.etag = upload.etag AND h.started_at > upload.event_time) THEN 'TAKEN'
              ELSE 'NEW' END
            FROM (
              SELECT ? AS target_table, ? AS bucket, ? AS object_key, %2$s AS sequencer,
                     ?::timestamptz AS event_time, ? AS etag, ? AS found, ? AS whole) AS upload
            """
                .formatted(
                    table.get(), PADDED.formatted("?::text"), PADDED.formatted("h.sequencer")),
            row -> row.getString(1),
            targetTable,
            upload.object().bucket(),
            upload.object().key(),
            upload.sequencer().orElse(null),
            upload.eventTime().map(History::atUtc).orElse(null),
            upload.etag().orElse(null),
            upload.found(),
            mode.isWholeTable())
        .get(0);
  }

  /** Records that what the last load of the object took is this upload, too. */
  private void taken(Session session, String targetTable, Upload upload) throws SQLException {
    session.execute(
        """
        INSERT INTO %1$s (target_table, bucket, object_key, version_id, etag, size_bytes, sequencer,
          event_time, status, mode, rows_loaded, rows_inserted, rows_updated, rows_deleted,
          started_at, finished_at, request_id)
        SELECT target_table, bucket, object_key, version_id, etag, size_bytes, ?, ?, status, mode,
          rows_loaded, rows_inserted, rows_updated, rows_deleted, started_at, finished_at,
          request_id
        FROM %1$s
        WHERE target_table = ? AND bucket = ? AND object_key = ? AND status = 'LOADED'
        ORDER BY id DESC LIMIT 1"""
            .formatted(table.orElseThrow()),
        upload.sequencer().orElseThrow(),
        upload.eventTime().map(History::atUtc).orElse(null),
        targetTable,
        upload.object().bucket(),
        upload.object().key());
  }

  /**
   * Refuses to have files loaded into the history itself.
   *
   * @throws LoadException {@code TABLE_UNUSABLE}
   */
  public void refuseAsTarget(Session session, TargetTable target) throws SQLException {
    if (table.isPresent()
        && session
            .query(
                "SELECT ?::regclass = ?::oid", row -> row.getBoolean(1), table.get(), target.oid())
            .contains(true)) {
      throw TargetTable.unusable(
          "%s is the history of the loads".formatted(target.name()), "Load a table of your own.");
    }
  }

  /** How many rows the last load of a table had; empty when none is known. */
  public OptionalLong lastRows(Session session, String targetTable) throws SQLException {
    if (table.isEmpty()) {
      return OptionalLong.empty();
    }
    return session
        .query(
            """
            SELECT rows_loaded FROM %s
            WHERE target_table = ? AND status = 'LOADED' ORDER BY id DESC LIMIT 1"""
                .formatted(table.get()),
            row -> row.getLong(1),
            targetTable)
        .stream()
        .mapToLong(rows -> rows)
        .findFirst();
  }

  /**
   * Records a load, in its own transaction.
   *
   * @param rows in the file
   * @param changes empty in a mode that does not count them
   */
  public void loaded(Session session, LoadRecord load, long rows, Optional<Changes> changes)
      throws SQLException {
    record(session, load, Optional.of(rows), changes, Optional.empty());
  }

  /** Records a failure, after the load's transaction was rolled back. */
  public void failed(Session session, LoadRecord load, LoadException failure) throws SQLException {
    record(session, load, Optional.empty(), Optional.empty(), Optional.of(failure));
  }

  private void record(
      Session session,
      LoadRecord load,
      Optional<Long> rows,
      Optional<Changes> changes,
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
          event_time, status, mode, rows_loaded, rows_inserted, rows_updated, rows_deleted,
          started_at, finished_at, error_code, error_message, request_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, clock_timestamp(), ?, ?, ?)"""
            .formatted(table.get()),
        load.table(),
        upload.object().bucket(),
        upload.object().key(),
        object.flatMap(StoredObject::versionId).orElse(null),
        object.map(StoredObject::etag).or(upload::etag).orElse(null),
        object.map(StoredObject::size).orElse(null),
        upload.sequencer().orElse(null),
        time(upload, object),
        failure.isEmpty() ? "LOADED" : "FAILED",
        load.completes() ? Mode.SYNC.label() : mode.label(),
        rows.orElse(null),
        changes.map(Changes::inserted).orElse(null),
        changes.map(Changes::updated).orElse(null),
        changes.map(Changes::deleted).orElse(null),
        atUtc(load.startedAt()),
        failure.map(LoadException::code).map(ErrorCode::name).orElse(null),
        failure.map(LoadException::getMessage).orElse(null),
        load.requestId());
  }

  /** Of the upload that was read: it may have been overwritten since its event. */
  private static OffsetDateTime time(Upload upload, Optional<StoredObject> object) {
    return Stream.concat(upload.eventTime().stream(), object.map(StoredObject::modified).stream())
        .max(Comparator.naturalOrder())
        .map(History::atUtc)
        .orElse(null);
  }

  private static OffsetDateTime atUtc(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}
