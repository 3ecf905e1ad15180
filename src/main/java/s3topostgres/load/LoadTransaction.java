package s3topostgres.load;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.csv.FileImports;
import s3topostgres.csv.RejectedRows;
import s3topostgres.history.History;
import s3topostgres.history.LoadRecord;
import s3topostgres.history.Verdict;
import s3topostgres.mode.ColumnSequence;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.order.FileTask;
import s3topostgres.order.LoadContext;
import s3topostgres.order.LoadOrder;
import s3topostgres.order.LoadProgress;
import s3topostgres.order.LoadProgress.LoadedFile;
import s3topostgres.order.LoadTask;
import s3topostgres.order.Predecessors;
import s3topostgres.order.RowSelection;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Script;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.Upload;

/**
 * One load, from the connection to the commit. Afterwards the table holds all of the file's rows,
 * as the mode has it, or what it held before.
 */
record LoadTransaction(FileImports files, LoadMode mode, LoadOrder order, Database database) {
  /** Keeps the lock apart from other uses of advisory locks: "S3LD". */
  private static final long LOCK_SEED = 0x53334c44;

  private static final Logger log = LoggerFactory.getLogger(LoadTransaction.class);

  /**
   * How an attempt to load ended.
   *
   * @param verdict {@code NEW} if nothing was done
   * @param files that were loaded; empty if nothing was committed
   * @param predecessors that must be loaded first; if nothing was done and there are none, another
   *     load of the table runs
   */
  record Ending(Verdict verdict, List<LoadedFile> files, List<LoadTask> predecessors) {

    static Ending withoutLoad(Verdict verdict) {
      return new Ending(verdict, List.of(), List.of());
    }
  }

  /**
   * Does a task, unless it is superfluous, another load of the table runs, or other tasks must come
   * first. Then nothing is done, and no connection is held.
   *
   * @param selection of the file's rows
   * @param predecessors finds the tasks that must come first
   * @throws LoadException when the load failed; the transaction is rolled back then
   */
  Ending run(
      LoadTask task,
      RowSelection selection,
      Predecessors predecessors,
      LoadProgress progress,
      TimeBudget budget) {
    progress.step("connecting");
    try (Session session = database.connect(budget.deadline(), budget.latestStart())) {
      files.objectImport().install(session);
      History history = History.open(session, settings().historyTable());
      repeatFailure(session, history, task, progress);
      progress.step("looking-for-earlier-uploads");
      predecessors.list(session, history);

      session.begin();
      describeUpload(session, task.upload(), progress.requestId());
      files.setDateOrder(session);
      TargetTable table = resolveTarget(session, task.upload(), progress);
      boolean locked = lockOutOtherLoads(session, table, task.upload());
      LoadContext context =
          new LoadContext(session, history, table, files, mode, order, progress, selection);

      Verdict verdict = task.verdict(context, locked);
      if (verdict != Verdict.NEW || !locked) {
        session.commit();
        return Ending.withoutLoad(verdict);
      }
      Optional<List<LoadTask>> first = predecessors.find(context);
      if (!first.equals(Optional.of(List.of()))) {
        session.commit();
        return first
            .map(tasks -> new Ending(Verdict.NEW, List.of(), tasks))
            .orElseGet(() -> Ending.withoutLoad(Verdict.STALE));
      }

      budget.loadBegins();
      progress.step("looking");
      Session.Work<LoadOutcome> work = task.prepare(context);
      progress.step("before-load-sql");
      Script.run(session, "BEFORE_LOAD_SQL", settings().beforeLoadSql());
      LoadOutcome outcome = work.run();
      progress.step("after-load-sql");
      Script.run(session, "AFTER_LOAD_SQL", settings().afterLoadSql());

      progress.step("committing");
      List<LoadedFile> loaded = progress.files(outcome);
      LoadProgress last = loaded.get(loaded.size() - 1).progress();
      List<ColumnSequence.Reached> sequences =
          ColumnSequence.movable(session, outcome.sequences(), last::warn);
      recordFiles(session, history, task, loaded);
      checkDeferredConstraints(session, table);
      // Comes last, because a rollback does not undo it.
      ColumnSequence.move(session, sequences);
      commit(session);
      if (!mode.keepsStatistics(outcome, task.upload().object())) {
        analyze(session, table);
      }
      return new Ending(Verdict.LOADED, loaded, List.of());
    } catch (SQLException e) {
      throw SqlErrors.translate(e, budget.deadline());
    }
  }

