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
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PSQLException;

class AwsS3StandInTest {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final S3Server S3 = Sandbox.shared().s3();

  private final String bucket = "stand-in-" + System.nanoTime();
  private SandboxDatabase database;
  private List<List<String>> filesBefore;

  @BeforeEach
  void createTable() throws SQLException {
    S3.createBucket(bucket);
    database = Sandbox.shared().createDatabase();
    database.execute(
        "CREATE EXTENSION IF NOT EXISTS aws_s3 CASCADE",
        "CREATE TABLE people (name text, age int DEFAULT 7)");
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

    importAs("postgres", "people", "", "(FORMAT csv)", "people.csv");

    assertThat(database.rows("SELECT name, age FROM people")).containsExactly(List.of("Ann", "40"));
  }

  @Test
  void doesNotUnpackGzipThatDoesNotSaySo() throws IOException {
    S3.put(bucket, "people.csv.gz", gzip("Ann,40\n"));

    assertFails("22021", "invalid byte sequence", "people.csv.gz");
  }

  @Test
  void refusesAnEmptyObject() {
    put("people.csv", "");

    assertFails("XX000", "HTTP 416. Check your arguments and try again.", "people.csv");
  }

  @Test
  void refusesAnObjectThatIsNotThere() {
    assertFails("XX000", "HTTP 404. Check your arguments and try again.", "nowhere.csv");
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
        .hasMessageContaining("HTTP 301. Check your arguments and try again.");
  }

  @Test
  void saysWhenS3IsOutOfReach() throws SQLException {
    database.set("sandbox.s3_endpoint", "http://localhost:1");

    assertFails("XX000", "CURL error code: 7", "people.csv");
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
  void leavesErrorsOfTheCopyAsTheyAre() throws SQLException {
    put("people.csv", "Ann,40\nBob,50\nCid,old\n");

    PSQLException failure =
        failure(() -> importAs("postgres", "people", "", "(FORMAT csv)", "people.csv"));

    assertThat(failure.getSQLState()).isEqualTo("22P02");
    assertThat(failure.getServerErrorMessage().getWhere())
        .startsWith("COPY people, line 3, column age: \"old\"\n");
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

  @Test
  void isClosedToRolesThatWereNotLetIn() throws SQLException {
    database.createRole("loader", "pass'word");
    database.execute("REVOKE USAGE ON SCHEMA aws_s3 FROM loader");

    PSQLException failure =
        failure(() -> importAs("loader", "people", "", "(FORMAT csv)", "people.csv"));

    assertThat(failure.getSQLState()).isEqualTo("42501");
    assertThat(failure.getMessage()).contains("permission denied for schema aws_s3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"pg_cancel_backend", "pg_terminate_backend"})
  void isEndedAtOnceWhileS3IsSilent(String signal) throws Exception {
    put("people.csv", "Ann,40\n".repeat(10));
    database.set("sandbox.import_bytes_per_second", "1");
    CompletableFuture<PSQLException> failure =
        CompletableFuture.supplyAsync(
            () -> failure(() -> importAs("postgres", "people", "", "(FORMAT csv)", "people.csv")));
    awaitFetching();

    Instant start = Instant.now();
    database.rows(
        """
        SELECT %s(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
        """
            .formatted(signal));

    assertThat(failure.get().getSQLState())
        .isEqualTo(signal.equals("pg_cancel_backend") ? "57014" : "57P01");
    assertThat(Duration.between(start, Instant.now())).isLessThan(SOON);
    awaitNoFetching();
    assertThat(resultFiles()).isEmpty();
  }

  @Test
  void isEndedByTheStatementTimeoutWhileS3IsSilent() throws Exception {
    put("people.csv", "Ann,40\n".repeat(10));
    database.set("sandbox.import_bytes_per_second", "1");
    database.set("statement_timeout", "1500");

    Instant start = Instant.now();
    assertFails("57014", "canceling statement due to statement timeout", "people.csv");

    assertThat(Duration.between(start, Instant.now())).isLessThan(SOON);
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

  private void awaitFetching() throws InterruptedException {
    while (!fetching()) {
      Thread.sleep(20);
    }
  }

  /** A program that has lost its reader notices at its next byte, one second later. */
  private void awaitNoFetching() throws InterruptedException {
    Instant limit = Instant.now().plus(SOON);
    while (fetching()) {
      assertThat(Instant.now()).as("the program still runs").isBefore(limit);
      Thread.sleep(20);
    }
  }

  private boolean fetching() {
    return ProcessHandle.allProcesses()
        .anyMatch(process -> process.info().commandLine().orElse("").contains("/" + bucket + "/"));
  }

  private static byte[] gzip(String content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content.getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }
}
