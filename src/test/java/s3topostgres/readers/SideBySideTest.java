package s3topostgres.readers;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.TABLE_BUSY;
import static s3topostgres.config.Mode.SYNC;
import static s3topostgres.history.Verdict.LOADED;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import s3topostgres.config.Mode;
import s3topostgres.load.Gate;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/** Loads that do not empty the table, beside an application that reads it and writes to it. */
public class SideBySideTest {
  private static final String NEW = "id,name\n0,new\n1,new\n";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void sync() {
    fixture.mode(SYNC);
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC", "APPEND", "UPSERT"})
  void readersWaitNeitherForALoadNorALoadForThem(Mode mode) throws Exception {
    fixture.mode(mode);
    Upload upload = fixture.upload("people.csv", "id,name\n1,new\n");
    try (Gate gate = new Gate(fixture);
        Connection reader = fixture.connect();
        Statement statement = reader.createStatement()) {
      fixture.set("AFTER_LOAD_SQL", Gate.WAIT);
      reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      reader.setAutoCommit(false);
      // A snapshot, but of another table.
      statement.execute("SELECT FROM pg_class");
      RunningLoad load = RunningLoad.start(fixture, upload).untilWaitingForALock();

      statement.execute("SET statement_timeout = '2min'");
      assertThat(names(statement)).containsExactly("old");
      gate.open();
      assertThat(load.result().status()).isEqualTo(LOADED);
      assertThat(names(statement)).containsExactly("old");
      reader.commit();
      assertThat(names(statement)).contains("new");
    }
  }

  @Test
  void holdsNoLockOnTheTableWhileTheRowsCome() {
    Runnable release = fixture.holdImport();
    RunningLoad load =
        RunningLoad.start(fixture, fixture.upload("people.csv", NEW)).untilImporting();

    fixture.execute("SET lock_timeout = '2min'", "ALTER TABLE people ADD note text");
    assertThat(load.running()).isTrue();
    release.run();
    assertThat(load.result().updated()).isEqualTo(1);
  }

  @Test
  void waitsForAWriterAndSaysSoWhenItTakesTooLong() throws Exception {
    Upload upload = fixture.upload("people.csv", NEW);
    try (Connection writer = fixture.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("UPDATE people SET born = '2001-02-03'");
      assertThat(fixture.set("LOCK_TIMEOUT_SECONDS", "1").failure(TABLE_BUSY, upload))
          .hasMessageContaining("other sessions used public.people for longer than 1 s");

      fixture.set("LOCK_TIMEOUT_SECONDS", "60");
      RunningLoad load = RunningLoad.start(fixture, upload);
      RunningLoad.await(
          () ->
              !fixture
                  .rows("SELECT FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND NOT granted")
                  .isEmpty());
      writer.commit();
      assertThat(load.result().status()).isEqualTo(LOADED);
    }
    assertThat(fixture.people()).containsExactly("0|new|2001-02-03", "1|new|null");
  }

  /** Who holds a row and then waits for the table would deadlock with a load that does reverse. */
  @Test
  void releasesItsLockForAWriterThatHasLockedARow() throws Exception {
    fixture.set("LOCK_TIMEOUT_SECONDS", "60");
    Upload upload = fixture.upload("people.csv", NEW);
    try (Connection writer = fixture.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("SELECT FROM people WHERE id = 0 FOR UPDATE");
      RunningLoad load = RunningLoad.start(fixture, upload);
      RunningLoad.await(
          () ->
              !fixture
                  .rows("SELECT FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND granted")
                  .isEmpty());

      statement.execute("UPDATE people SET born = '2001-02-03' WHERE id = 0");
      writer.commit();
      assertThat(load.result().status()).isEqualTo(LOADED);
    }
    assertThat(fixture.people()).containsExactly("0|new|2001-02-03", "1|new|null");
  }

  @Tag("slow")
  @Test
  void causesNoDeadlock() throws Exception {
    fixture.set("LOCK_TIMEOUT_SECONDS", "60");
    fixture.execute(
        "CREATE TABLE pets (owner integer REFERENCES people, name text)",
        "INSERT INTO people SELECT id, 'n' FROM generate_series(1, 50) AS id");
    AtomicBoolean over = new AtomicBoolean();
    List<CompletableFuture<Void>> writers =
        IntStream.range(0, 3)
            .mapToObj(i -> CompletableFuture.runAsync(() -> writeUntil(over, i)))
            .toList();
    try {
      for (int load = 1; load <= 8; load++) {
        StringBuilder csv = new StringBuilder("id,name\n0,old\n");
        for (int id = 1; id <= 50 + load; id++) {
          csv.append(id).append(",name").append(id % 3 == load % 3 ? load : 0).append('\n');
        }
        assertThat(fixture.load("people.csv", csv.toString()).status()).isEqualTo(LOADED);
      }
    } finally {
      over.set(true);
    }
    // Throws what a writer has failed with.
    writers.forEach(CompletableFuture::join);
    assertThat(fixture.rows("SELECT count(*) FROM people")).containsExactly("59");
  }

  private void writeUntil(AtomicBoolean over, int writer) {
    try (Connection connection = fixture.connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (int id = 1; !over.get(); id = id % 50 + 1) {
        if (writer == 0) {
          statement.execute("SELECT FROM people WHERE id = %d FOR UPDATE".formatted(id));
        } else if (writer == 1) {
          statement.execute("INSERT INTO pets VALUES (%d, 'x')".formatted(id));
        }
        statement.execute("SELECT pg_sleep(0.002)");
        statement.execute("UPDATE people SET born = now() WHERE id = %d".formatted(id));
        connection.commit();
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> names(Statement statement) throws SQLException {
    List<String> names = new ArrayList<>();
    try (ResultSet rows = statement.executeQuery("SELECT DISTINCT name FROM people")) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return names;
  }
}
