package s3topostgres.readers;

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
  void withASnapshotFromBeforeTheLoadSeeTheTableEmpty() throws Exception {
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
}
