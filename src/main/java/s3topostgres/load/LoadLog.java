package s3topostgres.load;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.LoadException;
import s3topostgres.Warning;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.order.LoadProgress;

/**
 * Writes one line for each load to the log: {@code load key=value ...}. Values with spaces, quotes
 * or control characters are quoted, so that no object key can forge a line or a field.
 */
final class LoadLog {
  /** How many warnings have a line of their own. */
  private static final int WARNINGS = 10;

  private static final Logger log = LoggerFactory.getLogger("load");

  private LoadLog() {}

  static void ended(LoadProgress progress, LoadResult result, Optional<LoadOutcome> outcome) {
    Map<String, Object> fields = fields(progress, result);
    outcome.flatMap(LoadOutcome::way).ifPresent(way -> fields.put("way", way));
    if (!progress.parts().isEmpty()) {
      fields.put("parts", progress.parts().size());
    }
    if (progress.batch() > 1) {
      fields.put("batch", progress.batch());
    }
    if (progress.streamed()) {
      fields.put("import", "copy");
    }
    if (!progress.defaulted().isEmpty()) {
      fields.put("defaulted", String.join(",", progress.defaulted()));
    }
    if (!progress.ignored().isEmpty()) {
      fields.put("ignored", String.join(",", progress.ignored()));
    }
    Optional<Duration> indexes = progress.took("indexing");
    if (indexes.isPresent()) {
      progress.took("importing").ifPresent(rows -> fields.put("rowsMillis", rows.toMillis()));
      fields.put("indexMillis", indexes.get().toMillis());
    }
    List<Warning> warnings = progress.warnings();
    if (!warnings.isEmpty()) {
      fields.put("warnings", warnings.size());
    }
    log.info(line(fields));
    warnings.stream().limit(WARNINGS).forEach(warning -> warned(progress, warning));
  }

  private static void warned(LoadProgress progress, Warning warning) {
    Map<String, Object> fields = fields("WARNING", progress);
    Optional.ofNullable(warning.part()).ifPresent(part -> fields.put("part", part));
    Optional.ofNullable(warning.line()).ifPresent(line -> fields.put("line", line));
    Optional.ofNullable(warning.column()).ifPresent(column -> fields.put("column", column));
    fields.put("count", warning.count());
    fields.put("message", warning.warning());
    log.warn(line(fields));
  }

  /**
   * @param why as a clause
   */
  static void ignored(LoadProgress progress, LoadResult result, String why) {
    Map<String, Object> fields = fields(progress, result);
    fields.put("reason", why);
    log.info(line(fields));
  }

  private static Map<String, Object> fields(LoadProgress progress, LoadResult result) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("status", result.status());
    fields.put("object", result.object());
    fields.put("table", result.table());
    fields.put("rows", result.rows());
    if (result.inserted() != null) {
      fields.put("inserted", result.inserted());
      fields.put("updated", result.updated());
      fields.put("deleted", result.deleted());
    }
    if (result.rejected() != null) {
      fields.put("rejected", result.rejected());
    }
    fields.put("bytes", result.bytes());
    fields.put("millis", result.millis());
    fields.put("request", progress.requestId());
    return fields;
  }

  static void failed(LoadProgress progress, LoadException failure) {
    Map<String, Object> fields = fields("FAILED", progress);
    fields.put("code", failure.code());
    failure.part().ifPresent(part -> fields.put("part", part));
    failure.line().ifPresent(line -> fields.put("line", line));
    failure.column().ifPresent(column -> fields.put("column", column));
    failure.sqlState().ifPresent(state -> fields.put("sqlstate", state));
    fields.put("message", failure.getMessage());
    log.error(line(fields));
  }

  static void progress(LoadProgress progress) {
    Map<String, Object> fields = fields("RUNNING", progress);
    fields.put("step", progress.step());
    log.info(line(fields));
  }

  private static Map<String, Object> fields(String status, LoadProgress progress) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("status", status);
    fields.put("object", progress.upload().object());
    fields.put("table", progress.table());
    fields.put("millis", progress.millis());
    fields.put("request", progress.requestId());
    return fields;
  }

  private static String line(Map<String, Object> fields) {
    return fields.entrySet().stream()
        .map(field -> field.getKey() + "=" + quoted(field.getValue().toString()))
        .collect(Collectors.joining(" ", "load ", ""));
  }

  private static String quoted(String value) {
    boolean plain =
        !value.isEmpty()
            && value.chars().noneMatch(c -> c <= ' ' || c == '"' || c == '=' || c == 127);
    return plain
        ? value
        : '"'
            + value.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}+", " ")
            + '"';
  }
}
