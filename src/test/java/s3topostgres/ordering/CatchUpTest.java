package s3topostgres.ordering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.ErrorCode.HEADER_MISMATCH;
import static s3topostgres.ErrorCode.TABLE_BUSY;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
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
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.PostgresServer;
import s3topostgres.sandbox.SandboxAws;
import software.amazon.awssdk.services.s3.model.GetBucketNotificationConfigurationRequest;

/** Uploads whose event never came, or came in vain. */
class CatchUpTest {
  private static final String FIRST = "id,name\n1,first\n";
  private static final String SECOND = "id,name\n2,second\n";
  private static final String THIRD = "id,name\n3,third\n";
  private static final String BAD = "id,name\nx,bad\n";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void nameTheBucket() {
    fixture.set("S3_BUCKET_NAME", fixture.bucket);
  }

  /** They were ignored, so nobody expects them to be loaded. */
  @ParameterizedTest
  @EnumSource(names = {"APPEND", "UPSERT", "REPLACE"})
  void leavesPackedFilesAloneThatWereThereBeforeItsFirstSearch(Mode mode) {
    fixture.mode(mode).load("first.csv", FIRST);
    Instant now = Instant.now();
    fixture.upload("old.csv.gz", SECOND, now.plusSeconds(60));
    assertThat(fixture.catchUp(now.plusSeconds(3600))).isEmpty();
    fixture.upload("new.csv.gz", THIRD, now.plusSeconds(3660));

    assertThat(fixture.catchUp(now.plusSeconds(7200)))
        .extracting(LoadResult::object)
        .containsExactly("s3://%s/new.csv.gz".formatted(fixture.bucket));
    assertThat(fixture.people()).doesNotContain("2|second|null").contains("3|third|null");
  }

