package s3topostgres.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;

/**
 * The settings of a load, other than the connection and the format of its file.
 *
 * @param table the target table
 * @param objectKeys the keys of the objects that are loaded
 * @param setMarker whether the files of a folder are one table together
 * @param resultsPrefix what the object keys of results begin with, which ends in a slash; empty if
 *     no results are put into the bucket
 * @param bucket the only bucket whose objects are loaded; empty for any
 * @param mode what a file does to the table
 * @param rowKey names of the columns that identify a row, as the catalogue has them; empty for the
 *     primary key
 * @param importWith who reads the object
 * @param scan whether every byte of a file is looked at before the commit
 * @param minRows the least number of rows; a load of fewer rows fails
 * @param maxRejectedRows how many rows with faults may be left out; empty for none
 * @param maxDeletedRows how many of the table's rows a load may delete; empty for all
 * @param functionTimeout how long Lambda lets one invocation run
 * @param lockTimeout how long to wait for locks of other sessions
 * @param rebuildIndexes whether indexes may be built after the rows, where that is faster
 * @param beforeLoadSql statements that run in the load's transaction before the table is changed
 * @param afterLoadSql statements that run in the load's transaction after the import
 * @param historyTable the table that records loads, written as in SQL; empty for none
 */
public record LoadSettings(
    TableName table,
    ObjectKeyPattern objectKeys,
    SetMarker setMarker,
    Optional<String> resultsPrefix,
    Optional<String> bucket,
    Mode mode,
    Optional<List<String>> rowKey,
    ImportWith importWith,
    boolean scan,
    RowLimit minRows,
    Optional<RowLimit> maxRejectedRows,
    Optional<RowLimit> maxDeletedRows,
    Duration functionTimeout,
    Duration lockTimeout,
    boolean rebuildIndexes,
    Optional<String> beforeLoadSql,
    Optional<String> afterLoadSql,
    Optional<String> historyTable) {

  /**
   * Lambda's API takes no more, since November 2026: <a
   * href="https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html">CreateFunction</a>.
   */
  private static final int MOST_TIMEOUT_SECONDS = 1_800;

  /** Folders of characters that are no wildcards in a policy. */
  private static final Pattern FOLDERS = Pattern.compile("([A-Za-z0-9!_.'()-]+/)+");

  /** The search for faults ends there. */
  private static final int MOST_REJECTED = 100_000;

  /** Who reads the object. */
  public enum ImportWith {
    /** The database, by the extension {@code aws_s3}. */
    AWS_S3,
    /** The function, which streams it to {@code COPY FROM STDIN}. */
    COPY
  }

  /**
   * Reads the values of the pattern's placeholders from an object key, or from the folder of a
   * marker.
   *
   * @return values by the placeholder's name; empty when objects with this key are not loaded by
   *     themselves
   */
  public Optional<Map<String, String>> match(String objectKey) {
    if (isResult(objectKey)) {
      return Optional.empty();
    }
    if (setMarker.name().isPresent()) {
      return setMarker.is(objectKey) ? objectKeys.matchFolder(objectKey) : Optional.empty();
    }
    return objectKeys.match(objectKey);
  }

  /** Whether an object with this key is among the results of loads, so that it is never loaded. */
  public boolean isResult(String objectKey) {
    return resultsPrefix.filter(objectKey::startsWith).isPresent();
  }

  /** Whether objects of this bucket are loaded. */
  public boolean mayLoadFrom(String otherBucket) {
    return bucket.isEmpty() || bucket.get().equals(otherBucket);
  }

  /**
   * The ends of object keys of which a bucket has to tell the function; each is one notification.
   */
  public List<String> suffixes() {
    return setMarker.name().map(List::of).orElse(List.of(".csv", ".CSV", ".csv.gz"));
  }

  /** The settings that decide which objects are loaded, and into which tables. */
  public String choice() {
    return "%s%s into %s by %s in %d s"
        .formatted(
            objectKeys.shown(),
            setMarker.name().map(" with "::concat).orElse(""),
            table.setting(),
            mode.label(),
            functionTimeout.toSeconds());
  }

  /** Why objects with this key are not loaded, as a clause; empty if they are. */
  public Optional<String> whyIgnored(String objectKey) {
    if (match(objectKey).isPresent()) {
      return Optional.empty();
    }
    if (isResult(objectKey)) {
      return Optional.of("it is among the results of loads (S3_RESULTS_PREFIX)");
    }
    boolean isMarker = setMarker.is(objectKey);
    if (setMarker.name().isPresent() && !isMarker) {
      return Optional.of(
          "its folder is loaded when %s is put there (S3_SET_MARKER)"
              .formatted(setMarker.name().get()));
    }
    return Optional.of(
        objectKeys.isHidden(isMarker ? SetMarker.folder(objectKey) : objectKey)
            ? "a folder of it, or its name, begins with _, . or beam-temp-"
            : "its key does not match %s (S3_KEY_PREFIX, S3_KEY_PATTERN)"
                .formatted(objectKeys.shown()));
  }

  /**
   * Whether a default can read the object key of a row's own file: of a set's files only where the
   * rows need no stage, after which defaults are computed for all files together.
   */
  public boolean knowsFileOfRow() {
    return setMarker.name().isEmpty() || mode == Mode.REPLACE;
  }

  /**
   * Refuses a file that is named like one of several of a table, where it would replace them.
   *
   * @throws s3topostgres.LoadException {@code CONFIG_INVALID}
   */
  public void refusePart(String objectKey) {
    if (setMarker.setting().isEmpty() && mode.isWholeTable() && SetMarker.isPart(objectKey)) {
      throw ErrorCode.CONFIG_INVALID.failure(
          "it is named like one of several files of a table, and with LOAD_MODE=%s each would replace the others"
              .formatted(mode.label()),
          "Set S3_SET_MARKER to the name of the object that the job puts into the folder at its end, such as"
              + " _SUCCESS: then the folder is loaded as one. If each such file is a whole table, set"
              + " S3_SET_MARKER=none.");
    }
  }

  static LoadSettings read(Environment environment) {
    LoadSettings settings = readEach(environment);
    Optional<String> marker = settings.setMarker.name();
    if (settings.mode == Mode.CHANGES && marker.isPresent()) {
      environment.problem(
          "S3_SET_MARKER is \"%s\", and LOAD_MODE=changes loads each file by itself"
              .formatted(marker.get()));
    }
    if (marker.isPresent() && settings.objectKeys.namesFiles()) {
      environment.problem(
          "S3_SET_MARKER is \"%s\", so a folder is one table, and S3_KEY_PATTERN has a name in braces behind the last slash"
              .formatted(marker.get()));
    }
    settings.resultsPrefix.ifPresent(prefix -> settings.checkResults(prefix, environment));
    if (settings.mode == Mode.CHANGES && settings.historyTable.isEmpty()) {
      environment.problem(
          "HISTORY_TABLE is \"off\", and LOAD_MODE=changes needs the history: it tells which files were applied");
    }
    if (settings.historyTable.isEmpty() && settings.minRows.percent()) {
      environment.problem(
          "MIN_ROWS is a percentage of the last file's rows, and HISTORY_TABLE is \"off\", so nobody knows them");
    }
    if (settings.mode == Mode.CHANGES && settings.minRows.percent()) {
      environment.problem(
          "MIN_ROWS is a percentage of the last file's rows, which says nothing about a file of changes; it takes a whole number with LOAD_MODE=changes");
    }
    if (settings.mode == Mode.CHANGES && settings.maxRejectedRows.isPresent()) {
      environment.problem(
          "MAX_REJECTED_ROWS is set, and LOAD_MODE=changes leaves no row out: later changes would build on it");
    }
    if (settings.maxRejectedRows.filter(limit -> limit.number() > MOST_REJECTED).isPresent()) {
      environment.problem(
          "MAX_REJECTED_ROWS is more than %d; so many faults say that the file is another one"
              .formatted(MOST_REJECTED));
    }
    if (settings.mode != Mode.SYNC && settings.maxDeletedRows.isPresent()) {
      environment.problem(
          "MAX_DELETED_ROWS is set, and LOAD_MODE=%s does not count the rows that it deletes; only sync does"
              .formatted(settings.mode.label()));
    }
    return settings;
  }

  private void checkResults(String prefix, Environment environment) {
    if (!FOLDERS.matcher(prefix).matches()) {
      environment.problem(
          "S3_RESULTS_PREFIX is \"%s\"; it takes a folder that ends in a slash, of A to Z, a to z, digits and ! - _ . ' ( )"
              .formatted(prefix));
    } else if (isResult(objectKeys.shown())) {
      environment.problem(
          "S3_RESULTS_PREFIX is \"%s\", and S3_KEY_PREFIX or S3_KEY_PATTERN begins with it, so nothing would be loaded"
              .formatted(prefix));
    }
  }

  private static LoadSettings readEach(Environment environment) {
    ObjectKeyPattern keys = ObjectKeyPattern.read(environment);
    int functionTimeout =
        environment.integer("FUNCTION_TIMEOUT_SECONDS", 900, 60, MOST_TIMEOUT_SECONDS);
    return new LoadSettings(
        TableName.read(environment, keys),
        keys,
        SetMarker.read(environment),
        environment.optional("S3_RESULTS_PREFIX"),
        environment.optional("S3_BUCKET_NAME"),
        Mode.valueOf(environment.choice("LOAD_MODE", Mode.LABELS).toUpperCase(Locale.ROOT)),
        ColumnNames.read(environment, "LOAD_KEY"),
        ImportWith.valueOf(
            environment.choice("IMPORT_WITH", List.of("aws_s3", "copy")).toUpperCase(Locale.ROOT)),
        environment.choice("CSV_SCAN", List.of("on", "off")).equals("on"),
        RowLimit.read(environment, "MIN_ROWS").orElse(new RowLimit(1, false)),
        RowLimit.read(environment, "MAX_REJECTED_ROWS").filter(limit -> limit.number() > 0),
        RowLimit.read(environment, "MAX_DELETED_ROWS"),
        Duration.ofSeconds(functionTimeout),
        Duration.ofSeconds(environment.integer("LOCK_TIMEOUT_SECONDS", 60, 0, functionTimeout)),
        environment.choice("REBUILD_INDEXES", List.of("auto", "off")).equals("auto"),
        environment.optional("BEFORE_LOAD_SQL"),
        environment.optional("AFTER_LOAD_SQL"),
        Optional.of(environment.optional("HISTORY_TABLE").orElse("s3_load_history"))
            .filter(name -> !name.equals("off")));
  }
}
