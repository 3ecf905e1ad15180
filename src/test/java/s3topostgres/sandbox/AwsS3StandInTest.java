package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;

class AwsS3StandInTest {
  /** Shorter than the imports that are to be ended. */
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private static final S3Server S3 = Sandbox.shared().s3();

  private final String bucket = "stand-in-" + System.nanoTime();
  private SandboxDatabase database;
  private List<List<String>> filesBefore;

  @BeforeEach
  void createTable() throws SQLException {
    S3.createBucket(bucket);
    database = Sandbox.shared().createDatabase();
    database.execute("CREATE TABLE people (name text, age int DEFAULT 7)");
    filesBefore = files();
  }

  @AfterEach
  void dropDatabase() throws SQLException {
    database.close();
  }

  @Test
  void saysHowManyRowsOfHowManyBytes() throws SQLException {
    put("people.csv", "Ann,40\nBob,50\n");

    assertThat(importAs("postgres", "people", "", "(FORMAT csv)", "people.csv"))
        .isEqualTo("2 rows imported into relation \"people\" from file people.csv of 14 bytes");
    assertThat(database.rows("SELECT name, age FROM people ORDER BY name"))
        .containsExactly(List.of("Ann", "40"), List.of("Bob", "50"));
  }

  @Test
  void takesTheColumnsInTheOrderOfTheList() throws SQLException {
    put("people.csv", "40,Ann\n");

    importAs("postgres", "people", "age, name", "(FORMAT csv)", "people.csv");

    assertThat(database.rows("SELECT name, age FROM people")).containsExactly(List.of("Ann", "40"));
  }

  @Test
  void fillsColumnsThatAreNotListedWithTheirDefault() throws SQLException {
    put("people.csv", "Ann\n");

    importAs("postgres", "people", "name", "(FORMAT csv)", "people.csv");

    assertThat(database.rows("SELECT name, age FROM people")).containsExactly(List.of("Ann", "7"));
  }

  @Test
  void takesTheOldSpellingOfTheOptions() throws SQLException {
    put("people.tsv", "Ann\t40\n");

    importAs("postgres", "people", null, "DELIMITER E'\\t' CSV", "people.tsv");

    assertThat(database.rows("SELECT name, age FROM people")).containsExactly(List.of("Ann", "40"));
  }

