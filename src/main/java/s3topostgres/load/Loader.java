package s3topostgres.load;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.csv.FileImports;
import s3topostgres.faults.RowRejection;
import s3topostgres.faults.TrialImport;
import s3topostgres.history.History;
import s3topostgres.history.LoadRecord;
import s3topostgres.history.Verdict;
import s3topostgres.mode.LoadMode;
import s3topostgres.order.FileTask;
import s3topostgres.order.FileTask.Origin;
import s3topostgres.order.LoadOrder;
import s3topostgres.order.LoadProgress;
import s3topostgres.order.LoadProgress.LoadedFile;
import s3topostgres.order.LoadTask;
import s3topostgres.order.Predecessors;
import s3topostgres.order.RowSelection;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/**
 * Loads uploads into the target table and reports how that ended: in the log, the metrics, the
 * history, and to the caller. What one load does in the database is {@link LoadTransaction}.
 */
public record Loader(FileImports files, LoadMode mode, LoadOrder order, Database database) {
  /** Reserved of the function's time for the rollback, the record of the failure, the answer. */
  static final Duration MARGIN = Duration.ofSeconds(10);

  /** Of that, for the answer; if the network does not answer, the socket takes 2 s of it. */
  private static final Duration RECORD_MARGIN = Duration.ofSeconds(4);

  private static final Logger log = LoggerFactory.getLogger(Loader.class);

  /**
   * Loads one upload, unless it or something newer is in the table already.
   *
   * @param functionEnd when the function is killed
   * @param requestId of the invocation, for the history and the log
   * @throws LoadException when the load failed; the table is as it was, the failure is in the log
   *     and, if the database can be reached, in the history
   */
  public LoadResult load(Upload upload, Deadline functionEnd, String requestId) {
    Optional<String> ignored = files.whyIgnored(upload);
    return ignored.isPresent()
        ? ignore(upload, ignored.get(), requestId)
        : run(of(order.listing().task(upload, Origin.EVENT)), functionEnd, requestId).get(0);
  }

  /**
   * Reports that an event was not about a file to load.
   *
   * @param why for the log
   */
  public LoadResult ignore(Upload upload, String why, String requestId) {
    try (LoadProgress progress = progress(upload, requestId)) {
      LoadResult result = LoadResult.withoutLoad(progress, Verdict.IGNORED);
      LoadLog.ignored(progress, result, why);
      return result;
    }
  }

  /**
   * Reports that a record of an event names no object.
   *
   * @return the failure, for the caller to throw
   */
  public LoadException refuse(LoadException malformed, Deadline functionEnd, String requestId) {
    Upload unknown = Upload.unannounced(new ObjectLocation("?", "?"), "");
    try (LoadProgress progress = progress(unknown, requestId)) {
      return failed(new FileTask(unknown, Origin.EVENT), progress, functionEnd, malformed);
    }
  }

  private static List<LoadTask> of(LoadTask task) {
    return new ArrayList<>(List.of(task));
  }

  /**
   * Does the next task with its predecessors, and reports how each ended.
   *
   * @param tasks of which the first is removed; what remains of it becomes the first
   * @return a result for each upload; empty where the uploads are to be loaded one by one now
   */
  List<LoadResult> run(List<LoadTask> tasks, Deadline functionEnd, String requestId) {
    LoadTask task = tasks.remove(0);
    Upload upload = task.upload();
    TimeBudget budget = new TimeBudget(functionEnd.before(MARGIN));
    try (LoadProgress progress = progress(upload, requestId)) {
      try {
        refuseOtherBuckets(upload);
        LoadTransaction.Ending ending = runOrLeaveOut(task, progress, budget, functionEnd);
        return loaded(task, tasks, ending, progress, functionEnd);
      } catch (LoadException e) {
        List<LoadTask> oneByOne = task.oneByOne(e);
        if (!oneByOne.isEmpty()) {
          progress.step("file-by-file");
          LoadLog.progress(progress);
          tasks.addAll(0, oneByOne);
          return List.of();
        }
        LoadException failure = mode.advise(budget.retryable(e, task), upload.object());
        throw told(task, progress, functionEnd, failure.about(upload.object().toString()));
      } catch (RuntimeException e) {
        throw told(task, progress, functionEnd, unexpected(e).about(upload.object().toString()));
      }
    }
  }

  /**
   * Loads a file and, where rows of it have faults, once more without them, if that is allowed. The
   * first attempt has released its locks by then.
   */
  private LoadTransaction.Ending runOrLeaveOut(
      LoadTask task, LoadProgress progress, TimeBudget budget, Deadline functionEnd) {
    try {
      return runInTurn(task, RowSelection.ALL, progress, budget, functionEnd);
    } catch (LoadException e) {
      if (e.code() != ErrorCode.ROW_REJECTED
          || task.uploads().size() != 1
          || progress.object().isEmpty()) {
        throw e;
      }
      progress.step("looking-for-all-faults");
      TrialImport trial = new TrialImport(files, mode, database);
      if (!trial.mayLeaveOut(e)) {
        throw trial.explain(
            e, task.upload(), progress.object().get(), progress.parts(), budget.deadline());
      }
      progress.again();
      RowRejection rejection = new RowRejection(files, mode, e);
      try {
        return runInTurn(task, rejection::leaveOut, progress, budget, functionEnd);
      } catch (LoadException later) {
        throw later.code() == ErrorCode.ROW_REJECTED ? rejection.explain(later) : later;
      }
    }
  }

