package s3topostgres.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TABLE_UNUSABLE;
import static s3topostgres.config.Mode.APPEND;
import static s3topostgres.config.Mode.SYNC;
import static s3topostgres.config.Mode.UPSERT;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.history.Verdict.STALE;

import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.load.Gate;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/** {@code LOAD_MODE=append} and {@code upsert}: files that are not the whole table. */
public class AppendAndUpsertTest {
  private final LoadFixture fixture = new LoadFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void appendAddsRows() {
    LoadResult result = fixture.mode(APPEND).load("people.csv", "id,name\n1,Ana\n");

    assertThat(result.rows()).isEqualTo(1);
    assertThat(result.inserted()).isNull();
    assertThat(fixture.people()).containsExactly("0|old|null", "1|Ana|null");
    assertThat(fixture.rows("SELECT mode, rows_loaded, rows_inserted FROM history.loads"))
        .containsExactly("append|1|null");
    assertThat(fixture.log()).contains("rows=1 bytes=").doesNotContain("way=");
  }

  @Test
  void appendRefusesAFileWhole() {
    assertThat(fixture.mode(APPEND).failure(ROW_REJECTED, "p.csv", "id,name\n1,Ana\n0,new\n"))
        .hasMessageContaining("line 3: a second row with the same id (constraint people_pkey)");
  }

  @Test
  void appendLoadsALateFileAndEachUploadOnce() {
    fixture.mode(APPEND);
    Upload older = fixture.upload("older.csv", "id,name\n1,older\n");
    Upload newer = fixture.upload("newer.csv", "id,name\n2,newer\n");

    assertThat(fixture.load(newer).status()).isEqualTo(LOADED);
    assertThat(fixture.load(older).status()).isEqualTo(LOADED);
    assertThat(fixture.load(newer).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.load(older).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.people()).containsExactly("0|old|null", "1|older|null", "2|newer|null");
  }

  @Test
  void appendLoadsAnObjectOnceThatWasOverwrittenBeforeItsEventCame() {
    fixture.mode(APPEND);
    fixture.execute("ALTER TABLE people DROP CONSTRAINT people_pkey");
    Upload first = fixture.upload("people.csv", "id,name\n1,first\n");
    Upload second = fixture.upload("people.csv", "id,name\n2,second\n");

    assertThat(fixture.load(first).status()).isEqualTo(LOADED);
    assertThat(fixture.load("other.csv", "id,name\n3,other\n").status()).isEqualTo(LOADED);
    assertThat(fixture.load(second).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.load(first).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.people()).containsExactly("0|old|null", "2|second|null", "3|other|null");

    Upload third = fixture.upload("people.csv", "id,name\n4,third\n");
    Upload fourth = fixture.upload("people.csv", "id,name\n5,fourth\n");
    assertThat(fixture.load(fourth).status()).isEqualTo(LOADED);
    assertThat(fixture.load(third).status()).isEqualTo(STALE);
  }

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
  void upsertInsertsAndUpdatesAndLeavesOthersAlone() {
    fixture.execute("INSERT INTO people VALUES (1, 'Ana', '2001-02-03'), (2, 'Bo', NULL)");
    List<String> before = fixture.rows("SELECT ctid, xmin FROM people ORDER BY id");

    LoadResult result = fixture.mode(UPSERT).load("people.csv", "id,name\n1,Anna\n2,Bo\n3,Cy\n");

    assertThat(List.of(result.inserted(), result.updated(), result.deleted()))
        .containsExactly(1L, 1L, 0L);
    assertThat(fixture.people())
        .containsExactly("0|old|null", "1|Anna|2001-02-03", "2|Bo|null", "3|Cy|null");
    assertThat(fixture.rows("SELECT ctid, xmin FROM people ORDER BY id"))
        .contains(before.get(0), before.get(2))
        .doesNotContain(before.get(1));
  }

  @Test
  void upsertLoadsALateFileOfAnotherNameAndNoneOfTheSame() {
    fixture.mode(UPSERT);
    Upload older = fixture.upload("older.csv", "id,name\n1,older\n");
    Upload overwritten = fixture.upload("newer.csv", "id,name\n2,overwritten\n");
    Upload newer = fixture.upload("newer.csv", "id,name\n2,newer\n");

    assertThat(fixture.load(newer).status()).isEqualTo(LOADED);
    assertThat(fixture.load(older).status()).isEqualTo(LOADED);
    assertThat(fixture.load(overwritten).status()).isEqualTo(STALE);
    assertThat(fixture.load(older).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.people()).containsExactly("0|old|null", "1|older|null", "2|newer|null");
  }

