package s3topostgres.ordering;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import s3topostgres.ErrorCode;
import s3topostgres.config.Mode;
import s3topostgres.history.Verdict;
import s3topostgres.load.Gate;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/** When the bucket is listed: a transaction holds locks, and the server ends one that is idle. */
class ListingTest {
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @ParameterizedTest
  @EnumSource(Mode.class)
  void happensOutsideOfAnyTransaction(Mode mode) {
    fixture.mode(mode).set("S3_BUCKET_NAME", fixture.bucket).set("CSV_HEADER", "none");
    List<String> transactions = Collections.synchronizedList(new ArrayList<>());
    fixture.lists.before(() -> transactions.addAll(transactions()));
    fixture.load("LOAD00000001.csv", "1,Ana,\n");
    fixture.nextSecond();
    fixture.upload("20240612-103127367.csv", mode == Mode.CHANGES ? "U,1,Bo,\n" : "2,Bo,\n");
    fixture.nextSecond();
    fixture.load("20240612-103227367.csv", mode == Mode.CHANGES ? "U,1,Cy,\n" : "3,Cy,\n");
    fixture.catchUp();

    assertThat(fixture.lists.pages()).isPositive();
    assertThat(transactions).isEmpty();
    assertThat(fixture.people()).anyMatch(row -> row.contains("Cy"));
  }

  private List<String> transactions() {
    return fixture.rows(
        "SELECT state, query FROM pg_stat_activity WHERE usename = '%s' AND state <> 'idle'"
            .formatted(fixture.role()));
  }

  @Test
  void happensOnceHoweverLongAnotherLoadIsWaitedFor() throws Exception {
    fixture.mode(Mode.CHANGES).set("S3_BUCKET_NAME", fixture.bucket).set("CSV_HEADER", "none");
    fixture.load("LOAD00000001.csv", "1,Ana,\n");
    Upload first = fixture.upload("20240612-103127367.csv", "U,1,Bo,\n");
    Upload second = fixture.upload("20240612-103227367.csv", "U,1,Cy,\n");
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      RunningLoad one = RunningLoad.start(fixture, first);
      RunningLoad.await(() -> !fixture.rows("SELECT FROM pg_locks WHERE NOT granted").isEmpty());
      int before = fixture.lists.pages();
      fixture.set("BEFORE_LOAD_SQL", "SELECT 1");
      RunningLoad two = RunningLoad.start(fixture, second);
      RunningLoad.await(() -> fixture.log().contains("step=waiting-for-other-loads"));
      gate.open();

      // Between the end of the full load and the first file, the second load may apply both.
      assertThat(one.result().status()).isIn(Verdict.LOADED, Verdict.DUPLICATE);
      assertThat(two.result().status()).isEqualTo(Verdict.LOADED);
      assertThat(fixture.lists.pages() - before).isEqualTo(1);
    }
    assertThat(fixture.people()).containsExactly("1|Cy|null");
  }

  @Test
  void endsAfterOneRequestForAnUpsertInALargeBucket() {
    fixture.mode(Mode.UPSERT).set("S3_BUCKET_NAME", fixture.bucket);
    fixture.load("first.csv", "id,name\n1,first\n");
    fixture.nextSecond();
    Upload late = fixture.upload("late.csv", "id,name\n1,late\n2,late\n");
    fixture.nextSecond();
    Upload newer = fixture.upload("newer.csv", "id,name\n2,newer\n");
    fixture.lists.pageSize(2);
    int before = fixture.lists.pages();

    assertThat(fixture.load(newer).status()).isEqualTo(Verdict.LOADED);
    assertThat(fixture.people()).containsExactly("0|old|null", "1|first|null", "2|newer|null");
    assertThat(fixture.load(late).status()).isEqualTo(Verdict.LOADED);
    assertThat(fixture.people()).containsExactly("0|old|null", "1|late|null", "2|newer|null");
    assertThat(fixture.lists.pages() - before).isEqualTo(1);
  }

  /** Otherwise readers would wait that long for a table that is emptied. */
  @Test
  void aTransactionDoesNotWaitForS3ForLong() {
    fixture.set("LOG_LEVEL", "info");
    Upload upload = fixture.upload("people.csv", "id,name\n1,Ana\n");
    fixture.networkToS3().swallow();
    fixture.stopTime(); // Nothing but the request's own limit ends it.

    fixture.failure(ErrorCode.S3_UNAVAILABLE, upload);
  }
}
