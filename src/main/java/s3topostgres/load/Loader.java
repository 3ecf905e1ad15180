package s3topostgres.load;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.LoadSettings;
import s3topostgres.csv.FileHead;
import s3topostgres.history.History;
import s3topostgres.load.LoadResult.Status;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.Replace;
import s3topostgres.postgres.AwsS3Import;
import s3topostgres.postgres.Backoff;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.ObjectImport;
import s3topostgres.postgres.ObjectImport.Imported;
import s3topostgres.postgres.Script;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Objects;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * Loads uploads into the target table. Each load is one transaction: the table holds all of the
 * file's rows afterwards, or what it held before.
 */
public final class Loader {
  /** Kept back from the function's time for the rollback, the record of the failure, the answer. */
  static final Duration MARGIN = Duration.ofSeconds(10);

  /** Of that, for the answer; and should the network be silent, the socket takes 2 s of it. */
  private static final Duration RECORD_MARGIN = Duration.ofSeconds(4);

  /**
   * A fifth of the function's time is kept for the work itself: of a quarter of an hour three
   * minutes, in which a database fetches some gigabytes. So much is waited for at the most: for the
   * database, and for other loads of the table.
   */
  private static final int SHARE_OF_THE_WORK = 5;

  /** Keeps the lock apart from other uses of advisory locks: "S3LD". */
  private static final long LOCK_SEED = 0x53334c44;

  private static final Logger log = LoggerFactory.getLogger(Loader.class);

  private final LoadSettings settings;
  private final CsvFormat format;
  private final Objects objects;
  private final Database database;
  private final LoadMode mode;
  private final ObjectImport objectImport;

  public Loader(LoadSettings settings, CsvFormat format, Objects objects, Database database) {
    this.settings = settings;
    this.format = format;
    this.objects = objects;
    this.database = database;
    this.mode = new Replace(settings.lockTimeout());
    this.objectImport = new AwsS3Import(format);
  }

  /**
   * Loads one upload, unless it or something newer is in the table already.
   *
   * @param functionEnd when the function is killed
   * @param requestId of the invocation, for the history and the log
   * @throws LoadException when the load failed; the table is as it was, the failure is in the log
   *     and, if the database can be reached, in the history
   */
  public LoadResult load(Upload upload, Deadline functionEnd, String requestId) {
    if (settings.keys().match(upload.object().key()).isEmpty()) {
      return ignore(
          upload,
          "its key does not look like %s (S3_KEY_PREFIX, S3_KEY_PATTERN)"
              .formatted(settings.keys().shown()),
          requestId);
    }
    try (Attempt attempt = new Attempt(upload, settings.table().setting(), requestId)) {
      try {
        LoadResult result = load(attempt, functionEnd.before(MARGIN));
        LoadLog.ended(attempt, result);
        LoadMetrics.ended(result);
        return result;
      } catch (LoadException e) {
        throw failed(
            attempt, functionEnd, unlessLate(attempt, e).about(upload.object().toString()));
      } catch (RuntimeException e) {
        throw failed(attempt, functionEnd, unexpected(e).about(upload.object().toString()));
      }
    }
  }

  /** A load that began late may have the time it needs when it is tried again. */
  private static LoadException unlessLate(Attempt attempt, LoadException e) {
    if (e.code() != ErrorCode.OUT_OF_TIME
        || attempt.waitedMillis() * SHARE_OF_THE_WORK <= attempt.millis()) {
      return e;
    }
    return new LoadException(
            attempt.waitedForOthers() ? ErrorCode.TABLE_BUSY : ErrorCode.DATABASE_UNAVAILABLE,
            "the load was not finished before the function's time limit, of which it had waited %d s for %s"
                .formatted(
                    attempt.waitedMillis() / 1000,
                    attempt.waitedForOthers() ? "other loads of the table" : "the database"),
            "Send the event again; the old rows are still there.")
        .sqlState(e.sqlState().orElse(null));
  }

  /**
   * Notes that an event was not about a file to load.
   *
   * @param why for the log
   */
  public LoadResult ignore(Upload upload, String why, String requestId) {
    try (Attempt attempt = new Attempt(upload, settings.table().setting(), requestId)) {
      LoadResult result = attempt.ended(Status.IGNORED, 0, 0);
      attempt.ignored(why);
      LoadLog.ended(attempt, result);
      return result;
    }
  }