  @Test
  void upsertLoadsWhatWasUploadedBefore() {
    fixture.mode(UPSERT).load("first.csv", "id,name\n9,first\n");
    fixture.nextSecond();
    Upload one = fixture.upload("one.csv", "id,name\n1,one\n2,one\n");
    Upload bad = fixture.upload("bad.csv", "id,name\nx,bad\n");
    fixture.nextSecond();
    Upload two = fixture.upload("two.csv", "id,name\n2,two\n3,two\n");
    fixture.nextSecond();
    fixture.upload("three.csv", "id,name\n3,three\n");

    assertThat(fixture.load(two).status()).isEqualTo(LOADED);
    assertThat(fixture.load(one).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.people())
        .containsExactly("0|old|null", "1|one|null", "2|two|null", "3|two|null", "9|first|null");
    assertThat(fixture.rows("SELECT object_key, status FROM history.loads ORDER BY id LIMIT 4"))
        .startsWith("first.csv|LOADED")
        .contains("bad.csv|FAILED", "one.csv|LOADED")
        .endsWith("two.csv|LOADED");
    assertThat(fixture.log()).contains("code=ROW_REJECTED").contains(bad.object().key());
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

  @ParameterizedTest
  @EnumSource(names = {"APPEND", "UPSERT"})
  void catchesUpOnAllOfThemInOrder(Mode mode) {
    fixture.mode(mode).load("first.csv", "id,name\n9,first\n");
    fixture.execute("ALTER TABLE people DROP CONSTRAINT people_pkey");
    fixture.set("LOAD_KEY", "id").set("S3_BUCKET_NAME", fixture.bucket);
    fixture.nextSecond();
    Upload one = fixture.upload("one.csv", "id,name\n1,one\n");
    fixture.nextSecond();
    Upload two = fixture.upload("two.csv", "id,name\n1,two\n");

    assertThat(fixture.catchUp())
        .extracting(LoadResult::object)
        .containsExactly(one.object().toString(), two.object().toString());
    assertThat(fixture.catchUp()).isEmpty();
    assertThat(fixture.load(one).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.load(two).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.rows("SELECT name FROM people WHERE id = 1 ORDER BY ctid"))
        .isEqualTo(mode == APPEND ? List.of("one", "two") : List.of("two"));
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

  /** The bucket's list knows no fractions of a second. */
  @Test
  void upsertUpdatesEveryRowOfAKeyThatTheTableHasTwice() {
    fixture.execute(
        "CREATE TABLE stock (item text, n integer)",
        "INSERT INTO stock VALUES ('x', 1), ('x', 2), ('y', 3), (NULL, 4)");
    fixture.mode(UPSERT, "stock").set("DB_TABLE_NAME", "stock").set("LOAD_KEY", "item");

    fixture.load("stock.csv", "item,n\nx,2\nz,9\n");

    assertThat(fixture.rows("SELECT * FROM stock ORDER BY 1, 2"))
        .containsExactly("x|2", "x|2", "y|3", "z|9", "null|4");
  }

  @Test
  void upsertRefusesAValueThatAnotherRowHas() {
    fixture.execute("ALTER TABLE people ADD UNIQUE (name)");

    assertThat(fixture.mode(UPSERT).failure(ROW_REJECTED, "people.csv", "id,name\n1,old\n"))
        .hasMessageContaining("a second row with the same name (constraint people_name_key)");
  }

  @Test
  void upsertDoesNotDeleteForAnExchangeUnlessItMay() {
    fixture.execute(
        "ALTER TABLE people ADD UNIQUE (name)", "INSERT INTO people VALUES (1, 'Ana', NULL)");
    fixture.mode(UPSERT);

    String file = "id,name\n0,Ana\n1,old\n";
    assertThatThrownBy(() -> fixture.load("people.csv", file))
        .hasMessageStartingWith("ROW_REJECTED")
        .hasMessageContaining("a second row with the same name (constraint people_name_key)")
        .hasMessageContaining("make the constraint DEFERRABLE");
    fixture.execute("GRANT DELETE ON people TO \"%s\"".formatted(fixture.role()));
    fixture.load("people.csv", file);
    assertThat(fixture.people()).containsExactly("0|Ana|null", "1|old|null");
  }

  @Test
  void upsertLetsARowReferToANewOneOfTheFile() {
    fixture.execute(
        "CREATE TABLE staff (id integer PRIMARY KEY, boss integer REFERENCES staff)",
        "INSERT INTO staff VALUES (1, NULL), (2, 1)");
    fixture.mode(UPSERT, "staff").set("DB_TABLE_NAME", "staff");

    fixture.load("staff.csv", "id,boss\n2,9\n9,1\n");

    assertThat(fixture.rows("SELECT * FROM staff ORDER BY id"))
        .containsExactly("1|null", "2|9", "9|1");
  }

  @Test
  void addsWhatAHistoryOfAnEarlierVersionLacks() {
    fixture.mode(SYNC).load("first.csv", "id,name\n0,old\n");
    fixture.execute(
        "ALTER TABLE history.loads DROP mode, DROP rows_inserted, DROP rows_updated, DROP rows_deleted, DROP rows_rejected, DROP faults, DROP warnings, DROP parts",
        "DROP INDEX history.loads_bucket_object_key_request_id_idx");

    fixture.load("second.csv", "id,name\n0,old\n1,new\n");

    assertThat(fixture.rows("SELECT mode, rows_inserted FROM history.loads ORDER BY id"))
        .containsExactly("null|null", "sync|1");
    assertThat(
            fixture.rows(
                "SELECT count(rows_rejected), count(warnings), count(parts) FROM history.loads"))
        .containsExactly("0|0|0");
    assertThat(
            fixture.rows(
                "SELECT count(*) FROM pg_indexes WHERE tablename = 'loads' AND indexdef LIKE '%(bucket, object_key, request_id)%FAILED%'"))
        .containsExactly("1");
  }

  @Test
  void givesTheStatementForAHistoryOfSomebodyElse() {
    fixture.load("first.csv", "id,name\n0,old\n");
    fixture.execute(
        "ALTER TABLE history.loads DROP mode, DROP rows_updated",
        "ALTER TABLE history.loads OWNER TO CURRENT_USER",
        "GRANT SELECT, INSERT ON history.loads TO \"%s\"".formatted(fixture.role()));

    LoadException failure = fixture.failure(TABLE_UNUSABLE, "people.csv", "id,name\n1,new\n");

    assertThat(failure)
        .hasMessageContaining("the history table history.loads is from an earlier version")
        .hasMessageContaining(
            "ALTER TABLE history.loads ADD COLUMN IF NOT EXISTS mode text, ADD COLUMN IF NOT EXISTS rows_updated bigint");
  }
}