  /** Its history has neither the marks of earlier searches nor the columns and index of today. */
  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "UPSERT", "CHANGES"})
  void loadsWhatIsPendingAndNoMoreAfterAnUpgrade(Mode mode) {
    fixture.mode(mode).set("CSV_HEADER", "none");
    String changed = mode == Mode.CHANGES ? "I," : "";
    fixture.load("LOAD00000001.csv", "1,full load,\n");
    fixture.nextSecond();
    fixture.load("20240612-103127367.csv", changed + "2,loaded,\n");
    fixture.nextSecond();
    if (mode != Mode.CHANGES) { // It would hold up the changes after it.
      Upload refused = fixture.upload("20240612-103227367.csv", "x,refused,\n");
      assertThatThrownBy(() -> fixture.load(refused)).hasMessageStartingWith("ROW_REJECTED");
    }
    fixture.nextSecond();
    fixture.load("20240612-103327367.csv", changed + "3,loaded,\n");
    fixture.nextSecond();
    fixture.upload("20240612-103427367.csv", changed + "4,pending,\n");
    fixture.execute(
        "ALTER TABLE history.loads DROP rows_rejected, DROP retry, DROP warnings, DROP parts",
        "DROP INDEX history.loads_bucket_object_key_request_id_idx");

    assertThat(fixture.catchUp())
        .extracting(LoadResult::object)
        .containsExactly(object("20240612-103427367.csv"));
    assertThat(fixture.catchUp()).isEmpty();
    assertThat(fixture.people()).contains("4|pending|null");
  }

  @Test
  void warnsOfABucketThatDoesNotNotifyTheFunctionAndLoadsItsFilesAllTheSame() {
    fixture.load("first.csv", FIRST);
    fixture.nextSecond();
    fixture.upload("lost.csv", SECOND);
    fixture.set("LOAD_FUNCTION", "people-load");
    fixture.detour.notify("people-load", "s3:ObjectCreated:*", "", ".csv");

    assertThat(fixture.catchUp()).extracting(LoadResult::status).containsExactly(LOADED);
    assertThat(fixture.people()).containsExactly("2|second|null");
    assertThat(fixture.log())
        .contains(
            "WARN s3://%s/ does not notify the function people-load of all new objects that end in .CSV, .csv.gz. Deploy again"
                .formatted(fixture.bucket));
  }

  @Test
  void saysNothingOfABucketThatNotifiesTheFunction() {
    fixture.load("first.csv", FIRST);
    fixture.set("LOAD_FUNCTION", "people-load");
    fixture.detour.notify("people-load", "s3:ObjectCreated:*", "", ".csv", ".CSV", ".csv.gz");

    assertThat(fixture.catchUp()).isEmpty();
    assertThat(fixture.log()).doesNotContain("WARN");
  }

  @Test
  void catchesUpWhereItMayNotReadTheNotifications() {
    fixture.load("first.csv", FIRST);
    fixture.nextSecond();
    fixture.upload("lost.csv", SECOND);
    fixture.set("LOAD_FUNCTION", "people-load");
    fixture.detour.deny(GetBucketNotificationConfigurationRequest.class);

    assertThat(fixture.catchUp()).extracting(LoadResult::status).containsExactly(LOADED);
    assertThat(fixture.log())
        .contains("WARN S3 denies the function to read the bucket's notifications (HTTP 403)");
  }

  @Test
  void triesABadFileOnceAndLoadsTheGoodOneBeforeIt() {
    fixture.load("first.csv", FIRST);
    fixture.nextSecond();
    fixture.upload("good.csv", SECOND);
    fixture.nextSecond();
    fixture.upload("bad.csv", BAD);
    fixture.nextSecond();
    fixture.upload("worse.csv", "id,nmae\n1,x\n");

    LoadException failure = catchThrowableOfType(LoadException.class, fixture::catchUp);

    assertThat(failure.code()).isEqualTo(HEADER_MISMATCH);
    assertThat(failure.getSuppressed()).hasSize(1).allMatch(LoadException.class::isInstance);
    assertThat(fixture.people()).containsExactly("2|second|null");
    assertThat(fixture.catchUp()).isEmpty();
    assertThat(loads())
        .containsExactly(
            "first.csv|LOADED", "worse.csv|FAILED", "bad.csv|FAILED", "good.csv|LOADED");
  }

  @Test
  void triesAgainWhatARetryCanHelpAndGoesByItsEvent() throws Exception {
    fixture.load("first.csv", "id,name\n0,old\n");
    fixture.nextSecond();
    Upload upload = fixture.upload("people.csv", SECOND);
    try (Connection reader = fixture.connect();
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.execute("SELECT FROM people");
      fixture.set("LOCK_TIMEOUT_SECONDS", "1").failure(TABLE_BUSY, upload);
      assertThat(catchThrowableOfType(LoadException.class, fixture::catchUp).code())
          .isEqualTo(TABLE_BUSY);
    }

    assertThat(fixture.catchUp()).extracting(LoadResult::status).containsExactly(LOADED);
    assertThat(fixture.rows("SELECT sequencer FROM history.loads ORDER BY id DESC LIMIT 1"))
        .containsExactly(upload.sequencer().orElseThrow());
    assertThat(fixture.load(upload).status()).isEqualTo(DUPLICATE);
  }

  @Test
  void costsOneListingWhenThereIsNothingToDo() throws Exception {
    fixture.load("people.csv", FIRST);
    fixture.logEverything();
    try (Network s3 = Network.to("localhost", fixture.s3.endpoint().getPort())) {
      fixture.catchUp(SandboxAws.objects(s3.endpoint()), Instant.now().plus(Duration.ofHours(1)));

      assertThat(s3.roundTrips()).isEqualTo(1);
    }
    assertThat(fixture.log().lines().filter(line -> line.contains("?::timestamptz[])"))).hasSize(1);
    assertThat(fixture.log())
        .contains("0 of 1 files in s3://" + fixture.bucket + "/ were never loaded");
  }

  @Test
  void asksTheHistoryOnceAPage() {
    fixture.mode(Mode.APPEND).load("first.csv", FIRST);
    fixture.lists.pageSize(3);
    List<String> keys = List.of("e.csv", "c.csv", "a.csv", "g.csv", "b.csv", "d.csv", "f.csv");
    for (String key : keys) {
      fixture.nextSecond();
      fixture.upload(key, "id,name\n%d,x\n".formatted(10 + keys.indexOf(key)));
    }
    fixture.logEverything();

    assertThat(fixture.catchUp())
        .extracting(LoadResult::object)
        .containsExactlyElementsOf(keys.stream().map(this::object).toList());
    assertThat(fixture.lists.pages()).isEqualTo(3);
    assertThat(fixture.log().lines().filter(line -> line.contains("?::timestamptz[])"))).hasSize(3);
  }

  /** A multipart upload may take days, and then has the time of its beginning; so may a replica. */
  @Test
  void comparesUploadsOfLongAgoOnceADay() {
    Instant now = Instant.now();
    fixture.mode(Mode.APPEND).load(fixture.upload("first.csv", FIRST, daysAgo(40)));
    fixture.upload("lost.csv", SECOND, daysAgo(30));
    assertThat(fixture.catchUp(now)).hasSize(1);
    assertThat(fixture.catchUp(now.plus(Duration.ofDays(1)))).isEmpty();

    fixture.upload("late.csv", "id,name\n3,x\n", daysAgo(20));
    fixture.upload("a-week-late.csv", "id,name\n4,x\n", daysAgo(6));

    assertThat(fixture.catchUp(now.plus(Duration.ofHours(25))))
        .extracting(LoadResult::object)
        .containsExactly(object("a-week-late.csv"));
    assertThat(fixture.catchUp(now.plus(Duration.ofHours(48))))
        .extracting(LoadResult::object)
        .containsExactly(object("late.csv"));
    assertThat(
            fixture.rows(
                "SELECT target_table, bucket, status FROM history.loads WHERE mode = 'catch-up'"))
        .as("a comparison of everything")
        .hasSize(3)
        .containsOnly("|" + fixture.bucket + "|LOADED");
  }

  @Test
  void comparesAllWhereTheSettingsChooseOtherObjects() {
    Instant now = Instant.now();
    fixture.mode(Mode.APPEND).set("S3_KEY_PATTERN", "in/*.csv");
    fixture.load(fixture.upload("in/first.csv", FIRST, daysAgo(40)));
    fixture.upload("other/lost.csv", SECOND, daysAgo(30));
    assertThat(fixture.catchUp(now)).isEmpty();

    fixture.set("S3_KEY_PATTERN", "*/*.csv");

    assertThat(fixture.catchUp(now.plus(Duration.ofHours(1)))).hasSize(1);
  }

  @Test
  void keepsLookingAtAnOldUploadThatCouldNotBeLoadedYet() throws Exception {
    Instant now = Instant.now();
    fixture.mode(Mode.APPEND).load(fixture.upload("first.csv", FIRST, daysAgo(40)));
    fixture.upload("lost.csv", SECOND, daysAgo(30));
    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK people");
      fixture.set("LOCK_TIMEOUT_SECONDS", "1");
      assertThat(catchThrowableOfType(LoadException.class, () -> fixture.catchUp(now)).code())
          .isEqualTo(TABLE_BUSY);
    }

    assertThat(fixture.catchUp(now.plus(Duration.ofHours(1)))).hasSize(1);
    assertThat(fixture.people()).contains("2|second|null");
  }

  @Test
  void loadsOnceWhenItIsCalledTwiceAtOnce() throws Exception {
    fixture.load("first.csv", FIRST);
    fixture.nextSecond();
    fixture.upload("people.csv", SECOND);
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      CompletableFuture<List<LoadResult>> one = CompletableFuture.supplyAsync(fixture::catchUp);
      RunningLoad.await(() -> !fixture.rows("SELECT FROM pg_locks WHERE NOT granted").isEmpty());
      CompletableFuture<List<LoadResult>> two = CompletableFuture.supplyAsync(fixture::catchUp);
      RunningLoad.await(() -> fixture.log().contains("step=waiting-for-other-loads"));
      gate.open();

      assertThat(one.join()).extracting(LoadResult::status).containsExactly(LOADED);
      assertThat(two.join()).extracting(LoadResult::status).containsExactly(DUPLICATE);
    }
    assertThat(loads()).containsExactly("first.csv|LOADED", "people.csv|LOADED");
  }

  @Tag("slow")
  @Test
  void loadsWhatFailedInAllAttemptsDuringAnOutage() throws Exception {
    try (PostgresServer server = PostgresServer.launch();
        LoadFixture own = new LoadFixture(server)) {
      own.set("S3_BUCKET_NAME", own.bucket);
      own.load("first.csv", FIRST);
      own.nextSecond();
      Upload upload = own.upload("people.csv", SECOND);
      server.stop();
      for (int tries = 0; tries < 3; tries++) {
        assertThat(own.failureToBegin(upload).code()).isEqualTo(DATABASE_UNAVAILABLE);
      }
      server.start();

      assertThat(own.people()).containsExactly("1|first|null");
      assertThat(own.catchUp()).extracting(LoadResult::status).containsExactly(LOADED);
      assertThat(own.people()).containsExactly("2|second|null");
      assertThat(own.load(upload).status()).isEqualTo(DUPLICATE);
    }
  }

  /** Each would have the time that it needs, but not after the other. */
  @Tag("slow")
  @Test
  void triesAgainWhatBeganTooLateToBeFinished() {
    fixture.mode(Mode.APPEND).load("first.csv", FIRST);
    fixture.nextSecond();
    fixture.upload("slow.csv", SECOND);
    fixture.nextSecond();
    fixture.upload("slower.csv", THIRD);
    fixture.spendHalfOfTheTimeOn("slow.csv");

    LoadException failure = catchThrowableOfType(LoadException.class, fixture::catchUp);
    assertThat(failure.code()).isEqualTo(TABLE_BUSY);
    fixture.set("AFTER_LOAD_SQL", "").resumeTime();
    assertThat(fixture.catchUp())
        .extracting(LoadResult::object)
        .containsExactly(object("slower.csv"));
  }

  /** A join that goes through the history for each object would read it 200 times. */
  @Tag("slow")
  @Test
  void asksQuicklyHoweverLongTheHistoryIs() {
    fixture.load("first.csv", FIRST);
    fixture.execute(
        """
        INSERT INTO history.loads (target_table, bucket, object_key, etag, event_time, status,
          started_at, finished_at)
        SELECT 'public.people', '%1$s', i || '.csv', md5(i::text), now() - i * interval '1 h',
          'LOADED', now() - i * interval '1 h', now()
        FROM generate_series(1, 50000) i"""
            .formatted(fixture.bucket));
    fixture.nextSecond();
    for (int i = 0; i < 200; i++) {
      fixture.s3.put(fixture.bucket, "new/" + i + ".csv", SECOND.getBytes());
    }

    assertThat(fixture.catchUp()).hasSize(1);
    assertThat(fixture.rowsRead("history.loads")).isLessThan(20 * 50_000);
    assertThat(fixture.log()).contains("200 of 201 files");
  }

  private static Instant daysAgo(int days) {
    return Instant.now().minus(Duration.ofDays(days));
  }

  private String object(String key) {
    return new ObjectLocation(fixture.bucket, key).toString();
  }

  private List<String> loads() {
    return fixture.rows(
        "SELECT object_key, status FROM history.loads WHERE mode <> 'catch-up' ORDER BY id");
  }
}
