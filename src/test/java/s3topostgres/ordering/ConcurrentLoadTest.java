package s3topostgres.ordering;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.TABLE_BUSY;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.history.Verdict.STALE;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import s3topostgres.history.Verdict;
import s3topostgres.load.Gate;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.postgres.TestTicker;
import s3topostgres.s3.Upload;

/** Loads at the same time, of one table and of several. */
public class ConcurrentLoadTest {
  private static final String OLDER = "id,name\n1,older\n";
  private static final String NEWER = "id,name\n2,newer\n";

  /** Between two looks whether the other load has ended. */
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(4);

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @Test
  void loadsOfOneTableRunOneAfterTheOther() throws Exception {
    Upload older = fixture.upload("older.csv", OLDER);
    Upload newer = fixture.upload("newer.csv", NEWER);

    assertThat(loadTogether(older, newer)).containsExactly(LOADED, LOADED);
    assertThat(fixture.people()).containsExactly("2|newer|null");
    assertThat(fixture.rows("SELECT object_key, status FROM history.loads ORDER BY id"))
        .containsExactly("older.csv|LOADED", "newer.csv|LOADED");
  }

  @Test
  void theNewestIsLastWhateverTheirOrder() throws Exception {
    Upload older = fixture.upload("older.csv", OLDER);
    Upload newer = fixture.upload("newer.csv", NEWER);

    assertThat(loadTogether(newer, older)).containsExactly(LOADED, STALE);
    assertThat(fixture.people()).containsExactly("2|newer|null");
    assertThat(fixture.rows("SELECT object_key, status FROM history.loads ORDER BY id"))
        .containsExactly("newer.csv|LOADED");
  }

  @Test
  void whoWaitsHoldsNoConnection() throws Exception {
    Upload older = fixture.upload("older.csv", OLDER);
    Upload newer = fixture.upload("newer.csv", NEWER);
    try (Gate gate = new Gate(fixture)) {
      fixture.set("AFTER_LOAD_SQL", Gate.WAIT);
      RunningLoad one = RunningLoad.start(fixture, older).untilWaitingForALock();
      TestTicker time = fixture.stopTime();
      RunningLoad two = RunningLoad.start(fixture, newer);
      for (int times = 0; times < 3; times++) {
        time.awaitSleeper();
        RunningLoad.await(() -> connections() == 1);
        time.pass(LONGEST_PAUSE);
      }
      time.awaitSleeper();
      gate.open();

      assertThat(one.result().status()).isEqualTo(LOADED);
      time.pass(LONGEST_PAUSE);
      assertThat(two.result().status()).isEqualTo(LOADED);
    }
  }

  private int connections() {
    return fixture
        .rows("SELECT FROM pg_stat_activity WHERE usename = '%s'".formatted(fixture.role()))
        .size();
  }

  @Test
  void tellsALateFileAtOnceThoughAnotherLoadRuns() throws Exception {
    Upload late = fixture.upload("late.csv", OLDER);
    fixture.load("loaded.csv", NEWER);
    Upload newest = fixture.upload("newest.csv", NEWER);
    try (Gate gate = new Gate(fixture)) {
      fixture.set("AFTER_LOAD_SQL", Gate.WAIT);
      RunningLoad running = RunningLoad.start(fixture, newest).untilWaitingForALock();

      assertThat(fixture.load(late).status()).isEqualTo(STALE);
      assertThat(running.running()).isTrue();
      assertThat(fixture.log()).doesNotContain("waiting-for-other-loads");
      gate.open();
      assertThat(running.result().status()).isEqualTo(LOADED);
    }
  }

  @Test
  void loadsOfOtherTablesDoNotWait() throws Exception {
    createTables(1);
    Upload mine = fixture.upload("people.csv", NEWER);
    Upload theirs = fixture.upload("other.csv", OLDER);
    try (Gate gate = new Gate(fixture)) {
      fixture.set("AFTER_LOAD_SQL", Gate.WAIT);
      RunningLoad waiting = RunningLoad.start(fixture, mine).untilWaitingForALock();
      fixture.set("AFTER_LOAD_SQL", "").set("DB_TABLE_NAME", "table_0");

      assertThat(fixture.load(theirs).status()).isEqualTo(LOADED);
      assertThat(waiting.running()).isTrue();
      gate.open();
      assertThat(waiting.result().status()).isEqualTo(LOADED);
    }
    assertThat(fixture.rows("SELECT * FROM table_0")).containsExactly("1|older");
  }

