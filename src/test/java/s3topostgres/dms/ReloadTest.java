package s3topostgres.dms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static s3topostgres.config.Mode.CHANGES;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.history.Verdict.STALE;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.Sandbox;

/** {@code LOAD_MODE=changes}: full loads of AWS DMS, of one file and of several, once and again. */
class ReloadTest {
  private static final String FOLDER = "hr/people/";
  private static final String ONE = FOLDER + "LOAD00000001.csv";
  private static final String TWO = FOLDER + "LOAD00000002.csv";
  private static final String THREE = FOLDER + "LOAD00000003.csv";
  private static final String FIRST = FOLDER + "20240612-103127367.csv";
  private static final String SECOND = FOLDER + "20240612-103227368.csv";

  private static final DateTimeFormatter NAMED =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmssSSS").withZone(ZoneOffset.UTC);

  private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void prepare() {
    fixture.mode(CHANGES).set("CSV_HEADER", "none").set("S3_BUCKET_NAME", fixture.bucket);
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void takesAwayWhatIsInNoneOfItsFilesWhenTheFirstChangesCome() {
    loadTwoFilesAndChanges();
    fixture.load(ONE, "1,Ana,\n");
    assertThat(fixture.people()).containsExactly("1|Ana|null", "3|Cyd|null", "4|Di|null");
    fixture.load(TWO, "5,Eve,\n");
    assertThat(fixture.people())
        .containsExactly("1|Ana|null", "3|Cyd|null", "4|Di|null", "5|Eve|null");

    fixture.load(SECOND, "I,6,Fay,\n");

    assertThat(fixture.people()).containsExactly("1|Ana|null", "5|Eve|null", "6|Fay|null");
  }

  private void loadTwoFilesAndChanges() {
    fixture.load(ONE, "1,Ana,\n2,Bo,\n");
    fixture.load(TWO, "3,Cy,\n4,Di,\n");
    fixture.load(FIRST, "D,2,,\nU,3,Cyd,\n");
    assertThat(fixture.people()).containsExactly("1|Ana|null", "3|Cyd|null", "4|Di|null");
  }

  @Test
  void takesItAwayWhenNoFileHasComeForAWhile() {
    loadTwoFilesAndChanges();
    fixture.nextSecond();
    fixture.load(ONE, "1,Ana,\n");
    fixture.upload(TWO, "4,Di,\n");

    assertThat(fixture.catchUp(Instant.now().plus(Duration.ofMinutes(19)))).isEmpty();
    assertThat(fixture.people()).hasSize(3);
    assertThat(fixture.catchUp())
        .extracting(
            result -> result.object().substring(result.object().length() - 5) + result.deleted())
        .containsExactly("2.csv0", "2.csv1");
    assertThat(fixture.people()).containsExactly("1|Ana|null", "4|Di|null");
    assertThat(fixture.catchUp()).isEmpty();
  }

  @Test
  void takesAFileOfTheSameSecondThatTheListAloneTellsOf() {
    fixture.nextSecond();
    Upload one = fixture.upload(ONE, "1,Ana,\n");
    fixture.upload(TWO, "2,Bo,\n");
    Instant end = one.eventTime().orElseThrow().truncatedTo(ChronoUnit.SECONDS).plusMillis(999);
    fixture.load(
        new Upload(one.object(), one.region(), one.sequencer(), Optional.of(end), one.etag()));

    fixture.load(FIRST, "U,1,Anna,\n");

    assertThat(fixture.people()).containsExactly("1|Anna|null", "2|Bo|null");
  }

  @Test
  void knowsTheFilesOfAFullLoadThatHadMoreOfThem() {
    fixture.load(ONE, "1,Ana,\n");
    fixture.load(TWO, "2,Bo,\n");
    fixture.load(THREE, "3,Cy,\n");
    fixture.load(ONE, "1,Ana,\n");
    fixture.load(TWO, "4,Di,\n");

    fixture.load(FIRST, "U,4,Dia,\n");

    assertThat(fixture.people()).containsExactly("1|Ana|null", "4|Dia|null");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SEGMENT1_LOAD00000001,SEGMENT2_LOAD00000001,SEGMENT2_LOAD00000002",
        "p1/LOAD00000001,p2/LOAD00000001,p3/LOAD00000001",
        "LOAD00000009,LOAD0000000A,LOAD00000010"
      })
  void takesAllFilesOfAParallelLoadTogether(String names) {
    fixture.load(SECOND.replace("2024", "2023"), "I,9,before,\n");
    String[] files = names.split(",");
    for (int i = 0; i < files.length; i++) {
      fixture.upload(FOLDER + files[i] + ".csv", "%d,full,\n".formatted(i));
      fixture.nextSecond();
    }

    fixture.load(SECOND, "U,1,changed,\n");

    assertThat(fixture.people()).containsExactly("0|full|null", "1|changed|null", "2|full|null");
  }

