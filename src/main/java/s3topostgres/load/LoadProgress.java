package s3topostgres.load;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import s3topostgres.history.LoadRecord;
import s3topostgres.history.RowCounts;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * One attempt to load one upload, and how far it has come. Until it is closed, it logs that every
 * ten seconds.
 */
final class LoadProgress implements AutoCloseable {
  private static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

  private final LoadTask toDo;
  private final String requestId;
  private final Instant startedAt = Instant.now();
  private final long startNanos = System.nanoTime();
  private final ScheduledExecutorService ticker =
      Executors.newSingleThreadScheduledExecutor(LoadProgress::daemon);

  private final Map<String, Duration> took = new HashMap<>();
  private long stepNanos = startNanos;
  private volatile String step = "beginning";
  private volatile String table;
  private Optional<StoredObject> object = Optional.empty();
  private long bytes;
  private Optional<List<LoadTask>> earlier = Optional.empty();
  private List<String> defaulted = List.of();
  private Optional<String> way = Optional.empty();
  private Optional<String> ignored = Optional.empty();

  /**
   * @param table the target table as the setting names it
   */
  LoadProgress(LoadTask toDo, String table, String requestId) {
    this.toDo = toDo;
    this.table = table;
    this.requestId = requestId;
    ticker.scheduleAtFixedRate(
        () -> LoadLog.progress(this),
        BETWEEN_LINES.toSeconds(),
        BETWEEN_LINES.toSeconds(),
        TimeUnit.SECONDS);
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "progress");
    thread.setDaemon(true);
    return thread;
  }

  /** Names the next step, for the log: a word, and perhaps the name of what it is done to. */
  void step(String step) {
    long now = System.nanoTime();
    took.merge(this.step.split(" ", 2)[0], Duration.ofNanos(now - stepNanos), Duration::plus);
    this.stepNanos = now;
    this.step = step;
  }

  /** How long the steps of that word took, if there were any and they are over. */
  Optional<Duration> took(String word) {
    return Optional.ofNullable(took.get(word));
  }

  /** The object is as it was when we looked at it. */
  void object(StoredObject object) {
    this.object = Optional.of(object);
    this.bytes += object.size();
  }

  /** The target table, with its schema. */
  void table(String table) {
    this.table = table;
  }

  /** The columns that the file does not have, which take their defaults. */
  void defaulted(List<String> columns) {
    this.defaulted = columns;
  }

  /** Why nothing is loaded, for the log. */
  void ignored(String why) {
    ignored = Optional.of(why);
  }

  Optional<String> ignored() {
    return ignored;
  }

  Upload upload() {
    return toDo.upload();
  }

  /** Whether a full load is to be completed by its last file, the upload. */
  boolean completes() {
    return toDo.kind() == LoadTask.Kind.FINISH_FULL_LOAD;
  }

  /** Whether an event began it, and something may have to be done before. */
  boolean isAnnounced() {
    return toDo.kind() == LoadTask.Kind.EVENT;
  }

  /** What has to be done before, in order; empty as long as nobody has looked. */
  Optional<List<LoadTask>> earlier() {
    return earlier;
  }

  void earlier(List<LoadTask> steps) {
    earlier = Optional.of(steps);
  }

  String requestId() {
    return requestId;
  }

  String step() {
    return step;
  }

  String table() {
    return table;
  }

  /** For the history. */
  LoadRecord record() {
    return new LoadRecord(upload(), table, object, startedAt, requestId, completes());
  }

  List<String> defaulted() {
    return defaulted;
  }

  /** Since the beginning. */
  long millis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
  }

  /** How it ended, when nothing was to be loaded. */
  LoadResult ended(LoadResult.Status status) {
    return result(status, 0, 0, Optional.empty());
  }

  /** How it ended, when it was loaded. */
  LoadResult loaded(LoadOutcome loaded) {
    way = loaded.way();
    return result(LoadResult.Status.LOADED, loaded.rows(), bytes, loaded.changes());
  }

  private LoadResult result(
      LoadResult.Status status, long rows, long bytes, Optional<RowCounts> changes) {
    return new LoadResult(
        upload().object().toString(),
        table,
        status,
        rows,
        changes.map(RowCounts::inserted).orElse(null),
        changes.map(RowCounts::updated).orElse(null),
        changes.map(RowCounts::deleted).orElse(null),
        bytes,
        millis());
  }

  /** How the rows came into the table, where there is more than one way. */
  Optional<String> way() {
    return way;
  }

  @Override
  public void close() {
    ticker.shutdownNow();
  }
}