  @Test
  void takesAnUriAndCredentials() throws SQLException {
    put("people.csv", "Ann,40\n");

    assertThat(
            database.rows(
                """
                SELECT aws_s3.table_import_from_s3(
                  'people', '', '(FORMAT csv)',
                  aws_commons.create_s3_uri('%s', 'people.csv', 'eu-west-1'),
                  aws_commons.create_aws_credentials('key', 'secret', ''))
                """
                    .formatted(bucket)))
        .containsExactly(
            List.of("1 rows imported into relation \"people\" from file people.csv of 7 bytes"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a folder/and another/people.csv",
        "plus+and%and%20percent.csv",
        "it's \"quoted\" & $(touch x) `touch y` ; \\ | #.csv",
        "Übergröße.csv",
        "\uD83D\uDE00.csv",
        "a=b&c?d,e:f@g!h*i(j)[k]{l}^~.csv",
        "line\nbreak.csv"
      })
  void findsEveryKey(String key) throws SQLException {
    put(key, "Ann,40\n");

    assertThat(importAs("postgres", "people", "", "(FORMAT csv)", key))
        .isEqualTo("1 rows imported into relation \"people\" from file " + key + " of 7 bytes");
  }

  @Test
  void unpacksGzipThatSaysSo() throws SQLException, IOException {
    S3.put(bucket, "people.csv", gzip("Ann,40\n"), "gzip");

    String answer = importAs("postgres", "people", "", "(FORMAT csv)", "people.csv");

    assertThat(database.rows("SELECT name, age FROM people")).containsExactly(List.of("Ann", "40"));
    assertThat(answer).as("the bytes that S3 keeps").endsWith(" of 27 bytes");
  }

  @Test
  void doesNotUnpackGzipThatDoesNotSaySo() throws IOException {
    S3.put(bucket, "people.csv.gz", gzip("Ann,40\n"));

    assertFails("22021", "invalid byte sequence", "people.csv.gz");
  }

  @Test
  void refusesAnEmptyObject() {
    put("people.csv", "");

    assertFails(
        "XX000",
        "Unable to validate pre-signed URL. Error: HTTP 416. Check your arguments and try again.",
        "people.csv");
  }

  @ParameterizedTest
  @ValueSource(strings = {"XX000", "P0001"})
  void refusesAFileWithoutRows(String sqlState) throws SQLException {
    put("people.csv", "name,age\n");
    database.set("sandbox.import_sqlstate", sqlState);

    PSQLException failure =
        failure(() -> importAs("postgres", "people", "", "(FORMAT csv, HEADER)", "people.csv"));

    assertThat(failure.getServerErrorMessage().getMessage())
        .isEqualTo("Import from S3 failed, 0 rows were copied successfully");
    assertThat(failure.getSQLState()).isEqualTo(sqlState);
  }

  @Test
  void refusesAnObjectThatIsNotThere() {
    assertFails("XX000", "Error: HTTP 404. Check your arguments and try again.", "nowhere.csv");
  }

  @Test
  void refusesAnotherRegion() {
    put("people.csv", "Ann,40\n");

    assertThatThrownBy(
            () ->
                database.rows(
                    """
                    SELECT aws_s3.table_import_from_s3(
                      'people', '', '(FORMAT csv)', '%s', 'people.csv', 'us-east-1')
                    """
                        .formatted(bucket)))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("Error: HTTP 301. Check your arguments and try again.");
  }

  @Test
  void saysWhenS3IsOutOfReach() throws SQLException {
    database.set("sandbox.s3_endpoint", "http://localhost:1");

    assertNoticesNoRoute("CURL error code: 7");
  }

  @Test
  void saysOnDemandThatS3IsOutOfReach() throws SQLException {
    database.set("sandbox.import_fault", "CURL error code: 28");

    assertNoticesNoRoute("CURL error code: 28");
  }

  private void assertNoticesNoRoute(String code) throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      PSQLException failure =
          failure(
              () ->
                  statement.execute(
                      "SELECT aws_s3.table_import_from_s3('people', '', '', '%s', 'k', 'eu-west-1')"
                          .formatted(bucket)));

      assertThat(failure.getServerErrorMessage().getMessage())
          .isEqualTo("Unable to generate pre-signed url, look at engine log for details.");
      List<String> notices = new ArrayList<>();
      for (SQLWarning notice = statement.getWarnings();
          notice != null;
          notice = notice.getNextWarning()) {
        notices.add(notice.getSQLState() + " " + notice.getMessage());
      }
      String attempt =
          "XX000 %s when attempting to validate pre-signed URL, %d attempt(s) remaining";
      String hint = "XX000 HINT: make sure your instance is able to connect with S3.";
      assertThat(notices)
          .containsExactly(attempt.formatted(code, 1), hint, attempt.formatted(code, 0), hint);
    }
  }

  @Test
  void failsOnDemand() throws SQLException {
    put("people.csv", "Ann,40\n");
    database.set("sandbox.import_fault", "credentials missing");
    database.set("sandbox.import_fault_hint", "Is a role associated as \"s3Import\"?");

    PSQLException failure = failure(() -> importAs("postgres", "people", "", "", "people.csv"));

    assertThat(failure.getSQLState()).isEqualTo("XX000");
    assertThat(failure.getServerErrorMessage().getMessage()).isEqualTo("credentials missing");
    assertThat(failure.getServerErrorMessage().getHint())
        .isEqualTo("Is a role associated as \"s3Import\"?");
  }

  @Test
  void failsAsOftenAsDemanded() throws SQLException {
    put("people.csv", "Ann,40\n");
    database.set("sandbox.import_fault", "HTTP 500");
    database.failImports(2);

    assertFails("XX000", "HTTP 500", "people.csv");
    assertFails("XX000", "HTTP 500", "people.csv");
    importAs("postgres", "people", "", "(FORMAT csv)", "people.csv");
    database.failImports(1);
    assertFails("XX000", "HTTP 500", "people.csv");
  }

  @ParameterizedTest
  @ValueSource(strings = {"22P02", "22P04"})
  void breaksAGoodFileOnDemand(String sqlState) throws SQLException {
    put("people.csv", "Ann,40\nBob,50\nCid,60\n");
    database.set("sandbox.import_garble", sqlState);

    assertFails(sqlState, "", "people.csv");
  }

  @Test
  void answersOnDemandInOtherWords() throws SQLException {
    put("people.csv", "Ann,40\n");
    database.set("sandbox.import_answer", "done");

    assertThat(importAs("postgres", "people", "", "(FORMAT csv)", "people.csv")).isEqualTo("done");
  }

  @Tag("slow")
  @Test
  void hangsOnDemandWhateverTheTimeLimit() throws Exception {
    put("people.csv", "Ann,40\n");
    database.set("sandbox.import_hang", "2.0471");
    database.set("statement_timeout", "500");

    CompletableFuture<PSQLException> failure = failing();
    await(() -> program("sleep 2.0471").isPresent());
    ProcessHandle hanging = program("sleep 2.0471").orElseThrow();
    await(failure::isDone);

    assertThat(hanging.isAlive()).as("the import has ended before it").isFalse();
    assertThat(failure.get().getSQLState()).isEqualTo("57014");
  }

  @Test
  void leavesErrorsOfTheCopyAsTheyAre() throws SQLException {
    put("people.csv", "Ann,40\nBob,50\nCid,old\n");

    PSQLException failure =
        failure(() -> importAs("postgres", "people", "", "(FORMAT csv)", "people.csv"));

    assertThat(failure.getSQLState()).isEqualTo("22P02");
    assertThat(failure.getServerErrorMessage().getWhere())
        .startsWith("COPY people, line 3, column age: \"old\"\nSQL statement \"COPY people ")
        .contains("\nPL/pgSQL function aws_s3.table_import_from_s3(");
    assertThat(database.rows("SELECT FROM people")).isEmpty();
    assertThat(resultFiles()).isEmpty();
  }

  @Test
  void leavesNoFileBehind() throws SQLException {
    put("people.csv", "Ann,40\n");
    importAs("postgres", "people", "", "(FORMAT csv)", "people.csv");
    assertFails("XX000", "HTTP 404", "nowhere.csv");

    assertThat(resultFiles()).isEmpty();
  }

  @Test
  void importsWithThePrivilegesOfTheCaller() throws SQLException {
    put("people.csv", "Ann,40\n");
    database.createRole("loader", "pass'word");

    PSQLException failure =
        failure(() -> importAs("loader", "people", "", "(FORMAT csv)", "people.csv"));
    assertThat(failure.getSQLState()).isEqualTo("42501");
    assertThat(failure.getMessage()).contains("permission denied for table people");

    database.execute("GRANT INSERT ON people TO loader");
    importAs("loader", "people", "", "(FORMAT csv)", "people.csv");
    assertThat(database.rows("SELECT name FROM people")).containsExactly(List.of("Ann"));
  }

  @ParameterizedTest
  @CsvSource({
    "USAGE ON SCHEMA aws_s3, permission denied for schema aws_s3",
    "EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3, permission denied for function",
  })
  void isClosedToRolesThatWereNotLetIn(String privilege, String words) throws SQLException {
    database.createRole("loader", "pass'word");
    database.execute("REVOKE " + privilege + " FROM loader");

    PSQLException failure =
        failure(() -> importAs("loader", "people", "", "(FORMAT csv)", "people.csv"));

    assertThat(failure.getSQLState()).isEqualTo("42501");
    assertThat(failure.getMessage()).contains(words);
  }

  @Tag("slow")
  @ParameterizedTest
  @ValueSource(strings = {"pg_cancel_backend", "pg_terminate_backend"})
  void isEndedAtOnceWhileS3IsSilent(String signal) throws Exception {
    put("people.csv", "Ann,40\n".repeat(1000));
    database.set("sandbox.import_bytes_per_second", "1");
    CompletableFuture<PSQLException> failure = failing();
    await(() -> program("/" + bucket + "/").isPresent());

    database.rows(
        """
        SELECT %s(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
        """
            .formatted(signal));

    await(failure::isDone);
    assertThat(failure.get().getSQLState())
        .isEqualTo(signal.equals("pg_cancel_backend") ? "57014" : "57P01");
    awaitNoFetching();
    assertThat(resultFiles()).isEmpty();
  }

  @Tag("slow")
  @Test
  void isEndedByTheStatementTimeoutWhileS3IsSilent() throws Exception {
    put("people.csv", "Ann,40\n".repeat(1000));
    database.set("sandbox.import_bytes_per_second", "1");
    database.set("statement_timeout", "1500");

    CompletableFuture<PSQLException> failure = failing();
    await(failure::isDone);

    assertThat(failure.get().getMessage()).contains("canceling statement due to statement timeout");
    awaitNoFetching();
  }

  private void put(String key, String content) {
    S3.put(bucket, key, content.getBytes(UTF_8));
  }

  private String importAs(String role, String table, String columns, String options, String key)
      throws SQLException {
    try (Connection connection = database.connect(role, "pass'word");
        PreparedStatement statement =
            connection.prepareStatement(
                "SELECT aws_s3.table_import_from_s3(?, ?, ?, ?, ?, 'eu-west-1')")) {
      statement.setString(1, table);
      statement.setString(2, columns);
      statement.setString(3, options);
      statement.setString(4, bucket);
      statement.setString(5, key);
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        return result.getString(1);
      }
    }
  }

  private void assertFails(String sqlState, String message, String key) {
    PSQLException failure = failure(() -> importAs("postgres", "people", "", "(FORMAT csv)", key));
    assertThat(failure.getMessage()).contains(message);
    assertThat(failure.getSQLState()).isEqualTo(sqlState);
  }

  private static PSQLException failure(ThrowingCallable load) {
    return catchThrowableOfType(PSQLException.class, load);
  }

  /** Those of this test; backends that another test has killed may have left some. */
  private List<List<String>> resultFiles() throws SQLException {
    return files().stream().filter(file -> !filesBefore.contains(file)).toList();
  }

  private List<List<String>> files() throws SQLException {
    return database.rows(
        "SELECT name FROM pg_ls_dir('.') AS files (name) WHERE name LIKE 'aws_s3%'");
  }

  private CompletableFuture<PSQLException> failing() {
    return CompletableFuture.supplyAsync(
        () -> failure(() -> importAs("postgres", "people", "", "(FORMAT csv)", "people.csv")));
  }

  /** A program that has lost its reader notices at its next byte, one second later. */
  private void awaitNoFetching() throws InterruptedException {
    await(() -> program("/" + bucket + "/").isEmpty());
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    Instant limit = Instant.now().plus(LIMIT);
    while (!condition.getAsBoolean()) {
      assertThat(Instant.now()).as("time over").isBefore(limit);
      Thread.sleep(20);
    }
  }

  /** A running program with those words in its command. */
  private static Optional<ProcessHandle> program(String words) {
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains(words))
        .findFirst();
  }

  private static byte[] gzip(String content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content.getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }
}
