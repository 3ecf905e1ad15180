package s3topostgres.order;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import s3topostgres.Warning;
import s3topostgres.csv.FileImport;
import s3topostgres.csv.RejectedRows;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * How far the load of an upload has come, for the log, the history and the result. Until it is
 * closed, it reports itself every ten seconds.
 */
public final class LoadProgress implements AutoCloseable {
  private static final Duration BETWEEN_REPORTS = Duration.ofSeconds(10);

  private final Upload upload;
  private final String requestId;
  private final Instant startedAt;
  private final long startNanos;
  private final ScheduledExecutorService ticker;

  private final Map<String, Duration> took = new HashMap<>();
  private long stepNanos;
  private volatile String step = "beginning";
  private volatile String table;
  private Optional<StoredObject> object = Optional.empty();
  private List<ListedObject> parts = List.of();
  private long bytes;
  private List<String> defaulted = List.of();
  private List<String> ignored = List.of();
  private boolean streamed;
  private Optional<RejectedRows> rejected = Optional.empty();
  private final Set<Warning> warnings = new LinkedHashSet<>();
  private List<LoadedFile> files = List.of();
  private int batch = 1;

  /**
   * @param table the target table as the setting names it
   * @param requestId of the invocation
   * @param report called every ten seconds, in another thread
   */
  public LoadProgress(
      Upload upload, String table, String requestId, Consumer<LoadProgress> report) {
    this.upload = upload;
    this.table = table;
    this.requestId = requestId;
    this.startedAt = Instant.now();
    this.startNanos = System.nanoTime();
    this.stepNanos = startNanos;
    this.ticker = Executors.newSingleThreadScheduledExecutor(LoadProgress::daemon);
    ticker.scheduleAtFixedRate(
        () -> report.accept(this),
        BETWEEN_REPORTS.toSeconds(),
        BETWEEN_REPORTS.toSeconds(),
        TimeUnit.SECONDS);
  }

  /** The load of one of several files that are loaded together. */
  private LoadProgress(LoadProgress whole, FileImport file, int batch) {
    this.upload = file.upload();
    this.requestId = whole.requestId;
    this.startedAt = whole.startedAt;
    this.startNanos = whole.startNanos;
    this.stepNanos = whole.stepNanos;
    this.ticker = whole.ticker;
    this.table = whole.table;
    this.streamed = file.isStreamedAnyway();
    this.batch = batch;
    object(file.object());
    fields(file.table().notAmong(file.columns()), file.ignored());
    warn(file.warnings());
  }

  /**
   * A file that was loaded, and what came of it: of several that are loaded together, the last has
   * the counts of all.
   */
  public record LoadedFile(LoadProgress progress, LoadOutcome outcome) {}

  /** Notes which files were loaded together. */
  public void files(List<FileImport> imported, List<Long> rows, LoadOutcome outcome) {
    List<LoadedFile> loaded = new ArrayList<>();
    for (int i = 0; i < imported.size(); i++) {
      LoadOutcome share = outcome.ofFile(rows.get(i), i == imported.size() - 1);
      loaded.add(new LoadedFile(new LoadProgress(this, imported.get(i), imported.size()), share));
    }
    this.files = loaded;
  }

  /** The files that were loaded: usually one. */
  public List<LoadedFile> files(LoadOutcome outcome) {
    return files.isEmpty() ? List.of(new LoadedFile(this, outcome)) : files;
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "progress");
    thread.setDaemon(true);
    return thread;
  }

  /** Begins the next step: a word, and perhaps the name of what the step works on. */
  public void step(String step) {
    long now = System.nanoTime();
    took.merge(this.step.split(" ", 2)[0], Duration.ofNanos(now - stepNanos), Duration::plus);
    this.stepNanos = now;
    this.step = step;
  }

  /** The duration of the finished steps with that word; empty if there were none. */
  public Optional<Duration> took(String word) {
    return Optional.ofNullable(took.get(word));
  }

  /** Begins once more. */
  public void again() {
    object = Optional.empty();
    bytes = 0;
    warnings.clear();
  }

  /** Notes an object as the load found it. */
  public void object(StoredObject object) {
    this.object = Optional.of(object);
    this.bytes += object.size();
  }

  /**
   * Notes the parts of a set.
   *
   * @param set as if it were one object
   */
  public void parts(StoredObject set, List<ListedObject> parts) {
    object(set);
    this.parts = parts;
  }

  /** Notes the target table, with its schema. */
  public void table(String table) {
    this.table = table;
  }

  /**
   * Notes how the file's fields and the table's columns differ.
   *
   * @param defaulted the columns that the file does not have, which take their defaults
   * @param ignored what the fields are called that are left out
   */
  public void fields(List<String> defaulted, List<String> ignored) {
    this.defaulted = defaulted;
    this.ignored = ignored;
  }

  /** Notes whether the function streams the file although {@code IMPORT_WITH} is {@code aws_s3}. */
  public void streamed(boolean streamed) {
    this.streamed = streamed;
  }

  /** Notes the records that are left out, because they have faults. */
  public void rejected(Optional<RejectedRows> rows) {
    this.rejected = rows;
  }

  public Optional<RejectedRows> rejected() {
    return rejected;
  }

  public boolean streamed() {
    return streamed;
  }

  /** Notes warnings, each once, however often a file is imported. */
  public void warn(List<Warning> warnings) {
    this.warnings.addAll(warnings);
  }

  /** Notes a warning. */
  public void warn(Warning warning) {
    warnings.add(warning);
  }

  /** How many files were loaded together with this one, itself included. */
  public int batch() {
    return batch;
  }

  public Upload upload() {
    return upload;
  }

  public String requestId() {
    return requestId;
  }

  public Instant startedAt() {
    return startedAt;
  }

  public String step() {
    return step;
  }

  public String table() {
    return table;
  }

  /** The object that the load looked at last. */
  public Optional<StoredObject> object() {
    return object;
  }

  /** The parts of a set; empty for a load of another kind. */
  public List<ListedObject> parts() {
    return parts;
  }

  /** The size of all objects that the load looked at. */
  public long bytes() {
    return bytes;
  }

  public List<String> defaulted() {
    return defaulted;
  }

  public List<String> ignored() {
    return ignored;
  }

  public List<Warning> warnings() {
    return List.copyOf(warnings);
  }

  /** Milliseconds since the start. */
  public long millis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
  }

  @Override
  public void close() {
    ticker.shutdownNow();
  }
}