  /**
   * Fails at once where the same request has found the same file at fault: Lambda's retries would
   * only find that again.
   */
  private void repeatFailure(Session session, History history, LoadTask task, LoadProgress progress)
      throws SQLException {
    if (task instanceof FileTask && task.isAnnounced()) {
      Optional<History.Failure> before =
          history.fileFailure(session, task.upload(), progress.requestId());
      if (before.isPresent() && files.isUnchanged(session, task.upload(), before.get().etag())) {
        throw before.get().code().repeated(before.get().message());
      }
    }
  }

  private void recordFiles(Session session, History history, LoadTask task, List<LoadedFile> files)
      throws SQLException {
    for (LoadedFile file : files) {
      LoadOutcome outcome = file.outcome();
      history.recordLoad(
          session,
          record(task, file.progress()),
          outcome.rows(),
          outcome.way(),
          outcome.counts(),
          file.progress().warnings(),
          file.progress().rejected().map(RejectedRows::count),
          file.progress().rejected().map(RejectedRows::faults).orElse(List.of()));
    }
  }

  /** What the history says of an upload of a task, however it ended. */
  LoadRecord record(LoadTask task, LoadProgress progress) {
    return new LoadRecord(
        progress.upload(),
        progress.table(),
        task.recordedMode(mode),
        progress.object(),
        progress.parts(),
        order.uploadedAt(progress.upload(), progress.object()),
        progress.startedAt(),
        progress.requestId(),
        settings().functionTimeout());
  }

  private LoadSettings settings() {
    return files.settings();
  }

  /** Tells the table's defaults where a row comes from: current_setting('s3_load.key', true). */
  private static void describeUpload(Session session, Upload upload, String requestId)
      throws SQLException {
    session.execute(
        """
        SELECT set_config('s3_load.bucket', ?, true), set_config('s3_load.key', ?, true),
               set_config('s3_load.request_id', ?, true)""",
        upload.object().bucket(),
        upload.object().key(),
        requestId);
  }

  private TargetTable resolveTarget(Session session, Upload upload, LoadProgress progress)
      throws SQLException {
    TargetTable table = files.targetTable(session, upload);
    progress.table(table.name());
    History.refuseAsTarget(session, settings().historyTable(), table);
    mode.check(session, table);
    return table;
  }

  /**
   * Locks the table against other loads until the transaction ends, without waiting; where loads
   * run side by side, only against loads of the same object. The lock is on the table's name, as in
   * the history: somebody may replace the table meanwhile. Each later statement waits for locks no
   * longer than {@code LOCK_TIMEOUT_SECONDS}.
   *
   * @return false if another load runs
   */
  private boolean lockOutOtherLoads(Session session, TargetTable table, Upload upload)
      throws SQLException {
    boolean sideBySide = mode.runsSideBySide();
    return session.one(
        """
        SELECT pg_try_advisory_xact_lock%1$s(hashtextextended(?, %2$d))
          AND pg_try_advisory_xact_lock(hashtextextended(?, %2$d));
        SET LOCAL lock_timeout = %3$d"""
            .formatted(
                sideBySide ? "_shared" : "",
                LOCK_SEED,
                Session.lockMillis(settings().lockTimeout())),
        row -> row.getBoolean(1),
        table.name(),
        sideBySide ? table.name() + " " + upload.object() : table.name());
  }

  /** Checks deferred constraints within the time limit, which does not apply to the commit. */
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
        throw ErrorCode.DATABASE_UNAVAILABLE
            .failure(
                "the connection was lost during the commit, so it is not known whether the file is loaded",
                "Lambda and catchUp try it again: if the file is loaded, the history recognises it.")
            .sqlState(e.getSQLState());
      }
      throw e;
    }
  }

  /**
   * Renews the planner's statistics. The rows are committed, so an error is no failure of the load.
   */
  private static void analyze(Session session, TargetTable table) {
    try {
      // The next load may have locked the table, and will analyze it, too.
      session.begin();
      session.execute("SET LOCAL lock_timeout = '2s'; ANALYZE " + table.name());
      session.commit();
    } catch (SQLException | LoadException e) {
      log.warn(
          "{} is loaded, but ANALYZE failed; autovacuum will renew its statistics", table.name());
    }
  }
}
