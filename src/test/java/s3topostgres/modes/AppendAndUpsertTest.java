package s3topostgres.modes;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static s3topostgres.config.Mode.APPEND;
import static s3topostgres.config.Mode.UPSERT;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;

import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.load.Gate;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/** {@code LOAD_MODE=append} and {@code upsert}: files that are not the whole table. */
public class AppendAndUpsertTest {
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @Test
  void appendRunsLoadsOfOneTableSideBySide() throws Exception {
    fixture.mode(APPEND);
    Upload one = fixture.upload("one.csv", "id,name\n1,one\n");
    Upload two = fixture.upload("two.csv", "id,name\n2,two\n");
    try (Gate gate = new Gate(fixture)) {
      fixture.set("AFTER_LOAD_SQL", Gate.WAIT);
      RunningLoad waiting = RunningLoad.start(fixture, one).untilWaitingForALock();
      fixture.set("AFTER_LOAD_SQL", "");

      assertThat(fixture.load(two).status()).isEqualTo(LOADED);
      assertThat(fixture.people()).containsExactly("0|old|null", "2|two|null");
      gate.open();
      assertThat(waiting.result().status()).isEqualTo(LOADED);
    }
    assertThat(fixture.people()).containsExactly("0|old|null", "1|one|null", "2|two|null");
  }

  @Test
  void appendLoadsADeliveryOnceThatComesTwiceAtTheSameMoment() {
    fixture.mode(APPEND).execute("ALTER TABLE people DROP CONSTRAINT people_pkey");
    Upload upload = fixture.upload("people.csv", "id,name\n1,Ana\n");
    RunningLoad one = RunningLoad.start(fixture, upload);
    RunningLoad two = RunningLoad.start(fixture, upload);

    assertThat(List.of(one.result().status(), two.result().status()))
        .containsExactlyInAnyOrder(LOADED, DUPLICATE);
    assertThat(fixture.people()).containsExactly("0|old|null", "1|Ana|null");
  }

  @Test
  void upsertWaitsForWhatWasUploadedBeforeAndMayBeLoadedLater() throws Exception {
    fixture.mode(UPSERT).load("first.csv", "id,name\n9,first\n");
    fixture.nextSecond();
    fixture.upload("one.csv", "id,name\n0,one\n");
    fixture.nextSecond();
    Upload two = fixture.upload("two.csv", "id,name\n1,two\n");
    try (Connection writer = fixture.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("UPDATE people SET born = now()");

      fixture.set("LOCK_TIMEOUT_SECONDS", "1");
      assertThatThrownBy(() -> fixture.load(two)).hasMessageStartingWith("TABLE_BUSY");
      writer.rollback();
    }
    assertThat(fixture.people()).containsExactly("0|old|null", "9|first|null");
    assertThat(fixture.load(two).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("0|one|null", "1|two|null", "9|first|null");
  }

  /** The second is not given up because the first took its time. */
  @Tag("slow")
  @Test
  void upsertKeepsTheOrderWhenThereIsNoTimeForAllThatComesBefore() {
    fixture.mode(UPSERT).load("first.csv", "id,name\n9,first\n");
    fixture.nextSecond();
    fixture.upload("slow.csv", "id,name\n1,slow\n");
    fixture.nextSecond();
    fixture.upload("slower.csv", "id,name\n1,slower\n2,slower\n");
    fixture.nextSecond();
    Upload last = fixture.upload("last.csv", "id,name\n1,last\n");
    fixture.spendHalfOfTheTimeOn("slow.csv");

    assertThatThrownBy(() -> fixture.load(last)).hasMessageStartingWith("TABLE_BUSY");
    fixture.set("AFTER_LOAD_SQL", "").resumeTime();
    assertThat(fixture.load(last).status()).isEqualTo(LOADED);
    assertThat(fixture.people())
        .containsExactly("0|old|null", "1|last|null", "2|slower|null", "9|first|null");
  }

  /** So large that its head is not all of it. */
  @Test
  void upsertPutsALateFileUnderALargeOne() {
    fixture.mode(UPSERT);
    Upload late = fixture.upload("late.csv", rows("late", 20_001));
    fixture.load("newer.csv", rows("\"new\n\"\"er\"\"\"", 20_000));

    assertThat(fixture.load(late).rows()).isEqualTo(20_001);
    assertThat(fixture.rows("SELECT left(name, 3), count(*), max(born) FROM people GROUP BY 1"))
        .containsExactlyInAnyOrder("new|20000|2001-02-03", "lat|1|2001-02-03");
    assertThat(fixture.rows("SELECT way FROM history.loads WHERE object_key = 'late.csv'"))
        .containsExactly("under-newer");
  }

  private static String rows(String name, int count) {
    return IntStream.range(0, count)
        .mapToObj(id -> "%s,2001-02-03,%d\n".formatted(name, id))
        .collect(joining("", "name,born,id\n", ""));
  }

  @Test
  void upsertGivesALateFileUpForWhichItCannotReadAllNewerOnes() {
    fixture.mode(UPSERT);
    Upload late = fixture.upload("late.csv", "id,name\n1,late\n");
    fixture.load("newer.csv", "id,name\n1,newer\n");
    fixture.letPassAt(LoadFixture.LOAD_TIME, "TEMPORARY TABLE s3_load_newer");

    assertThatThrownBy(() -> fixture.load(late))
        .hasMessageStartingWith("OUT_OF_TIME: " + late.object())
        .hasMessageContaining("no time to read all files that were uploaded later")
        .hasMessageContaining("/newer.csv");
    assertThat(fixture.people()).containsExactly("0|old|null", "1|newer|null");
    assertThat(fixture.rows("SELECT retry FROM history.loads WHERE status = 'FAILED'"))
        .containsExactly("never");
  }
}