  @Test
  void takesAValueThatMustBeThereOnceFromARowThatGoes() {
    fixture.execute("ALTER TABLE people ADD UNIQUE (name)");
    fixture.load(ONE, "1,Ana,\n2,Bo,\n");
    fixture.load(TWO, "3,Cy,\n");
    fixture.load(FIRST, "I,4,Di,\n");

    LoadResult one = fixture.load(ONE, "1,Bo,\n5,Di,\n");
    assertThat(one.status()).isEqualTo(LOADED);
    assertThat(one.inserted()).isNull();
    assertThat(fixture.load(TWO, "3,Ana,\n").inserted()).isNull();
    assertThat(fixture.log()).contains("way=postponed");
    fixture.load(SECOND, "U,3,Anna,\n");

    assertThat(fixture.people()).containsExactly("1|Bo|null", "3|Anna|null", "5|Di|null");
  }

  @Test
  void doesNotReadTheFilesAgainWhereTheTableWasEmpty() {
    fixture.execute("TRUNCATE people");
    fixture.load(ONE, "1,Ana,\n2,Bo,\n");
    fixture.load(TWO, "3,Cy,\n");
    fixture.failImports(0);

    fixture.load(FIRST, "D,2,,\n");

    assertThat(fixture.people()).containsExactly("1|Ana|null", "3|Cy|null");
    assertThat(fixture.imports()).isEqualTo(1);
    assertThat(fixture.log()).contains("way=nothing-to-delete");
  }

  @Test
  void leavesOutChangesThatAreOlderThanTheFullLoad() {
    fixture.load(ONE, "1,Ana,\n");
    Upload older = fixture.upload(FIRST, "U,1,older,\n");
    fixture.nextSecond();
    Upload full = fixture.upload(ONE, "1,Bo,\n2,Cy,\n");
    fixture.nextSecond();
    Upload later = fixture.upload(SECOND, "U,2,later,\n");

    assertThat(fixture.load(full).status()).isEqualTo(LOADED);
    assertThat(fixture.load(older).status()).isEqualTo(STALE);
    assertThat(fixture.people()).as("not complete").contains("0|old|null");
    assertThat(fixture.load(later).status()).isEqualTo(LOADED);
    assertThat(fixture.load(older).status()).isEqualTo(STALE);
    assertThat(fixture.people()).containsExactly("1|Bo|null", "2|later|null");
  }