  /** Tries until no other load of the table runs, and all predecessors are done. */
  private LoadTransaction.Ending runInTurn(
      LoadTask task,
      RowSelection selection,
      LoadProgress progress,
      TimeBudget budget,
      Deadline functionEnd) {
    Predecessors predecessors =
        task.isAnnounced() ? order.predecessors(task.upload()) : Predecessors.NONE;
    while (true) {
      LoadTransaction.Ending ending =
          transaction().run(task, selection, predecessors, progress, budget);
      if (ending.verdict() != Verdict.NEW) {
        return ending;
      }
      if (ending.predecessors().isEmpty()) {
        budget.waitForOthers(progress);
      } else {
        predecessors = Predecessors.NONE;
        runFirst(ending.predecessors(), budget, functionEnd, progress.requestId());
      }
    }
  }

  private void runFirst(
      List<LoadTask> tasks, TimeBudget budget, Deadline functionEnd, String requestId) {
    List<LoadTask> left = new ArrayList<>(tasks);
    while (!left.isEmpty()) {
      try {
        run(left, functionEnd, requestId);
      } catch (LoadException e) {
        if (order.isBlockedBy(e)) {
          throw blocked(e);
        }
      }
      budget.othersFirst();
    }
  }

  private static LoadException blocked(LoadException failure) {
    return failure
        .code()
        .failure(
            "%s, which comes before it, cannot be loaded: %s"
                .formatted(failure.object().orElseThrow(), failure.why()),
            failure.whatToDo())
        .retry(failure.retry() == Retry.NEVER ? Retry.FOR_A_DAY : failure.retry())
        .sqlState(failure.sqlState().orElse(null));
  }

  private LoadTransaction transaction() {
    return new LoadTransaction(files, mode, order, database);
  }

  private LoadProgress progress(Upload upload, String requestId) {
    return new LoadProgress(
        upload, files.settings().table().setting(), requestId, LoadLog::progress);
  }

  private List<LoadResult> loaded(
      LoadTask task,
      List<LoadTask> tasks,
      LoadTransaction.Ending ending,
      LoadProgress progress,
      Deadline functionEnd) {
    List<LoadedFile> files = ending.files();
    if (files.isEmpty()) {
      LoadResult result = LoadResult.withoutLoad(progress, ending.verdict());
      LoadLog.ended(progress, result, Optional.empty());
      resultFile(task, progress).ended(result, functionEnd);
      return List.of(result);
    }
    tasks.addAll(0, task.after(files.get(files.size() - 1).progress().upload()));
    return files.stream().map(file -> loaded(task, file, functionEnd)).toList();
  }

  private LoadResult loaded(LoadTask task, LoadedFile file, Deadline functionEnd) {
    LoadResult result = LoadResult.loaded(file.progress(), file.outcome());
    LoadLog.ended(file.progress(), result, Optional.of(file.outcome()));
    LoadMetrics.ended(result);
    resultFile(task, file.progress()).ended(result, functionEnd);
    return result;
  }

  private void refuseOtherBuckets(Upload upload) {
    if (!files.settings().mayLoadFrom(upload.object().bucket())) {
      throw ErrorCode.OBJECT_UNREADABLE.failure(
          "only objects of the bucket %s are loaded (S3_BUCKET_NAME)"
              .formatted(files.settings().bucket().orElseThrow()),
          "Upload the file there, or correct S3_BUCKET_NAME.");
    }
  }

  /** Keeps the stack only: the exception's own message may quote a cell. */
  private static LoadException unexpected(RuntimeException e) {
    LoadException failure =
        ErrorCode.INTERNAL.failure(
            "an unexpected " + e.getClass().getName(),
            "Report it with the stack in the function's log; the old rows are still there.");
    failure.setStackTrace(e.getStackTrace());
    return failure;
  }

  private LoadException failed(
      LoadTask task, LoadProgress progress, Deadline functionEnd, LoadException failure) {
    LoadLog.failed(progress, failure);
    if (failure.isRepeated()) {
      return failure;
    }
    LoadMetrics.failed(progress, failure);
    if (files.settings().historyTable().isPresent()) {
      LoadRecord record = transaction().record(task, progress);
      try (Session session = database.connectOnce(functionEnd.before(RECORD_MARGIN))) {
        History.open(session, files.settings().historyTable())
            .recordFailure(session, record, failure);
      } catch (SQLException | RuntimeException e) {
        log.warn("the failure could not be recorded in the history");
      }
    }
    return failure;
  }

  /** Reports a failure, and tells the sender, who knows a repeated one already. */
  private LoadException told(
      LoadTask task, LoadProgress progress, Deadline functionEnd, LoadException failure) {
    LoadException reported = failed(task, progress, functionEnd, failure);
    if (!reported.isRepeated()) {
      resultFile(task, progress).failed(reported, functionEnd);
    }
    return reported;
  }

  private ResultFile resultFile(LoadTask task, LoadProgress progress) {
    return new ResultFile(files, task, progress);
  }
}