  /**
   * Notes that a record of an event says of no object that it was uploaded.
   *
   * @return the failure, for the caller to throw
   */
  public LoadException refuse(LoadException malformed, Deadline functionEnd, String requestId) {
    ObjectLocation unknown = new ObjectLocation("?", "?");
    Upload upload = new Upload(unknown, "", Optional.empty(), Optional.empty(), Optional.empty());
    try (Attempt attempt = new Attempt(upload, settings.table().setting(), requestId)) {
      return failed(attempt, functionEnd, malformed);
    }
  }

  /** Until when a load may wait that has to end by then. */
  static Deadline latestStart(Deadline deadline) {
    return deadline.before(deadline.left().dividedBy(SHARE_OF_THE_WORK));
  }

  private LoadResult load(Attempt attempt, Deadline deadline) {
    refuseOtherBuckets(attempt.upload());
    Deadline latestStart = latestStart(deadline);
    Backoff backoff = new Backoff();
    while (true) {
      attempt.step("connecting");
      Optional<LoadResult> result = loadUnlessOthersDo(attempt, deadline, latestStart);
      if (result.isPresent()) {
        return result.get();
      }
      if (latestStart.passed()) {
        throw new LoadException(
            ErrorCode.TABLE_BUSY,
            "other loads of %s took the function's time".formatted(attempt.table()),
            "Send the event again when they are done; the old rows are still there.");
      }
      attempt.waitsForOthers();
      backoff.pause(latestStart);
    }
  }

  /**
   * Loads, unless another load of the table runs. Then nothing is done and no connection is held.
   *
   * @return empty if another load runs, which does not make this one superfluous
   */
  private Optional<LoadResult> loadUnlessOthersDo(
      Attempt attempt, Deadline deadline, Deadline latestStart) {
    Upload upload = attempt.upload();
    try (Session session = database.connect(deadline, latestStart)) {
      objectImport.install(session);
      History history = History.open(session, settings.historyTable());

      session.begin();
      describe(session, attempt);
      TargetTable found = target(session, upload);
      attempt.table(found.name());
      history.refuseAsTarget(session, found);
      mode.check(session, found);
      boolean alone = lockOutOtherLoads(session, found);
      Optional<History.Seen> seen =
          alone
              ? history.recognise(session, found.name(), upload)
              : history.look(session, found.name(), upload);
      if (seen.isPresent() || !alone) {
        session.commit();
        return seen.map(why -> attempt.ended(Status.valueOf(why.name()), 0, 0));
      }

      attempt.begins();
      StoredObject object = objects.look(upload.object(), deadline.left());
      attempt.object(object);
      // Anew, because somebody may have altered the table while we waited.
      TargetTable table = target(session, upload);
      List<Column> columns = FileHead.columns(object, format, table);
      attempt.defaulted(table.notAmong(columns));

      attempt.step("before-load-sql");
      runScript(session, "BEFORE_LOAD_SQL", settings.beforeLoadSql());
      LoadMode.Rows rows = into -> objectImport.run(session, into, table, columns, upload);
      Imported imported = mode.load(session, table, rows, attempt::step);
      refuseOtherSize(object, imported.bytes());
      refuseTooFew(imported.rows());
      attempt.step("after-load-sql");
      runScript(session, "AFTER_LOAD_SQL", settings.afterLoadSql());

      attempt.step("committing");
      history.loaded(session, attempt.record(), imported.rows());
      checkDeferredConstraints(session, table);
      commit(session);
      analyze(session, table);
      return Optional.of(attempt.ended(Status.LOADED, imported.rows(), imported.bytes()));
    } catch (SQLException e) {
      throw SqlErrors.translate(e, deadline);
    }
  }

  private TargetTable target(Session session, Upload upload) throws SQLException {
    return TargetTable.resolve(
        session, settings.table(), settings.keys().match(upload.object().key()).orElseThrow());
  }

  private void refuseOtherBuckets(Upload upload) {
    settings
        .bucket()
        .filter(bucket -> !bucket.equals(upload.object().bucket()))
        .ifPresent(
            bucket -> {
              throw new LoadException(
                  ErrorCode.OBJECT_UNREADABLE,
                  "only objects of the bucket %s are loaded (S3_BUCKET_NAME)".formatted(bucket),
                  "Upload the file there, or correct S3_BUCKET_NAME.");
            });
  }

