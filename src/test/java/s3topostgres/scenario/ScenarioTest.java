package s3topostgres.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;
import s3topostgres.ErrorCode;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.Page;
import s3topostgres.Warning;
import s3topostgres.check.DryRunResult;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.s3.Upload;

/**
 * Runs the scenarios of {@code src/test/resources/scenarios}; {@code -Dscenario=sync-} those whose
 * id begins with a match of that expression.
 */
class ScenarioTest {
  private static final Pattern MARKER = Pattern.compile("(?i)marker|47114711");

  private static final String EMPTY =
      """
      DROP SCHEMA IF EXISTS cases CASCADE;
      CREATE SCHEMA cases;
      DROP TABLE IF EXISTS history.loads;
      ALTER ROLE "{role}" RESET ALL
      """;

  private static final String ROLE_MAY_LOAD =
      """
      GRANT USAGE ON SCHEMA cases TO "{role}";
      GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA cases TO "{role}";
      GRANT USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA cases TO "{role}";
      REVOKE ALL ON t FROM "{role}";
      GRANT {privileges} ON t TO "{role}"
      """;

  /** Where the table takes it, a row that has to survive a failure. */
  private static final String OLD_ROW =
      """
      DO $$
      BEGIN
        INSERT INTO t DEFAULT VALUES;
        SET CONSTRAINTS ALL IMMEDIATE;
      EXCEPTION WHEN OTHERS THEN NULL;
      END
      $$
      """;

  /** So that the load numbers its rows as plain COPY does. */
  private static final String RESTART_SEQUENCES =
      """
      SELECT setval(oid::regclass, 1, false) FROM pg_class
      WHERE relkind = 'S' AND relnamespace = 'cases'::regnamespace
      """;

  /** So that loads are as far from uploads as uploads are from each other. */
  private static final String LOADED_THEN =
      """
      DO $$
      BEGIN
        UPDATE history.loads SET started_at = least(started_at, '%1$s'::timestamptz + '0.5 s');
      EXCEPTION WHEN undefined_table OR check_violation THEN NULL;
      END
      $$
      """;

  private static final String COLUMNS_AS_TEXT =
      """
      SELECT string_agg(format('%I::text', attname), ', ' ORDER BY attnum) FROM pg_attribute
      WHERE attrelid = 'cases.t'::regclass AND attnum > 0 AND NOT attisdropped
      """;

  private static LoadFixture fixture;
  private static Map<String, String> settings;
  private static Connection connection;

  /** By their names in the scenario. */
  private final Map<String, Upload> uploads = new HashMap<>();

  private final Set<String> keys = new LinkedHashSet<>();
  private final Instant start = Instant.now().truncatedTo(ChronoUnit.SECONDS).minusSeconds(1000);
  private Instant time = start;

  @BeforeAll
  static void open() throws SQLException, IOException {
    open(new LoadFixture());
  }

  static void open(LoadFixture on) throws SQLException {
    fixture = on;
    fixture.logEverything();
    fixture.set("DB_TABLE_NAME", "cases.t").set("S3_BUCKET_NAME", fixture.bucket);
    settings = fixture.settings();
    connection = fixture.connect();
    execute("SET timezone = 'UTC'; SET search_path = cases, public");
    execute(
        """
        DO $$
        BEGIN
          EXECUTE format('ALTER DATABASE %I SET search_path = cases, public', current_database());
        END
        $$
        """);
  }

  @AfterAll
  static void close() throws SQLException {
    connection.close();
    fixture.close();
  }

  static Stream<Scenario> scenarios() throws SQLException {
    int version = connection.getMetaData().getDatabaseMajorVersion();
    String way = settings.get("IMPORT_WITH");
    return Scenario.all().stream()
        .filter(one -> one.isFor(version))
        .filter(one -> one.settings().getOrDefault("IMPORT_WITH", way).equals(way))
        .filter(ScenarioTest::isAskedFor);
  }

  static boolean isAskedFor(Scenario one) {
    return one.id().matches(System.getProperty("scenario", "") + ".*");
  }

  @Test
  void thereAreManyAndEachHasItsOwnId() {
    assertThat(Scenario.all())
        .extracting(Scenario::toString)
        .doesNotHaveDuplicates()
        .hasSizeGreaterThan(120);
  }

