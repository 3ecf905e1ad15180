package s3topostgres.history;

import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.Mode;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * The table in which every load is recorded, and by which duplicate and late deliveries are
 * recognised. Made by {@link #open}, for one connection's use.
 */
public final class History {
  /** Why an upload need not be loaded. */
  public enum Seen {
    /** This delivery was loaded before. */
    DUPLICATE,
    /** Something newer is already in the table. */
    STALE
  }

  /** Empty when no history is kept. */
  private final Optional<HistoryTable> table;

  private final Mode mode;

  private History(Optional<HistoryTable> table, Mode mode) {
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
        name.isEmpty() ? Optional.empty() : Optional.of(HistoryTable.open(session, name.get())),
        settings.mode());
  }

  /**
   * The same, but nothing is created.
   *
   * @throws LoadException as {@link #open}
   */
  public static History ifThere(Session session, LoadSettings settings) throws SQLException {
    Optional<String> name = settings.historyTable();
    return new History(
        name.isEmpty() ? Optional.empty() : HistoryTable.existing(session, name.get()),
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
      deliveries().taken(session, targetTable, upload);
    }
    if (answer.equals("NEW") && mode == Mode.CHANGES) {
      return new LateFiles(loads(session, targetTable)).recognise(upload);
    }
    return seen(answer.equals("TAKEN") ? "DUPLICATE" : answer);
  }

  /** What it says of the files of AWS DMS for a table. */
  public AppliedFiles applied(Session session, String targetTable) {
    return new AppliedFiles(loads(session, targetTable));
  }

  private Loads loads(Session session, String targetTable) {
    return new Loads(session, table.orElseThrow().name(), targetTable);
  }

  /** The same, asked while another load of the target table runs: what is certain already. */
  public Optional<Seen> look(Session session, String targetTable, Upload upload)
      throws SQLException {
    return seen(ask(session, targetTable, upload));
  }

  private String ask(Session session, String targetTable, Upload upload) throws SQLException {
    return table.isEmpty() ? "NEW" : deliveries().ask(session, targetTable, upload);
  }

  private DeliveryLookup deliveries() {
    return new DeliveryLookup(table.orElseThrow().name(), mode);
  }

  private static Optional<Seen> seen(String answer) {
    return Optional.of(answer)
        .filter(word -> !word.equals("NEW") && !word.equals("TAKEN"))
        .map(Seen::valueOf);
  }

  /**
   * Refuses to have files loaded into the history itself, whether or not that can be used.
   *
   * @throws LoadException {@code TABLE_UNUSABLE}
   */
  public static void refuseAsTarget(Session session, LoadSettings settings, TargetTable target)
      throws SQLException {
    Optional<String> name = settings.historyTable();
    if (name.isPresent()
        && HistoryTable.find(session, name.get()).stream()
            .anyMatch(found -> found.oid() == target.oid())) {
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
                .formatted(table.get().name()),
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
  public void loaded(Session session, LoadRecord load, long rows, Optional<RowCounts> changes)
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
      Optional<RowCounts> changes,
      Optional<LoadException> failure)
      throws SQLException {
    if (table.isEmpty()) {
      return;
    }
    Upload upload = load.upload();
    Optional<StoredObject> object = load.object();
    List<Fault> faults = failure.map(LoadException::faults).orElse(List.of());
    session.execute(
        """
        INSERT INTO %s (target_table, bucket, object_key, version_id, etag, size_bytes, sequencer,
          event_time, status, mode, rows_loaded, rows_inserted, rows_updated, rows_deleted,
          started_at, finished_at, error_code, error_message, request_id, faults)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, clock_timestamp(), ?, ?, ?, (
          SELECT jsonb_agg(
            jsonb_strip_nulls(jsonb_build_object('line', line, 'column', name, 'reason', reason))
            ORDER BY place)
          FROM unnest(?::bigint[], ?::text[], ?::text[])
            WITH ORDINALITY AS fault (line, name, reason, place)))"""
            .formatted(table.get().name()),
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
        changes.map(RowCounts::inserted).orElse(null),
        changes.map(RowCounts::updated).orElse(null),
        changes.map(RowCounts::deleted).orElse(null),
        atUtc(load.startedAt()),
        failure.map(LoadException::code).map(ErrorCode::name).orElse(null),
        failure.map(LoadException::getMessage).orElse(null),
        load.requestId(),
        faults.stream().map(Fault::lineOrNull).toArray(Long[]::new),
        faults.stream().map(fault -> fault.column().orElse(null)).toArray(String[]::new),
        faults.stream().map(Fault::reason).toArray(String[]::new));
  }

  /**
   * Of the upload that was read: it may have been overwritten since its event. An event that was
   * written by hand says when that was, and what DMS wrote meanwhile would count as older.
   */
  private OffsetDateTime time(Upload upload, Optional<StoredObject> object) {
    if (mode == Mode.CHANGES && upload.sequencer().isEmpty() && object.isPresent()) {
      return atUtc(object.get().modified());
    }
    return Stream.concat(upload.eventTime().stream(), object.map(StoredObject::modified).stream())
        .max(Comparator.naturalOrder())
        .map(History::atUtc)
        .orElse(null);
  }

  static OffsetDateTime atUtc(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }
}
