package s3topostgres.dms;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.config.Mode.CHANGES;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;

import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.Sandbox;

/** {@code LOAD_MODE=changes}: full loads of AWS DMS, of one file and of several, once and again. */
class ReloadTest {
  private static final String FOLDER = "hr/people/";
  private static final String ONE = FOLDER + "LOAD00000001.csv";
  private static final String TWO = FOLDER + "LOAD00000002.csv";
  private static final String FIRST = FOLDER + "20240612-103127367.csv";
  private static final String SECOND = FOLDER + "20240612-103227368.csv";

  private static final DateTimeFormatter NAMED =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmssSSS").withZone(ZoneOffset.UTC);

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void prepare() {
    fixture.mode(CHANGES).set("CSV_HEADER", "none").set("S3_BUCKET_NAME", fixture.bucket);
  }

  private void loadTwoFilesAndChanges() {
    fixture.load(ONE, "1,Ana,\n2,Bo,\n");
    fixture.load(TWO, "3,Cy,\n4,Di,\n");
    fixture.load(FIRST, "D,2,,\nU,3,Cyd,\n");
    assertThat(fixture.people()).containsExactly("1|Ana|null", "3|Cyd|null", "4|Di|null");
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
