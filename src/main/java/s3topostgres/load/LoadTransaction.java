package s3topostgres.load;

import java.sql.SQLException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.Mode;
import s3topostgres.history.AppliedFiles;
import s3topostgres.history.History;
import s3topostgres.load.LoadResult.Status;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Script;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.DmsFile;
import s3topostgres.s3.Upload;

/**
 * One load, from the connection to the commit. The table holds all of the file's rows afterwards,
 * as the mode has it, or what it held before.
 */
final class LoadTransaction {
  /** Keeps the lock apart from other uses of advisory locks: "S3LD". */
  private static final long LOCK_SEED = 0x53334c44;

  private static final Logger log = LoggerFactory.getLogger(LoadTransaction.class);

  private final LoadSettings settings;
  private final FileImports imports;
  private final Database database;
  private final LoadMode mode;
  private final FileLoad fileLoad;
  private final DmsOrder dmsOrder;

  LoadTransaction(FileImports imports, Database database, DmsOrder dmsOrder) {
    this.settings = imports.settings();
    this.imports = imports;
    this.database = database;
    this.dmsOrder = dmsOrder;
    this.mode = LoadMode.of(settings);
    this.fileLoad = new FileLoad(imports, mode);
  }

  /**
   * Loads, unless another load of the table runs, or something has to be done before. Then nothing
   * is done and no connection is held.
   *
   * @return empty if another load runs, which does not make this one superfluous, or if the
   *     progress has got earlier steps
   * @throws LoadException when the load failed; the transaction is rolled back then
   */
  Optional<LoadResult> run(LoadProgress progress, TimeBudget budget) {
    Upload upload = progress.upload();
    Deadline deadline = budget.deadline();
    progress.step("connecting");
    try (Session session = database.connect(deadline, budget.latestStart())) {
      imports.objectImport().install(session);
      History history = History.open(session, settings);

      session.begin();
      describe(session, progress);
      TargetTable table = imports.table(session, upload);
      progress.table(table.name());
      History.refuseAsTarget(session, settings, table);
      mode.check(session, table);
      boolean alone = lockOutOtherLoads(session, table, upload);
      Optional<History.Seen> seen =
          progress.completes()
              ? history.applied(session, table.name()).ended()
              : alone
                  ? history.recognise(session, table.name(), upload)
                  : history.look(session, table.name(), upload);
      if (seen.isPresent() || !alone) {
        session.commit();
        return seen.map(why -> progress.ended(Status.valueOf(why.name())));
      }

      if (settings.mode() == Mode.CHANGES
          && progress.isAnnounced()
          && progress.earlier().isEmpty()) {
        progress.step("looking-for-earlier-uploads");
        AppliedFiles applied = history.applied(session, table.name());
        progress.earlier(dmsOrder.before(applied, upload, budget));
        if (!progress.earlier().get().isEmpty()) {
          session.commit();
          return Optional.empty();
        }
      }

      budget.ends();
      progress.step("looking");
      LoadOutcome loaded =
          progress.completes()
              ? fileLoad.complete(session, progress, history, table)
              : fileLoad.run(session, progress, history, table);
      progress.step("after-load-sql");
      runScript(session, "AFTER_LOAD_SQL", settings.afterLoadSql());

      progress.step("committing");
      history.loaded(session, progress.record(), loaded.rows(), loaded.changes());
      checkDeferredConstraints(session, table);
      commit(session);
      if (!isSmall(loaded, upload)) {
        analyze(session, table);
      }
      return Optional.of(progress.loaded(loaded));
    } catch (SQLException e) {
      throw SqlErrors.translate(e, deadline);
    }
  }

  /** Whether the planner's statistics stay good. Changes are left to autovacuum. */
  private boolean isSmall(LoadOutcome loaded, Upload upload) {
    return settings.mode() == Mode.CHANGES && !DmsFile.of(upload.object()).isFullLoad()
        || loaded.changes().map(changes -> changes.areFewOf(loaded.rows())).orElse(false);
  }

  /**
   * Lets the table's defaults say where a row came from, as current_setting('s3_load.key', true).
   */
  private static void describe(Session session, LoadProgress progress) throws SQLException {
    session.execute(
        """
        SELECT set_config('s3_load.bucket', ?, true), set_config('s3_load.key', ?, true),
               set_config('s3_load.request_id', ?, true)""",
        progress.upload().object().bucket(),
        progress.upload().object().key(),
        progress.requestId());
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

  static void runScript(Session session, String setting, Optional<String> sql) throws SQLException {
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
                "the connection was lost during the commit, so it is not known whether the file is loaded",
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
}