  @Test
  void everyRuleForTheSenderHasScenarios() {
    String rules =
        Page.of(Scenario.FOLDER + "/README.md")
            .section("The rules for senders, and their scenarios");

    assertThat(Page.rows(rules))
        .hasSizeGreaterThan(20)
        .allSatisfy(
            row ->
                assertThat(Scenario.all())
                    .extracting(Scenario::id)
                    .contains(row.get(1).replace("`", "").split(", ")));
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void endsAsItSays(Scenario one) throws Exception {
    fixture.clearLog();
    prepare(one);
    try {
      for (Step step : one.steps()) {
        take(one, step);
        execute(LOADED_THEN.formatted(time));
      }
    } finally {
      fixture.replaceSettings(settings);
      keys.forEach(key -> fixture.s3.delete(fixture.bucket, key));
    }
  }

  private void prepare(Scenario one) throws SQLException {
    execute(filled(EMPTY));
    for (String sql : one.setup()) {
      execute(filled(sql));
    }
    String privileges = LoadFixture.privileges(one.mode());
    execute(filled(ROLE_MAY_LOAD).replace("{privileges}", privileges));
    if (one.before().isEmpty() && one.mode() == Mode.REPLACE) {
      execute(OLD_ROW);
      execute(RESTART_SEQUENCES);
    }
    fixture.set("LOAD_MODE", one.mode().label());
    one.settings().forEach((name, value) -> fixture.set(name, filled(value)));
  }

  private void take(Scenario one, Step step) throws Exception {
    int logged = fixture.log().length();
    switch (step.action()) {
      case "upload" -> upload(step.required("upload"), step);
      case "load" -> load(one, step);
      case "catchUp" -> catchUp(step);
      case "dryRun" -> dryRun(step);
      case "sql" -> execute(filled(step.required("sql")));
      case "set" -> step.map("set").forEach((name, value) -> fixture.set(name, filled(value)));
      default -> {} // Only looks.
    }
    Optional<List<List<String>>> expected = step.rows("rows", one.mode());
    if (expected.isPresent()) {
      List<List<String>> rows = step.has("query") ? query(filled(step.required("query"))) : rows();
      assertThat(rows).containsExactlyInAnyOrderElementsOf(filled(expected.get()));
    }
    String log = fixture.log().substring(logged);
    for (String words : step.texts("logs")) {
      assertThat(log).contains(filled(words));
    }
  }

  private void load(Scenario one, Step step) throws SQLException, IOException {
    boolean asCopy = one.isOneLoad() && one.mode() == Mode.REPLACE;
    Upload upload = upload(step.required("load"), step);
    if (step.has("fails")) {
      LoadException failure = failure(step, upload, one.isOneLoad());
      if (one.isOneLoad()) {
        assertThat(step.required("file")).as("has something to give away").containsPattern(MARKER);
      }
      if (asCopy && failure.code() == ErrorCode.ROW_REJECTED) {
        checkCopyFails(one, step, failure);
      }
      return;
    }
    List<List<String>> copied = asCopy ? copied(one, step) : List.of();
    Set<String> before = versions().keySet();
    int logged = fixture.log().length();

    LoadResult result = fixture.load(upload);

    assertThat(result.status()).hasToString(step.text("is").orElse("LOADED"));
    step.text("counts").ifPresent(counts -> assertThat(counts(result)).isEqualTo(counts));
    checkWarnings(step, result, fixture.log().substring(logged));
    if (step.has("kept")) {
      Map<String, List<String>> kept = versions();
      kept.keySet().retainAll(before);
      assertThat(kept.values())
          .containsExactlyInAnyOrderElementsOf(step.rows("kept", one.mode()).orElseThrow());
    }
    if (asCopy) {
      assertThat(rows()).as("the rows of plain COPY").isEqualTo(copied);
    }
  }

  private static void checkWarnings(Step step, LoadResult result, String log) {
    List<String> told =
        Optional.ofNullable(result.warnings()).orElse(List.of()).stream()
            .map(
                found ->
                    "line %d%s, %d: %s"
                        .formatted(
                            found.line(),
                            found.column() == null ? "" : ", column " + found.column(),
                            found.count(),
                            found.warning()))
            .toList();
    List<String> expected = step.texts("warns");
    assertThat(told).as("warnings").hasSameSizeAs(expected);
    for (int i = 0; i < told.size(); i++) {
      assertThat(told.get(i)).startsWith(expected.get(i));
    }
    if (!told.isEmpty()) {
      DryRunResult dryRun = fixture.dryRun(key(result.object()));
      // It does not know the table's rows.
      assertThat(result.warnings()).startsWith(dryRun.warnings().toArray(Warning[]::new));
      assertThat(dryRun.warnings()).isNotEmpty();
      String history = fixture.rows("SELECT h::text FROM history.loads h ORDER BY id DESC").get(0);
      assertThat(history).contains(result.warnings().get(0).warning().substring(0, 20));
      assertThat(log).contains("warnings=" + told.size(), "load status=WARNING");
      assertThat(told + log + history).doesNotContainPattern(MARKER);
    }
  }

  /** The rows by what Postgres gives every row anew that it writes. */
  private static Map<String, List<String>> versions() throws SQLException {
    Map<String, List<String>> versions = new HashMap<>();
    for (List<String> row :
        query("SELECT concat(tableoid, ctid, xmin), %s FROM t".formatted(columns()))) {
      versions.put(row.get(0), row.subList(1, row.size()));
    }
    return versions;
  }

  /** The upload of that name, which is made if the step has a file for it. */
  private Upload upload(String name, Step step) {
    String known = step.text("as").orElse(name);
    if (step.has("file")) {
      uploads.put(known, put(name, step));
    }
    return uploads.computeIfAbsent(known, key -> fixture.announce(key, "0123"));
  }

  /** Uploads are a second apart, unless one says how many seconds after the beginning it was. */
  private Upload put(String key, Step step) {
    time = step.text("at").map(Long::parseLong).map(start::plusSeconds).orElse(time.plusSeconds(1));
    keys.add(key);
    return fixture.upload(key, step.file(), step.contentEncoding(), time);
  }

  private LoadException failure(Step step, Upload upload, boolean whole) throws SQLException {
    List<List<String>> before = rows();
    String file = fileNode();
    int logged = fixture.log().length();

    LoadException failure = catchThrowableOfType(LoadException.class, () -> fixture.load(upload));

    check(step, failure, whole);
    if (!step.has("rows")) {
      assertThat(rows()).isEqualTo(before);
      assertThat(fileNode()).as("the table was not even rewritten").isEqualTo(file);
    }
    String log = fixture.log().substring(logged);
    String history = "";
    if (!step.has("recorded")) {
      history = fixture.rows("SELECT h::text FROM history.loads h ORDER BY id DESC").get(0);
      assertThat(history).contains(failure.code().name(), upload.object().key());
      assertThat(log).contains("load status=FAILED", "DEBUG sql ");
    }
    assertThat(stackTrace(failure) + log + history).doesNotContainPattern(MARKER);
    return failure;
  }

  private static void check(Step step, LoadException failure, boolean whole) {
    assertThat(failure).as("the load should have failed").isNotNull();
    assertThat(failure.code()).as(failure.getMessage()).hasToString(step.required("fails"));
    checkWords(step, failure.getMessage());
    assertThat(failure.getMessage()).as("its values are filled in").doesNotContain("%s", "%d");
    if (step.has("faults")) {
      assertThat(failure.faults())
          .extracting(Fault::toString)
          .containsExactlyElementsOf(step.texts("faults"));
    } else if (whole || step.has("line") || step.has("column")) {
      assertThat(failure.line().stream().mapToObj(Long::toString).findFirst())
          .isEqualTo(step.text("line"));
      assertThat(failure.column()).isEqualTo(step.text("column"));
    }
    step.text("sqlstate").ifPresent(state -> assertThat(failure.sqlState()).contains(state));
  }

  private static void checkWords(Step step, String message) {
    for (String words : step.texts("says")) {
      assertThat(message).contains(filled(words));
    }
    step.text("message").ifPresent(whole -> assertThat(message).isEqualTo(filled(whole)));
  }

  private void catchUp(Step step) {
    if (step.has("fails")) {
      check(step, catchThrowableOfType(LoadException.class, fixture::catchUp), false);
      return;
    }
    // All is old enough in an hour.
    Duration after = Duration.ofMinutes(step.text("after").map(Long::parseLong).orElse(60L));
    assertThat(fixture.catchUp(time.plus(after)))
        .extracting(result -> result.status() + " " + key(result.object()))
        .containsExactlyElementsOf(step.texts("catchUp"));
  }

  private void dryRun(Step step) throws SQLException {
    List<List<String>> before = rows();
    String key = step.required("dryRun");
    upload(key, step);

    DryRunResult result = fixture.dryRun(key);

    assertThat(result.wouldLoad()).as(result.message()).isEqualTo(!step.has("fails"));
    step.text("fails").ifPresent(code -> assertThat(result.message()).startsWith(code));
    checkWords(step, result.message());
    if (step.has("faults")) {
      assertThat(result.faults().stream().map(ScenarioTest::text))
          .containsExactlyElementsOf(step.texts("faults"));
    }
    step.text("proposes").ifPresent(sql -> assertThat(result.createTable()).isEqualTo(filled(sql)));
    assertThat(rows()).as("nothing comes of it").isEqualTo(before);
    assertThat(result.toString()).doesNotContainPattern(MARKER);
  }

  private static String text(DryRunResult.FaultInFile fault) {
    return new Fault(
            fault.line() == null ? OptionalLong.empty() : OptionalLong.of(fault.line()),
            Optional.ofNullable(fault.column()),
            fault.reason())
        .toString();
  }

  private static String key(String object) {
    return object.substring(("s3://" + fixture.bucket + "/").length());
  }

  /** The counts in the words of the log, without those that the mode has not. */
  private static String counts(LoadResult result) {
    return result.inserted() == null
        ? "rows=" + result.rows()
        : "rows=%d inserted=%d updated=%d deleted=%d"
            .formatted(result.rows(), result.inserted(), result.updated(), result.deleted());
  }

  /**
   * Plain COPY, too, fails, unless the scenario says that it accepts what the scan refuses. If the
   * database refused a value, COPY fails for that reason, and at that line if it knows one and
   * counts it right.
   */
  private static void checkCopyFails(Scenario one, Step step, LoadException failure) {
    PSQLException refused = catchThrowableOfType(PSQLException.class, () -> copied(one, step));
    boolean accepted = step.text("copy").equals(Optional.of("accepts"));
    assertThat(refused == null).as("plain COPY takes it: " + refused).isEqualTo(accepted);
    if (failure.sqlState().isEmpty()) {
      return;
    }
    assertThat(failure.sqlState()).contains(refused.getSQLState());
    String where = String.valueOf(refused.getServerErrorMessage().getWhere());
    Optional<String> line = step.text("copied").or(() -> step.text("line"));
    String known = "COPY t, line " + line.filter(told -> !told.equals("none")).orElse("");
    assertThat(where.contains(known))
        .as(where)
        .isEqualTo(
            line.filter(told -> !told.equals("none")).isPresent()
                || refused.getMessage().contains("row is too big"));
  }

  /** The rows that plain COPY makes of the file, which are gone again afterwards. */
  private static List<List<String>> copied(Scenario one, Step step)
      throws SQLException, IOException {
    connection.setAutoCommit(false);
    try {
      String order = one.settings().getOrDefault("CSV_DATE_ORDER", "mdy");
      execute("SET LOCAL DateStyle = 'ISO, %s'".formatted(order));
      execute(one.settings().getOrDefault("BEFORE_LOAD_SQL", ""));
      execute("TRUNCATE t");
      connection
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyIn(copy(one, step), new ByteArrayInputStream(step.plainFile()));
      execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL timezone = 'UTC'");
      return rows();
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
      execute(RESTART_SEQUENCES);
    }
  }

  private static String copy(Scenario one, Step step) {
    Map<String, String> settings = one.settings();
    String quote = settings.getOrDefault("CSV_QUOTE", "\"").replace("none", "\u0006");
    return "COPY t%s FROM STDIN (FORMAT csv, HEADER %s, DELIMITER %s, QUOTE %s, ESCAPE %s, NULL %s, ENCODING %s%s)"
        .formatted(
            step.text("columns").map(Step::decoded).map(" (%s)"::formatted).orElse(""),
            !settings.getOrDefault("CSV_HEADER", "match").equals("none"),
            literal(settings.getOrDefault("CSV_DELIMITER", ",").replace("tab", "\t")),
            literal(quote),
            literal(settings.getOrDefault("CSV_ESCAPE", quote)),
            literal(settings.getOrDefault("CSV_NULL", "")),
            literal(settings.getOrDefault("CSV_ENCODING", "UTF8")),
            step.text("emptyIsNull").map(", FORCE_NULL (%s)"::formatted).orElse(""));
  }

  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  /** The table's rows in the order in which they were written, each value as text. */
  private static List<List<String>> rows() throws SQLException {
    return query("SELECT %s FROM t ORDER BY tableoid, ctid".formatted(columns()));
  }

  private static String columns() throws SQLException {
    return query(COLUMNS_AS_TEXT).get(0).get(0);
  }

  private static List<List<String>> query(String sql) throws SQLException {
    List<List<String>> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
          row.add(result.getString(i));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  private static String fileNode() throws SQLException {
    return query("SELECT pg_relation_filenode('cases.t')").get(0).get(0);
  }

  private static String stackTrace(Throwable failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace, true));
    return trace.toString();
  }

  private static void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** With the names that differ from run to run. */
  private static String filled(String text) {
    return text.replace("{bucket}", fixture.bucket).replace("{role}", fixture.role());
  }

  private static List<List<String>> filled(List<List<String>> rows) {
    return rows.stream()
        .map(row -> row.stream().map(value -> value == null ? null : filled(value)).toList())
        .toList();
  }
}
