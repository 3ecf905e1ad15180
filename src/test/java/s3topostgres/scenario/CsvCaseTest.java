package s3topostgres.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Page;
import s3topostgres.load.LoadFixture;
import s3topostgres.s3.Upload;

/** Loads the files of {@code src/test/resources/csv}, and holds each to what plain COPY does. */
public class CsvCaseTest {
  private static final Pattern MARKER = Pattern.compile("(?i)marker|47114711");

  private static final String ROLE_MAY_LOAD =
      """
      GRANT USAGE ON SCHEMA cases TO "%1$s";
      GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA cases TO "%1$s";
      GRANT TRUNCATE ON t TO "%1$s"
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

  private static final String COLUMNS_AS_TEXT =
      """
      SELECT string_agg(format('%I::text', attname), ', ' ORDER BY attnum) FROM pg_attribute
      WHERE attrelid = 'cases.t'::regclass AND attnum > 0 AND NOT attisdropped
      """;

  private static LoadFixture fixture;
  private static Connection connection;

  @BeforeAll
  static void open() throws SQLException {
    fixture = new LoadFixture();
    fixture.logEverything();
    fixture.set("DB_TABLE_NAME", "cases.t");
    fixture.execute(
        """
        DO $$
        BEGIN
          EXECUTE format('ALTER DATABASE %I SET search_path = cases, public', current_database());
        END
        $$
        """);
    connection = fixture.connect();
    execute("SET timezone = 'UTC'");
  }

  @AfterAll
  static void close() throws SQLException {
    connection.close();
    fixture.close();
  }

  static List<CsvCase> cases() throws SQLException {
    int version = connection.getMetaData().getDatabaseMajorVersion();
    return CsvCase.all().stream().filter(one -> one.isFor(version)).toList();
  }

  @Test
  void thereAreManyAndEachHasItsOwnId() {
    assertThat(CsvCase.all())
        .extracting(CsvCase::id)
        .doesNotHaveDuplicates()
        .hasSizeGreaterThan(120);
  }

  @Test
  void everyRuleForTheSenderHasCases() {
    String rules =
        Page.of("src/test/resources/csv/README.md")
            .section("The rules for senders, and their cases");

    assertThat(Page.rows(rules))
        .hasSizeGreaterThan(20)
        .allSatisfy(
            row ->
                assertThat(CsvCase.all())
                    .extracting(CsvCase::id)
                    .contains(row.get(1).replace("`", "").split(", ")));
  }

  @BeforeEach
  void makeSchema() throws SQLException {
    execute("DROP SCHEMA IF EXISTS cases CASCADE; CREATE SCHEMA cases");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void endsLikePlainCopy(CsvCase one) throws Exception {
    for (String sql : one.setup()) {
      execute(sql);
    }
    execute(ROLE_MAY_LOAD.formatted(fixture.role()));
    execute(OLD_ROW);
    execute(RESTART_SEQUENCES);
    one.settings().forEach(fixture::set);
    try {
      if (one.rows().isPresent()) {
        checkRows(one);
      } else {
        checkFailure(one);
      }
    } finally {
      // An empty variable counts as not set.
      one.settings().keySet().forEach(name -> fixture.set(name, ""));
    }
  }

  private static void checkRows(CsvCase one) throws SQLException, IOException {
    List<List<String>> copied = copied(one);

    fixture.load(upload(one));

    assertThat(rows()).isEqualTo(one.rows().orElseThrow());
    assertThat(rows()).as("the rows of plain COPY").isEqualTo(copied);
  }

  private static void checkFailure(CsvCase one) throws SQLException, IOException {
    List<List<String>> before = rows();
    String file = fileNode();
    int logged = fixture.log().length();
    Upload upload = upload(one);

    LoadException failure = catchThrowableOfType(LoadException.class, () -> fixture.load(upload));

    assertThat(failure).as("the load should have failed").isNotNull();
    assertThat(failure.code()).as(failure.getMessage()).hasToString(one.fails());
    assertThat(failure).hasMessageContaining(one.text("says").orElseThrow());
    assertThat(failure.line()).isEqualTo(one.line());
    assertThat(failure.column()).isEqualTo(one.text("column"));
    one.text("sqlstate").ifPresent(state -> assertThat(failure.sqlState()).contains(state));
    if (failure.code() == ErrorCode.ROW_REJECTED) {
      checkCopyFails(one, failure);
    }
    assertThat(rows()).isEqualTo(before);
    assertThat(fileNode()).as("the table was not even rewritten").isEqualTo(file);

    String log = fixture.log().substring(logged);
    String history = fixture.rows("SELECT h::text FROM history.loads h ORDER BY id DESC").get(0);
    assertThat(log).contains("load status=FAILED", "DEBUG sql ");
    assertThat(history).contains(failure.code().name(), upload.object().key());
    assertThat(one.source()).as("has something to give away").containsPattern(MARKER);
    assertThat(stackTrace(failure) + log + history).doesNotContainPattern(MARKER);
  }

  /**
   * Plain COPY, too, fails, unless the case says that it accepts what the scan refuses. If the
   * database refused a value, COPY fails for that reason, and at that line if it knows one and
   * counts it right.
   */
  private static void checkCopyFails(CsvCase one, LoadException failure) {
    PSQLException refused = catchThrowableOfType(PSQLException.class, () -> copied(one));
    boolean accepted = one.text("copy").equals(Optional.of("accepts"));
    assertThat(refused == null).as("plain COPY takes it: " + refused).isEqualTo(accepted);
    if (failure.sqlState().isEmpty()) {
      return;
    }
    assertThat(failure.sqlState()).contains(refused.getSQLState());
    String where = String.valueOf(refused.getServerErrorMessage().getWhere());
    Optional<String> line = one.text("copied").or(() -> one.text("line"));
    String known = "COPY t, line " + line.filter(told -> !told.equals("none")).orElse("");
    assertThat(where.contains(known))
        .as(where)
        .isEqualTo(
            line.filter(told -> !told.equals("none")).isPresent()
                || refused.getMessage().contains("row is too big"));
  }

  private static Upload upload(CsvCase one) throws IOException {
    String key = one.id() + ".csv";
    if (!one.isGzip()) {
      return fixture.upload(key, one.file());
    }
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(one.file());
    }
    return fixture.announce(key, fixture.s3.put(fixture.bucket, key, packed.toByteArray(), "gzip"));
  }

  /** The rows that plain COPY makes of the file, which are gone again afterwards. */
  private static List<List<String>> copied(CsvCase one) throws SQLException, IOException {
    connection.setAutoCommit(false);
    try {
      execute(one.settings().getOrDefault("BEFORE_LOAD_SQL", ""));
      execute("TRUNCATE t");
      connection
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyIn(copy(one), new ByteArrayInputStream(one.file()));
      execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL timezone = 'UTC'");
      return rows();
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
      execute(RESTART_SEQUENCES);
    }
  }

  private static String copy(CsvCase one) {
    Map<String, String> settings = one.settings();
    String quote = settings.getOrDefault("CSV_QUOTE", "\"").replace("none", "\u0006");
    return "COPY t%s FROM STDIN (FORMAT csv, HEADER %s, DELIMITER %s, QUOTE %s, ESCAPE %s, NULL %s, ENCODING %s)"
        .formatted(
            one.columns(),
            !settings.getOrDefault("CSV_HEADER", "match").equals("none"),
            literal(settings.getOrDefault("CSV_DELIMITER", ",").replace("tab", "\t")),
            literal(quote),
            literal(settings.getOrDefault("CSV_ESCAPE", quote)),
            literal(settings.getOrDefault("CSV_NULL", "")),
            literal(settings.getOrDefault("CSV_ENCODING", "UTF8")));
  }

  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  /** The table's rows in the order in which they were written, each value as text. */
  private static List<List<String>> rows() throws SQLException {
    List<List<String>> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      String columns;
      try (ResultSet result = statement.executeQuery(COLUMNS_AS_TEXT)) {
        result.next();
        columns = result.getString(1);
      }
      try (ResultSet result =
          statement.executeQuery("SELECT %s FROM t ORDER BY tableoid, ctid".formatted(columns))) {
        while (result.next()) {
          List<String> row = new ArrayList<>();
          for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
            row.add(result.getString(i));
          }
          rows.add(row);
        }
      }
    }
    return rows;
  }

  private static String fileNode() {
    return fixture.rows("SELECT pg_relation_filenode('cases.t')").get(0);
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
}
