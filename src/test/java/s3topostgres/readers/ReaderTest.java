package s3topostgres.readers;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.TABLE_BUSY;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.postgres.TestTicker;
import s3topostgres.s3.Upload;

/** What those who read the table see of a load, and how long they wait for it. */
@Tag("slow")
public class ReaderTest {
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  /** Reads all the time, on one connection after the other query, until it is stopped. */
  private final class Reader implements AutoCloseable {
    private final Set<String> seen = new TreeSet<>();
    private volatile boolean stopped;
    private volatile int reads;
    private final CompletableFuture<Void> end = CompletableFuture.runAsync(this::read);

    private void read() {
      try (Connection connection = fixture.connect();
          Statement statement = connection.createStatement()) {
        while (!stopped) {
          try (ResultSet row =
              statement.executeQuery("SELECT min(name) || count(*) || max(name) FROM people")) {
            row.next();
            seen.add(String.valueOf(row.getString(1)));
          }
          reads++;
        }
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    /** What it saw, once it has stopped. */
    Set<String> seen() {
      close();
      return seen;
    }

    /** Waits until it has read once more. */
    void awaitRead() {
      int before = reads;
      RunningLoad.await(() -> reads > before);
    }

    @Override
    public void close() {
      stopped = true;
      end.join();
    }
  }

  @Test
  void seeTheOldRowsOrTheNewOnesAndNothingElse() {
    try (Reader reader = new Reader()) {
      for (int load = 1; load <= 8; load++) {
        fixture.load("people.csv", rows(2000 + load, "load" + load));
      }
      fixture.set("MIN_ROWS", "5000");
      RunningLoad.start(fixture, fixture.upload("people.csv", rows(3000, "bad"))).failure();

      assertThat(reader.seen())
          .isSubsetOf(
              "old1old",
              "load12001load1",
              "load22002load2",
              "load32003load3",
              "load42004load4",
              "load52005load5",
              "load62006load6",
              "load72007load7",
              "load82008load8")
          .contains("load82008load8");
    }
  }

  @Test
  void doNotQueueForLongBehindALoadThatWaitsForAnotherReader() throws Exception {
    fixture.logEverything();
    TestTicker time = fixture.stopTime();
    Upload upload = fixture.upload("people.csv", "id,name\n1,new\n");
    try (Connection longRunning = fixture.connect();
        Statement statement = longRunning.createStatement();
        Reader reader = new Reader()) {
      longRunning.setAutoCommit(false);
      statement.execute("SELECT FROM people");

      RunningLoad load = RunningLoad.start(fixture, upload);
      for (int attempt = 0; attempt < 6; attempt++) {
        time.awaitSleeper();
        // So nobody queues for the table now.
        reader.awaitRead();
        time.pass(Duration.ofSeconds(attempt < 5 ? 2 : 60));
      }

      load.failure(TABLE_BUSY);
    }
    Matcher attempts = Pattern.compile("lock_timeout = (\\d+); TRUNCATE").matcher(fixture.log());
    assertThat(attempts.results().map(attempt -> attempt.group(1)))
        .startsWith("100", "200", "400", "800")
        .allMatch(millis -> Integer.parseInt(millis) <= 2000);
    assertThat(fixture.rows("SELECT error_code FROM history.loads")).containsExactly("TABLE_BUSY");
  }

  @Test
  void allowALoadWhenTheyAreDone() throws Exception {
    Upload upload = fixture.upload("people.csv", "id,name\n1,new\n");
    try (Connection longRunning = fixture.connect();
        Statement statement = longRunning.createStatement()) {
      longRunning.setAutoCommit(false);
      statement.execute("SELECT FROM people");
      RunningLoad load = RunningLoad.start(fixture, upload);
      RunningLoad.await(
          () ->
              !fixture
                  .rows("SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted")
                  .isEmpty());
      assertThat(load.running()).isTrue();
      longRunning.commit();

      assertThat(load.result().rows()).isEqualTo(1);
    }
    assertThat(fixture.people()).containsExactly("1|new|null");
  }

  /**
   * The one exception, which comes with {@code TRUNCATE}: its effect is not held back from
   * snapshots that are older.
   */
  @Test
  void withASnapshotFromBeforeTheLoadSeeAPartitionedTableEmpty() throws Exception {
    createPartitions();
    try (Connection connection = fixture.connect();
        Statement statement = connection.createStatement()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      connection.setAutoCommit(false);
      statement.execute("SELECT 1");
      fixture.load("people.csv", "id,name\n1,new\n");

      try (ResultSet rows = statement.executeQuery("SELECT FROM people")) {
        assertThat(rows.next()).isFalse();
      }
      connection.commit();
    }
  }

  private static String rows(int count, String name) {
    StringBuilder csv = new StringBuilder("id,name\n");
    IntStream.range(0, count).forEach(id -> csv.append(id).append(',').append(name).append('\n'));
    return csv.toString();
  }

  /** An older snapshot, of which Postgres says that it sees a truncated table empty. */
  @ParameterizedTest
  @CsvSource({"aws_s3, 1", "copy, 1", "aws_s3, 400000", "copy, 400000"})
  void seeTheNewRowsInATransactionThatBeganBeforeTheLoad(String importWith, int rows)
      throws SQLException {
    fixture.set("IMPORT_WITH", importWith);
    fixture.execute("ALTER TABLE people OWNER TO \"%s\"".formatted(fixture.role()));
    try (Connection connection = fixture.connect();
        Statement reader = connection.createStatement()) {
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      reader.execute("SELECT count(*) FROM pg_class");

      fixture.load("people.csv", people(rows));

      assertThat(count(reader)).isEqualTo(rows);
    }
    assertThat(fixture.log()).doesNotContain("without FREEZE");
    if (Integer.parseInt(fixture.rows("SHOW server_version_num").get(0)) >= 140_000) {
      assertThat(
              fixture.rows(
                  "SELECT relallvisible >= relpages * 0.9 FROM pg_class WHERE relname = 'people'"))
          .as("VACUUM has nothing to do")
          .containsExactly("t");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"aws_s3", "copy"})
  void seeTheRowsOfAllFilesOfASetInATransactionThatBeganBeforeTheLoad(String importWith)
      throws SQLException {
    fixture
        .set("IMPORT_WITH", importWith)
        .set("S3_BUCKET_NAME", fixture.bucket)
        .set("S3_SET_MARKER", "_SUCCESS");
    fixture.upload("export/part-0.csv", "id,name\n1,Ana\n");
    fixture.upload("export/part-1.csv", "id,name\n");
    fixture.upload("export/part-2.csv", "id,name\n2,Bo\n3,Cy\n");
    try (Connection connection = fixture.connect();
        Statement reader = connection.createStatement()) {
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      reader.execute("SELECT count(*) FROM pg_class");

      fixture.load("export/_SUCCESS", "");

      assertThat(count(reader)).isEqualTo(3);
    }
    assertThat(fixture.log()).doesNotContain("without FREEZE");
  }

  private static String people(int rows) {
    return IntStream.range(0, rows)
        .mapToObj(row -> row + ",a rather long name\n")
        .collect(joining("", "id,name\n", ""));
  }

  private static long count(Statement reader) throws SQLException {
    try (ResultSet count = reader.executeQuery("SELECT count(*) FROM people")) {
      count.next();
      return count.getLong(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"aws_s3", "copy"})
  void letScriptsKeepACursorOpen(String importWith) {
    fixture.set("IMPORT_WITH", importWith).set("BEFORE_LOAD_SQL", "DECLARE c CURSOR FOR SELECT 1");

    fixture.load("people.csv", "id,name\n1,Ana\n");

    assertThat(fixture.people()).containsExactly("1|Ana|null");
  }

  @ParameterizedTest
  @ValueSource(strings = {"aws_s3", "copy"})
  void letATriggerRunOnceForALoad(String importWith) {
    fixture.set("IMPORT_WITH", importWith);
    fixture.execute(
        "CREATE TABLE emptied (at timestamptz)",
        """
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        AS $$ BEGIN INSERT INTO public.emptied VALUES (now()); RETURN NULL; END $$""",
        "CREATE TRIGGER note AFTER TRUNCATE ON people EXECUTE FUNCTION note()");

    fixture.load("people.csv", "id,name\n1,Ana\n");

    assertThat(fixture.rows("SELECT count(*) FROM emptied")).containsExactly("1");
    assertThat(fixture.people()).containsExactly("1|Ana|null");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0A000", "25000", "55000", "42601"})
  void getTheRowsUnfrozenWhereTheExtensionRefusesToFreeze(String sqlState) {
    fixture
        .set("IMPORT_WITH", "aws_s3")
        .standIn("import_sqlstate", sqlState)
        .standIn("import_fault", "this is not an option")
        .failImports(1);

    fixture.load("people.csv", "id,name\n1,Ana\n");

    assertThat(fixture.people()).containsExactly("1|Ana|null");
    assertThat(fixture.imports()).isEqualTo(2);
    assertThat(fixture.log()).contains("importing without FREEZE").contains(sqlState);
  }

  @ParameterizedTest
  @ValueSource(strings = {"aws_s3", "copy"})
  void getThePartitionsOfATable(String importWith) {
    fixture.set("IMPORT_WITH", importWith);
    createPartitions();

    fixture.load("people.csv", "id,name\n1,Ana\n11,Bo\n");

    assertThat(fixture.people()).containsExactly("1|Ana|null", "11|Bo|null");
  }

  private void createPartitions() {
    fixture.execute(
        "DROP TABLE people",
        "CREATE TABLE people (id integer PRIMARY KEY, name text, born date) PARTITION BY RANGE (id)",
        "CREATE TABLE few PARTITION OF people FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE many PARTITION OF people DEFAULT");
    fixture.mode(Mode.REPLACE);
  }
}
