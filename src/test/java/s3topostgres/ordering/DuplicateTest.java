package s3topostgres.ordering;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.OBJECT_UNREADABLE;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.history.Verdict.STALE;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.history.Verdict;
import s3topostgres.load.Gate;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/** Deliveries that come twice, late, or after their object has changed. */
public class DuplicateTest {
  private static final String FIRST = "id,name\n1,first\n";
  private static final String SECOND = "id,name\n2,second\n";
  private static final String OTHER = "id,name\n3,other\n";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @Test
  void loadsADeliveryOnceThatComesTwiceAtTheSameMoment() {
    Upload upload = fixture.upload("people.csv", FIRST);
    RunningLoad one = RunningLoad.start(fixture, upload);
    RunningLoad two = RunningLoad.start(fixture, upload);

    assertThat(List.of(one.result().status(), two.result().status()))
        .containsExactlyInAnyOrder(LOADED, DUPLICATE);
    assertThat(fixture.people()).containsExactly("1|first|null");
    assertThat(loads()).containsExactly("people.csv|LOADED|1");
  }

  @ParameterizedTest
  @CsvSource({
    "0055AED6DCD90281E5, 0055aed6dcd90281e5, DUPLICATE",
    "0055AED6DCD90281E5, 0055AED6DCD90281E50000, DUPLICATE",
    "0055AED6DCD90281E50000, 0055AED6DCD90281E5, DUPLICATE",
    "0055AED6DCD90281E5, 0055AED6DCD90281E501, LOADED",
    "0055AED6DCD90281E501, 0055AED6DCD90281E5, STALE",
    "0055AED6, 0055AED6DCD90281E5, LOADED",
    "00a, 00B, LOADED",
    "00B, 00a, STALE",
    "9, 10, STALE",
    "f, 0fffff, STALE",
  })
  void comparesSequencersAsFractions(String first, String second, Verdict status) {
    Upload upload = fixture.upload("people.csv", FIRST);

    assertThat(fixture.load(sequenced(first, upload)).status()).isEqualTo(LOADED);
    Optional<Instant> time = status == DUPLICATE ? upload.eventTime() : Optional.of(Instant.now());
    assertThat(fixture.load(sequenced(second, at(time, upload))).status()).isEqualTo(status);
  }

  /** LocalStack gives every upload the same sequencer. */
  @ParameterizedTest
  @ValueSource(strings = {"replace", "append"})
  void loadsALaterUploadWithTheSameSequencer(String mode) {
    fixture.set("LOAD_MODE", mode);
    Upload first = sequenced("0055AED6DCD90281E5", fixture.upload("people.csv", FIRST));
    assertThat(fixture.load(first).status()).isEqualTo(LOADED);
    Upload second = sequenced("0055AED6DCD90281E5", fixture.upload("people.csv", SECOND));

    assertThat(fixture.load(second).status()).isEqualTo(LOADED);
    assertThat(fixture.load(first).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.load(second).status()).isEqualTo(DUPLICATE);
    assertThat(loads()).containsExactly("people.csv|LOADED|1", "people.csv|LOADED|1");
  }

  @ParameterizedTest
  @CsvSource({"replace, 0", "replace, 1", "append, 0", "append, 1"})
  void recognisesADeliveryAgainWhoseObjectWasOverwrittenBeforeItsLoad(String mode, int later) {
    fixture.set("LOAD_MODE", mode);
    Upload first = sequenced("0055AED6DCD90281E0", fixture.upload("people.csv", FIRST));
    Upload second = sequenced("0055AED6DCD90281E" + later, fixture.upload("people.csv", SECOND));

    assertThat(fixture.load(first).status()).isEqualTo(LOADED);
    assertThat(fixture.load(first).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.load(second).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.people()).containsOnlyOnce("2|second|null").doesNotContain("1|first|null");
  }

  /** An earlier version recorded it with its sequencer, so that all later uploads were stale. */
  @Test
  void passesOverALoadByTheTemplateOfTheConsole() {
    fixture.load("people.csv", "id,name\n1,first\n");
    fixture.execute(
        "UPDATE history.loads SET sequencer = '0A1B2C3D4E5F678901', event_time = '1970-01-01Z'");

    assertThat(fixture.load("people.csv", "id,name\n2,second\n").status()).isEqualTo(LOADED);
  }

  @Test
  void alwaysLoadsAnEventThatWasSentByHand() {
    Upload old = fixture.upload("old.csv", FIRST);
    fixture.load("new.csv", OTHER);

    Upload byHand =
        new Upload(old.object(), old.region(), Optional.empty(), old.eventTime(), old.etag());
    assertThat(fixture.load(byHand).status()).isEqualTo(LOADED);
    assertThat(fixture.load(byHand).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|first|null");
    assertThat(fixture.load(old).status()).isEqualTo(STALE);
  }

  @Test
  void loadsUploadsOfTheSameMomentInTheOrderInWhichTheyCome() {
    Upload one = fixture.upload("one.csv", FIRST);
    Upload two = fixture.upload("two.csv", OTHER);
    fixture.load(two);

    assertThat(fixture.load(at(two.eventTime(), one)).status()).isEqualTo(LOADED);
  }

  @Test
  void keepsTheRowsWhenTheObjectIsDeletedBeforeTheImport() throws Exception {
    Upload upload = fixture.upload("people.csv", FIRST);
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      RunningLoad load = RunningLoad.start(fixture, upload).untilWaitingForALock();
      fixture.s3.delete(fixture.bucket, "people.csv");
      gate.open();

      load.failure(OBJECT_UNREADABLE);
    }
    assertThat(loads()).containsExactly("people.csv|FAILED|null");
  }

  @Test
  void refusesAnObjectThatWasOverwrittenMeanwhileAndLoadsTheLaterUpload() throws Exception {
    Upload first = fixture.upload("people.csv", FIRST);
    Upload second;
    try (Gate gate = new Gate(fixture)) {
      fixture.set("BEFORE_LOAD_SQL", Gate.WAIT);
      RunningLoad load = RunningLoad.start(fixture, first).untilWaitingForALock();
      second = fixture.upload("people.csv", SECOND);
      gate.open();

      assertThat(load.failure(OBJECT_UNREADABLE))
          .hasMessageContaining("the object changed while it was read");
    }
    assertThat(fixture.load(second).status()).isEqualTo(LOADED);
    assertThat(fixture.load(first).status()).isEqualTo(STALE);
    assertThat(loads()).containsExactly("people.csv|FAILED|null", "people.csv|LOADED|1");
  }

  private List<String> loads() {
    return fixture.rows("SELECT object_key, status, rows_loaded FROM history.loads ORDER BY id");
  }

  private static Upload sequenced(String sequencer, Upload upload) {
    return new Upload(
        upload.object(),
        upload.region(),
        Optional.of(sequencer),
        upload.eventTime(),
        upload.etag());
  }

  private static Upload at(Optional<Instant> time, Upload upload) {
    return new Upload(upload.object(), upload.region(), upload.sequencer(), time, upload.etag());
  }
}