  /**
   * Lets the table's defaults say where a row came from, as current_setting('s3_load.key', true).
   */
  private static void describe(Session session, Attempt attempt) throws SQLException {
    session.execute(
        """
        SELECT set_config('s3_load.bucket', ?, true), set_config('s3_load.key', ?, true),
               set_config('s3_load.request_id', ?, true)""",
        attempt.upload().object().bucket(),
        attempt.upload().object().key(),
        attempt.requestId());
  }

  /**
   * Keeps other loads of this table out until the transaction ends, if none runs now. The lock goes
   * by the name, as the history does: somebody may put another table in its place meanwhile. Each
   * later statement waits for locks no longer than readers of the table wait with it.
   *
   * @return whether others are locked out; if not, another load runs
   */
  private boolean lockOutOtherLoads(Session session, TargetTable table) throws SQLException {
    return session
        .query(
            """
            SELECT pg_try_advisory_xact_lock(hashtextextended(?, ?));
            SET LOCAL lock_timeout = %d"""
                .formatted(Session.lockMillis(settings.lockTimeout())),
            row -> row.getBoolean(1),
            table.name(),
            LOCK_SEED)
        .contains(true);
  }

  private static void runScript(Session session, String setting, Optional<String> sql)
      throws SQLException {
    if (sql.isPresent()) {
      Script.run(session, setting, sql.get());
    }
  }

  /** A compressed object's size is not what the database counts. */
  private static void refuseOtherSize(StoredObject object, long imported) {
    if (object.contentEncoding().isEmpty() && object.size() != imported) {
      throw new LoadException(
          ErrorCode.OBJECT_UNREADABLE,
          "the object had %d bytes when the load began, and the database fetched %d"
              .formatted(object.size(), imported),
          "It was probably overwritten meanwhile: the next try loads what is there then. The old"
              + " rows are still there.");
    }
  }

  private void refuseTooFew(long rows) {
    if (rows < settings.minRows()) {
      throw new LoadException(
          ErrorCode.TOO_FEW_ROWS,
          "the file has %d rows, and at least %d are expected (MIN_ROWS)"
              .formatted(rows, settings.minRows()),
          "Check that the export was complete and upload it again; the old rows are still there.");
    }
  }

  /** The commit would check them too, but under no time limit. */
  private static void checkDeferredConstraints(Session session, TargetTable table)
      throws SQLException {
    try {
      session.execute("SET CONSTRAINTS ALL IMMEDIATE");
    } catch (SQLException e) {
      if (ImportErrors.isRowRejected(e)) {
        throw ImportErrors.row(e, table);
      }
      throw e;
    }
  }

  private static void commit(Session session) throws SQLException {
    try {
      session.commit();
    } catch (SQLException e) {
      if (SqlErrors.isConnectionLost(e)) {
        throw new LoadException(
                ErrorCode.DATABASE_UNAVAILABLE,
                "the connection was lost in the commit, so it is not known whether the file is loaded",
                "Send the event again: if the file is loaded, the history recognises it.")
            .sqlState(e.getSQLState());
      }
      throw e;
    }
  }

  /**
   * Renews the planner's statistics. The rows are committed by now, so whatever goes wrong here is
   * no failure of the load.
   */
  private static void analyze(Session session, TargetTable table) {
    try {
      // The next load has the table perhaps, and will analyze it too.
      session.execute("SET lock_timeout = '2s'; ANALYZE " + table.name());
    } catch (SQLException | LoadException e) {
      log.warn(
          "{} is loaded, but ANALYZE failed; autovacuum will renew its statistics", table.name());
    }
  }

  /** The exception's own message may quote a cell; its stack is kept. */
  private static LoadException unexpected(RuntimeException e) {
    LoadException failure =
        new LoadException(
            ErrorCode.INTERNAL,
            "an unexpected " + e.getClass().getName(),
            "Report it with the stack in the function's log; the old rows are still there.");
    failure.setStackTrace(e.getStackTrace());
    return failure;
  }

  private LoadException failed(Attempt attempt, Deadline functionEnd, LoadException failure) {
    LoadLog.failed(attempt, failure);
    LoadMetrics.failed(attempt, failure);
    if (settings.historyTable().isPresent()) {
      try (Session session = database.connectOnce(functionEnd.before(RECORD_MARGIN))) {
        History.open(session, settings.historyTable()).failed(session, attempt.record(), failure);
      } catch (SQLException | RuntimeException e) {
        log.warn("the failure could not be recorded in the history");
      }
    }
    return failure;
  }
}
