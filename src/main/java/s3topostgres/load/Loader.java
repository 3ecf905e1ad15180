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
import s3topostgres.mode.Loaded;
import s3topostgres.postgres.AwsS3Import;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.ObjectImport;
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

  /** Keeps the lock apart from other uses of advisory locks: "S3LD". */
  private static final long LOCK_SEED = 0x53334c44;

  private static final Logger log = LoggerFactory.getLogger(Loader.class);

  private final LoadSettings settings;
  private final CsvFormat format;
  private final Objects objects;
  private final Database database;
  private final Missed missed;
  private final LoadMode mode;
  private final ObjectImport objectImport;

  public Loader(LoadSettings settings, CsvFormat format, Objects objects, Database database) {
    this.settings = settings;
    this.format = format;
    this.objects = objects;
    this.database = database;
    this.missed = new Missed(settings, objects, database);
    this.mode = LoadMode.of(settings);
    this.objectImport =
        new AwsS3Import(
            format,
            (upload, limit) -> FileHead.hasRows(objects.look(upload.object(), limit), format));
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
    Patience patience = new Patience(functionEnd.before(MARGIN));
    try (Attempt attempt = new Attempt(upload, settings.table().setting(), requestId)) {
      try {
        refuseOtherBuckets(upload);
        attempt.step("looking-for-earlier-uploads");
        for (Upload earlier : missed.before(upload, patience)) {
          loadEarlier(earlier, functionEnd, requestId);
        }
        LoadResult result = load(attempt, patience);
        LoadLog.ended(attempt, result);
        LoadMetrics.ended(result);
        return result;
      } catch (LoadException e) {
        LoadException failure = patience.unlessLate(attempt, e);
        throw failed(attempt, functionEnd, failure.about(upload.object().toString()));
      } catch (RuntimeException e) {
        throw failed(attempt, functionEnd, unexpected(e).about(upload.object().toString()));
      }
    }
  }

  /** What cannot be loaded however often it is tried holds up nothing. */
  private void loadEarlier(Upload earlier, Deadline functionEnd, String requestId) {
    try {
      load(earlier, functionEnd, requestId);
    } catch (LoadException e) {
      if (e.code().retryHelps()) {
        throw e;
      }
    }
  }

  /**
   * Notes that an event was not about a file to load.
   *
   * @param why for the log
   */
  public LoadResult ignore(Upload upload, String why, String requestId) {
    try (Attempt attempt = new Attempt(upload, settings.table().setting(), requestId)) {
      LoadResult result = attempt.ended(Status.IGNORED);
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

  private LoadResult load(Attempt attempt, Patience patience) {
    while (true) {
      attempt.step("connecting");
      Optional<LoadResult> result = loadUnlessOthersDo(attempt, patience);
      if (result.isPresent()) {
        return result.get();
      }
      patience.waitForOthers(attempt);
    }
  }

  /**
   * Loads, unless another load of the table runs. Then nothing is done and no connection is held.
   *
   * @return empty if another load runs, which does not make this one superfluous
   */
  private Optional<LoadResult> loadUnlessOthersDo(Attempt attempt, Patience patience) {
    Upload upload = attempt.upload();
    Deadline deadline = patience.deadline();
    try (Session session = database.connect(deadline, patience.latestStart())) {
      objectImport.install(session);
      History history = History.open(session, settings);

      session.begin();
      describe(session, attempt);
      TargetTable table = target(session, upload);
      attempt.table(table.name());
      history.refuseAsTarget(session, table);
      mode.check(session, table);
      boolean alone = lockOutOtherLoads(session, table, upload);
      Optional<History.Seen> seen =
          alone
              ? history.recognise(session, table.name(), upload)
              : history.look(session, table.name(), upload);
      if (seen.isPresent() || !alone) {
        session.commit();
        return seen.map(why -> attempt.ended(Status.valueOf(why.name())));
      }

      patience.ends(attempt);
      attempt.step("looking");
      StoredObject object = objects.look(upload.object(), deadline.left());
      attempt.object(object);
      List<Column> columns = FileHead.columns(object, format, settings.mode(), table);
      attempt.defaulted(table.notAmong(columns));

      attempt.step("before-load-sql");
      runScript(session, "BEFORE_LOAD_SQL", settings.beforeLoadSql());
      long minRows = settings.minRows().after(history.lastRows(session, table.name()));
      FileRows rows =
          new FileRows(
              objectImport,
              session,
              table,
              columns,
              format.header(),
              upload,
              object,
              objects,
              minRows);
      Loaded loaded = mode.load(session, table, rows, attempt::step);
      attempt.step("after-load-sql");
      runScript(session, "AFTER_LOAD_SQL", settings.afterLoadSql());

      attempt.step("committing");
      history.loaded(session, attempt.record(), loaded.rows(), loaded.changes());
      checkDeferredConstraints(session, table);
      commit(session);
      if (!loaded.changes().map(changes -> changes.areFewOf(loaded.rows())).orElse(false)) {
        analyze(session, table);
      }
      return Optional.of(attempt.loaded(loaded, object.size()));
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
   * Keeps other loads of this table out until the transaction ends, if none runs now; where loads
   * run side by side, only those of the same object. The lock goes by the name, as the history
   * does: somebody may put another table in its place meanwhile. Each later statement waits for
   * locks no longer than readers of the table wait with it.
   *
   * @return whether others are locked out; if not, another load runs
   */
  private boolean lockOutOtherLoads(Session session, TargetTable table, Upload upload)
      throws SQLException {
    boolean sideBySide = settings.mode().isSideBySide();
    return session
        .query(
            """
            SELECT pg_try_advisory_xact_lock%1$s(hashtextextended(?, %2$d))
              AND pg_try_advisory_xact_lock(hashtextextended(?, %2$d));
            SET LOCAL lock_timeout = %3$d"""
                .formatted(
                    sideBySide ? "_shared" : "",
                    LOCK_SEED,
                    Session.lockMillis(settings.lockTimeout())),
            row -> row.getBoolean(1),
            table.name(),
            sideBySide ? table.name() + " " + upload.object() : table.name())
        .contains(true);
  }

  private static void runScript(Session session, String setting, Optional<String> sql)
      throws SQLException {
    if (sql.isPresent()) {
      Script.run(session, setting, sql.get());
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
        History.open(session, settings).failed(session, attempt.record(), failure);
      } catch (SQLException | RuntimeException e) {
        log.warn("the failure could not be recorded in the history");
      }
    }
    return failure;
  }
}