  @Test
  void firstLoadsCreateTheHistoryAndInstallTheExtensionTogether() {
    int tables = 6;
    createTables(tables);
    fixture.execute(
        "DROP EXTENSION aws_s3",
        "DROP EXTENSION aws_commons",
        "ALTER ROLE \"%s\" SUPERUSER".formatted(fixture.role()));
    Upload upload = fixture.upload("people.csv", OLDER);
    List<RunningLoad> loads = new ArrayList<>();
    for (int i = 0; i < tables; i++) {
      loads.add(RunningLoad.start(fixture.set("DB_TABLE_NAME", "table_" + i), upload));
    }

    assertThat(loads).allMatch(load -> load.result().status() == LOADED);
    assertThat(fixture.rows("SELECT target_table, status FROM history.loads ORDER BY 1"))
        .containsExactly(
            "public.table_0|LOADED",
            "public.table_1|LOADED",
            "public.table_2|LOADED",
            "public.table_3|LOADED",
            "public.table_4|LOADED",
            "public.table_5|LOADED");
  }

  @Test
  void waitsForTheLoadOfATableThatIsReplacedMeanwhile() throws Exception {
    fixture.load("first.csv", "id,name\n0,old\n");
    Upload older = fixture.upload("older.csv", OLDER);
    Upload newer = fixture.upload("newer.csv", NEWER);
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      RunningLoad first = RunningLoad.start(fixture, newer).untilWaitingForALock();
      fixture.execute(
          "ALTER TABLE people RENAME TO people_before",
          "CREATE TABLE people (id integer, name text, born date, note text)",
          "GRANT SELECT, INSERT, TRUNCATE ON people TO \"%s\"".formatted(fixture.role()));
      RunningLoad second = RunningLoad.start(fixture, older);
      untilOneWaitsForTheOther();
      gate.open();

      assertThat(first.result().status()).isEqualTo(LOADED);
      assertThat(second.result().status()).isEqualTo(STALE);
    }
    assertThat(fixture.people()).containsExactly("2|newer|null");
    assertThat(fixture.rows("SELECT id FROM people_before")).containsExactly("0");
  }

  @Test
  void doesNotHoldReadersUpWhileTheProjectsSqlWaitsForALock() throws Exception {
    fixture.execute(
        "CREATE TABLE summary (n bigint)",
        "INSERT INTO summary VALUES (1)",
        "GRANT SELECT, UPDATE ON summary TO \"%s\"".formatted(fixture.role()));
    fixture.set("AFTER_LOAD_SQL", "UPDATE summary SET n = (SELECT count(*) FROM people)");
    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("UPDATE summary SET n = 2");

      fixture.set("LOCK_TIMEOUT_SECONDS", "1").failure(TABLE_BUSY, "people.csv", NEWER);
    }
  }

  @Test
  void failsAsBusyOnADeadlock() throws Exception {
    fixture.execute(
        "CREATE TABLE summary (n bigint)",
        "GRANT SELECT, UPDATE ON summary TO \"%s\"".formatted(fixture.role()));
    fixture
        .set("LOCK_TIMEOUT_SECONDS", "60")
        .set("AFTER_LOAD_SQL", "LOCK TABLE summary IN EXCLUSIVE MODE");
    fixture.slowImports(5);
    Upload upload = fixture.upload("people.csv", NEWER);
    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      // Its own budget is longer, so that the load is the one that finds the deadlock.
      statement.execute("SET deadlock_timeout = '60s'");
      statement.execute("LOCK TABLE summary IN EXCLUSIVE MODE");
      RunningLoad load = RunningLoad.start(fixture, upload).untilImporting();
      statement.execute("SELECT FROM people");
      other.commit();

      load.failure(TABLE_BUSY);
      assertThat(load.failure().sqlState()).hasValue("40P01");
    }
  }

  /** How two loads end of which the second begins when the first has filled the table. */
  private List<Verdict> loadTogether(Upload first, Upload second) throws Exception {
    try (Gate gate = new Gate(fixture)) {
      fixture.set("AFTER_LOAD_SQL", Gate.WAIT);
      RunningLoad one = RunningLoad.start(fixture, first).untilWaitingForALock();
      RunningLoad two = RunningLoad.start(fixture, second);
      untilOneWaitsForTheOther();
      gate.open();
      return List.of(one.result().status(), two.result().status());
    }
  }

  private void createTables(int count) {
    for (int i = 0; i < count; i++) {
      fixture.execute(
          "CREATE TABLE table_%d (id integer, name text)".formatted(i),
          "GRANT SELECT, INSERT, TRUNCATE ON table_%d TO \"%s\"".formatted(i, fixture.role()));
    }
  }

  /** Until the second load knows that the first one runs. */
  private void untilOneWaitsForTheOther() {
    RunningLoad.await(() -> fixture.log().contains("step=waiting-for-other-loads"));
  }
}