  @Test
  void replacesAFileThatCannotBeApplied() {
    fixture.load(ONE, "1,Ana,\n");
    Upload bad = fixture.upload(FIRST, "U,x,bad,\n");
    assertThatThrownBy(() -> fixture.load(bad)).hasMessageContaining("ROW_REJECTED");
    fixture.nextSecond();
    fixture.load(ONE, "1,Bo,\n");
    fixture.nextSecond();

    assertThat(fixture.load(SECOND, "I,2,new,\n").status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|Bo|null", "2|new|null");
    assertThat(fixture.load(bad).status()).isEqualTo(STALE);
  }

  @Test
  void turnsOffTheScheduleToo() {
    fixture.load(ONE, "1,Ana,\n");
    Upload bad = fixture.upload(FIRST, "U,x,bad,\n");
    assertThatThrownBy(() -> fixture.load(bad)).hasMessageContaining("ROW_REJECTED");
    fixture.nextSecond();
    fixture.load(ONE, "1,Bo,\n");
    fixture.nextSecond();
    fixture.upload(SECOND, "I,2,new,\n");

    assertThat(fixture.catchUp()).hasSize(2);
    assertThat(fixture.catchUp()).isEmpty();
    assertThat(fixture.people()).containsExactly("1|Bo|null", "2|new|null");
  }

  @Test
  void isAsOldAsItsFilesWhenAnEventIsSentByHand() {
    Upload one = fixture.upload(ONE, "1,Ana,\n");
    fixture.upload(TWO, "2,Bo,\n");
    String now = NAMED.format(Instant.now());
    Upload changes = fixture.upload(FOLDER + now + ".csv", "U,1,Anna,\n");
    fixture.nextSecond();
    Upload byHand =
        new Upload(
            one.object(),
            one.region(),
            Optional.empty(),
            Optional.of(Instant.now()),
            Optional.empty());

    assertThat(fixture.load(byHand).status()).isEqualTo(LOADED);
    assertThat(fixture.load(changes).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|Anna|null", "2|Bo|null");
  }

  @Test
  void doesNotAdviseToUploadAFileThatWouldBeginAnotherOne() {
    assertThatThrownBy(() -> fixture.load(ONE, "x,Ana,\n"))
        .hasMessageContaining("line 1, column id")
        .hasMessageContaining("reload the table in DMS");
  }

  @Test
  void takesFilesThatWereCopiedInAnyOrder() {
    Upload second = fixture.upload(SECOND, "U,1,second,\n");
    fixture.nextSecond();
    fixture.upload(FIRST, "U,1,first,\nI,2,first,\n");
    fixture.nextSecond();
    fixture.upload(ONE, "1,Ana,\n");

    assertThat(fixture.load(second).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|second|null", "2|first|null");
  }

  @Test
  void catchesUpInOrderAndLeavesABadFileAndAllAfterItAlone() {
    fixture.load(ONE, "1,Ana,\n");
    fixture.upload(FIRST, "U,1,first,\n");
    Upload bad = fixture.upload(SECOND, "U,x,second,\n");
    fixture.upload(SECOND.replace("103227", "103327"), "U,1,third,\n");

    assertThat(catchThrowableOfType(LoadException.class, fixture::catchUp))
        .hasMessageContaining(bad.object() + ", line 1");
    assertThat(fixture.catchUp()).as("until somebody does something").isEmpty();
    assertThat(fixture.people()).containsExactly("1|first|null");

    fixture.upload(SECOND, "U,1,second,\n");
    assertThat(fixture.catchUp()).extracting(LoadResult::status).containsExactly(LOADED, LOADED);
    assertThat(fixture.people()).containsExactly("1|third|null");
  }

  @Test
  void catchesUpOnAFileThatFailedBecauseOfTheOneBefore() {
    fixture.load(ONE, "1,Ana,\n");
    Upload bad = fixture.upload(FIRST, "U,x,first,\n");
    Upload next = fixture.upload(SECOND, "U,1,second,\n");
    assertThatThrownBy(() -> fixture.load(bad)).hasMessageContaining("ROW_REJECTED");
    assertThatThrownBy(() -> fixture.load(next)).hasMessageContaining("ROW_REJECTED");
    fixture.load(FIRST, "U,1,first,\n");

    assertThat(fixture.catchUp()).extracting(LoadResult::status).containsExactly(LOADED);
    assertThat(fixture.people()).containsExactly("1|second|null");
  }

  @Test
  void loadsEachFileOnceWhenAllEventsComeAtOnce() {
    List<Upload> uploads =
        List.of(
            fixture.upload(ONE, "1,Ana,\n"),
            fixture.upload(TWO, "2,Bo,\n"),
            fixture.upload(FIRST, "U,1,first,\nD,2,,\n"),
            fixture.upload(SECOND, "U,1,second,\nI,3,Cy,\n"));

    List<RunningLoad> running =
        uploads.stream().map(upload -> RunningLoad.start(fixture, upload)).toList();

    assertThat(running)
        .extracting(load -> load.result().status())
        .allMatch(status -> status == LOADED || status == DUPLICATE);
    assertThat(fixture.people()).containsExactly("1|second|null", "3|Cy|null");
    assertThat(
            fixture.rows(
                "SELECT count(*), count(DISTINCT (mode, object_key)) FROM history.loads WHERE status = 'LOADED'"))
        .containsExactly("5|5");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT count(*) FROM public.people",
        "CREATE TEMPORARY TABLE s3_load_last",
        "DELETE FROM public.people",
        "COMMIT"
      })
  void isCompleteOrNotAfterACut(String statement) throws IOException {
    loadTwoFilesAndChanges();
    fixture.load(ONE, "1,Ana,\n");
    Upload second = fixture.upload(SECOND, "I,6,Fay,\n");
    try (Network network = Network.to("localhost", Sandbox.shared().postgres().port())) {
      fixture.set("DB_PORT", Integer.toString(network.port()));
      network.before(statement, network::cut);

      assertThat(RunningLoad.start(fixture, second).failure().code().retryHelps()).isTrue();
      assertThat(fixture.people()).containsExactly("1|Ana|null", "3|Cyd|null", "4|Di|null");
      assertThat(fixture.load(second).status()).isEqualTo(LOADED);
    }
    assertThat(fixture.people()).containsExactly("1|Ana|null", "6|Fay|null");
  }

  /** S3's list has no fractions of the second. */
}
