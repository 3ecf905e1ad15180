package s3topostgres.load;

import static java.util.stream.Collectors.joining;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.Warning;
import s3topostgres.config.LoadSettings;
import s3topostgres.csv.FileImports;
import s3topostgres.history.Verdict;
import s3topostgres.order.LoadProgress;
import s3topostgres.order.LoadTask;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.StoredObject;

/**
 * Tells the sender how a load ended, by a text in the bucket: {@code results/<object key>.txt}. It
 * holds no value of the file. What keeps it from being put is logged, and does not affect the load.
 */
record ResultFile(FileImports files, LoadTask task, LoadProgress progress) {
  /** For both requests together. */
  private static final Duration LIMIT = Duration.ofSeconds(5);

  /** Reserved for the function's answer. */
  private static final Duration MARGIN = Duration.ofSeconds(1);

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  private static final Logger log = LoggerFactory.getLogger(ResultFile.class);

  /** Tells of a load that was committed, or superfluous because of a newer upload. */
  void ended(LoadResult result, Deadline functionEnd) {
    // The load of a duplicate has told already.
    if (result.status() == Verdict.LOADED) {
      put(() -> loaded(result), functionEnd);
    } else if (result.status() == Verdict.STALE) {
      put(() -> stale(result), functionEnd);
    }
  }

  /** Tells of a load that failed. */
  void failed(LoadException failure, Deadline functionEnd) {
    put(() -> notLoaded(failure), functionEnd);
  }

  private static Stream<String> stale(LoadResult result) {
    return Stream.of(
        "%s was not loaded, because something newer is in %s already."
            .formatted(result.object(), result.table()),
        "If its rows are wanted all the same, upload it again.");
  }

  private Stream<String> loaded(LoadResult result) {
    Stream.Builder<String> lines = Stream.builder();
    lines
        .add("%s was loaded into %s.".formatted(result.object(), result.table()))
        .add("")
        .add("Rows: %,d".formatted(result.rows()));
    if (result.inserted() != null) {
      lines.add(
          "Changed in the table: %,d inserted, %,d updated, %,d deleted"
              .formatted(result.inserted(), result.updated(), result.deleted()));
    }
    if (!progress.parts().isEmpty()) {
      lines.add("Files: %,d".formatted(progress.parts().size()));
    }
    if (!progress.defaulted().isEmpty()) {
      lines.add("Columns that are not in the file: " + String.join(", ", progress.defaulted()));
    }
    List<Warning> warnings = progress.warnings();
    if (!warnings.isEmpty()) {
      lines.add("").add("Loaded, but probably not as it was meant:");
      warnings.stream().map(ResultFile::words).forEach(lines);
    }
    return lines.build();
  }

  private static String words(Warning warning) {
    Fault place =
        new Fault(
            Optional.ofNullable(warning.part()),
            Stream.ofNullable(warning.line()).mapToLong(Long::longValue).findFirst(),
            Optional.ofNullable(warning.column()),
            warning.warning());
    return "- " + place + (warning.count() > 1 ? " (%,d times)".formatted(warning.count()) : "");
  }

  private Stream<String> notLoaded(LoadException failure) {
    List<Fault> faults = failure.faults();
    return Stream.concat(
        Stream.of(
            "%s was not loaded.".formatted(progress.upload().object()),
            "",
            failure.getMessage(),
            "",
            whatFollows(failure)),
        faults.size() > 1
            ? Stream.concat(
                Stream.of("", "The first %,d faults:".formatted(faults.size())),
                faults.stream().map(fault -> "- " + fault))
            : Stream.empty());
  }

  private String whatFollows(LoadException failure) {
    if (settings().historyTable().isEmpty()) {
      return switch (failure.retry()) {
        case NEVER -> "Upload the file again when it is corrected.";
        default -> "It may be tried again within minutes; after that, upload it again.";
      };
    }
    return switch (failure.retry()) {
      case SOON -> "The sender need not do anything: it is tried again by itself.";
      case WHEN_MENDED -> "The operator has to act; then it is loaded by itself.";
      case FOR_A_DAY -> "It is tried again by itself for a day, in case it fits by then.";
      case WITH_MORE_TIME -> "The operator has to act; then it is tried again once.";
      case NEVER -> "Upload the file again when it is corrected; it is not tried again as it is.";
    };
  }

  private void put(Supplier<Stream<String>> lines, Deadline functionEnd) {
    Optional<String> prefix = settings().resultsPrefix();
    ObjectLocation file = progress.upload().object();
    // What finishes a full load names a file that has a result of its own.
    if (prefix.isEmpty() || task.uploads().isEmpty() || !settings().mayLoadFrom(file.bucket())) {
      return;
    }
    ObjectLocation result = new ObjectLocation(file.bucket(), prefix.get() + file.key() + ".txt");
    Deadline end = functionEnd.before(MARGIN).within(LIMIT);
    try {
      if (!isReplaced(file, end)) {
        String time = "Time: " + TIME.format(Instant.now());
        String text = Stream.concat(lines.get(), Stream.of("", time, "")).collect(joining("\n"));
        files.objects().put(result, text, end.left());
      }
    } catch (RuntimeException e) {
      log.warn(
          "the result could not be put to {}: {}",
          result,
          e instanceof LoadException ours ? ours.getMessage() : e.getClass().getName());
    }
  }

  /** Whether the result is that of an earlier upload, so that the later one's counts. */
  private boolean isReplaced(ObjectLocation file, Deadline end) {
    return progress
        .object()
        .map(StoredObject::etag)
        .or(progress.upload()::etag)
        .filter(etag -> files.objects().isReplaced(file, etag, end.left()))
        .isPresent();
  }

  private LoadSettings settings() {
    return files.settings();
  }
}
