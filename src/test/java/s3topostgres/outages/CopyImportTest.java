package s3topostgres.outages;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.ErrorCode.OBJECT_UNREADABLE;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.S3_UNAVAILABLE;
import static s3topostgres.history.Verdict.LOADED;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.load.Gate;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.load.RunningLoad;
import s3topostgres.postgres.TestTicker;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;

/** What can happen to a load that reads the object itself, and to no other. */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Tag("slow")
class CopyImportTest {
  private static final String HEADER = "id,name\n";
  private static final int ROWS = 100_000;
  private static final String LARGE = HEADER + lines(1, ROWS);
  private static final String WHOLE = "SELECT count(*), sum(id), min(name) FROM people";

  @AutoClose private final LoadFixture fixture = new LoadFixture().set("IMPORT_WITH", "copy");

  @Test
  void needsNoExtension() {
    fixture.execute("DROP EXTENSION aws_s3");

    assertThat(fixture.load("people.csv", "name,id\nAna,1\n").bytes()).isEqualTo(14);
    assertThat(fixture.people()).containsExactly("1|Ana|null");
  }

  @Test
  void unpacksGzipThatDoesNotSaySo() throws IOException {
    byte[] packed = gzip(LARGE);

    LoadResult result = fixture.load(fixture.upload("people.csv", packed));

    assertThat(result.rows()).isEqualTo(ROWS);
    assertThat(result.bytes()).isEqualTo(packed.length);
    assertThat(fixture.rows(WHOLE)).containsExactly(sums(ROWS));
  }

  @Test
  void unpacksGzipOfSeveralParts() throws IOException {
    ByteArrayOutputStream parts = new ByteArrayOutputStream();
    parts.writeBytes(gzip(HEADER));
    for (int from = 1; from <= ROWS; from += ROWS / 20) {
      parts.writeBytes(gzip(lines(from, from + ROWS / 20 - 1)));
    }

    fixture.load(fixture.upload("people.csv", parts.toByteArray()));

    assertThat(fixture.rows(WHOLE)).containsExactly(sums(ROWS));
  }

  @ParameterizedTest
  @ValueSource(ints = {100_000, -9, -8, -1})
  void refusesGzipThatIsNotComplete(int end) throws IOException {
    byte[] packed = gzip(LARGE);
    byte[] cut = Arrays.copyOf(packed, end < 0 ? packed.length + end : end);

    assertThat(fixture.failure(ROW_REJECTED, fixture.upload("people.csv", cut)))
        .hasMessageContaining("its gzip is damaged or incomplete");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\0", "x", "\37\213", "\37\213\10\0\0", "more than eight bytes of it"})
  void refusesWhatFollowsGzip(String garbage) throws IOException {
    for (String content : List.of(HEADER + "1,Ana\n", HEADER + lines(1, 30_000))) {
      ByteArrayOutputStream file = new ByteArrayOutputStream();
      file.writeBytes(gzip(content));
      file.writeBytes(garbage.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));

      assertThat(fixture.failure(ROW_REJECTED, fixture.upload("people.csv", file.toByteArray())))
          .hasMessageContaining("its gzip is damaged or incomplete");
    }
  }

  @Test
  void refusesGzipWithADamagedByte() throws IOException {
    byte[] packed = gzip(LARGE);
    packed[packed.length / 2] ^= 1;

    fixture.failure(ROW_REJECTED, fixture.upload("people.csv", packed));
  }

  @Test
  void goesOnWhereS3BrokeOff() {
    Upload upload = fixture.upload("people.csv", LARGE);
    Network network = fixture.networkToS3();
    network.before("bytes=0-\r", () -> cutAgainAndAgain(network, 10));

    assertThat(fixture.load(upload).status()).isEqualTo(LOADED);
    assertThat(fixture.rows(WHOLE)).containsExactly(sums(ROWS));
    assertThat(fixture.log().lines().filter(line -> line.contains("requesting the rest")))
        .hasSize(10);
  }

  private static void cutAgainAndAgain(Network network, int times) {
    network.after(
        100_000,
        () -> {
          network.cut();
          if (times > 1) {
            cutAgainAndAgain(network, times - 1);
          }
        });
  }

  @Test
  void givesUpWhenS3DoesNotGoOn() {
    Upload upload = fixture.upload("people.csv", LARGE);
    Network network = fixture.networkToS3();
    network.before("bytes=0-\r", () -> network.after(1_000_000, network::close));

    assertThat(fixture.failure(S3_UNAVAILABLE, upload))
        .hasMessageContaining("the connection to S3 broke at byte ");
  }

  @Test
  void refusesAnObjectThatIsOverwrittenWhileItIsRead() {
    Upload upload = fixture.upload("people.csv", LARGE);
    Network network = fixture.networkToS3();
    network.before(
        "bytes=0-\r",
        () ->
            network.after(
                1_000_000,
                () -> {
                  fixture.upload("people.csv", HEADER + lines(ROWS + 1, 2 * ROWS));
                  network.cut();
                }));

    assertThat(fixture.failure(OBJECT_UNREADABLE, upload))
        .hasMessageContaining("the object changed while it was read");
    assertThat(fixture.load(upload).rows()).isEqualTo(ROWS);
    assertThat(fixture.rows("SELECT min(id) FROM people"))
        .containsExactly(Integer.toString(ROWS + 1));
  }

  @Test
  void refusesAnObjectThatIsOverwrittenBetweenTheLookAndTheRead() {
    Upload upload = fixture.upload("people.csv", LARGE);
    fixture
        .networkToS3()
        .before("bytes=0-\r", () -> fixture.upload("people.csv", HEADER + "1,other\n"));

    assertThat(fixture.failure(OBJECT_UNREADABLE, upload))
        .hasMessageContaining("the object changed while it was read");
  }

  @Test
  void refusesAnObjectThatIsDeletedWhileItIsRead() {
    Upload upload = fixture.upload("people.csv", LARGE);
    Network network = fixture.networkToS3();
    network.before(
        "bytes=0-\r",
        () ->
            network.after(
                1_000_000,
                () -> {
                  fixture.s3.delete(fixture.bucket, "people.csv");
                  network.cut();
                }));

    assertThat(fixture.failure(OBJECT_UNREADABLE, upload))
        .hasMessageContaining("there is no such object any more");
  }

  @Test
  void noticesACancellationWhenAllIsSent() throws SQLException {
    try (Gate gate = new Gate(fixture)) {
      RunningLoad load = startAndWaitAtARow();
      fixture.execute("SELECT pg_cancel_backend(pid) " + RunningLoad.IMPORTING);

      assertThat(load.failure(DATABASE_UNAVAILABLE))
          .hasMessageContaining("the statement was cancelled in the database");
      gate.open();
    }
  }

  @Test
  void asksAgainWhenTheDatabaseWasSlowerThanS3Waits() throws SQLException {
    Network network = fixture.networkToS3();
    try (Gate gate = new Gate(fixture)) {
      RunningLoad load = startAndWaitAtARow();
      network.cut();
      gate.open();

      assertThat(load.result().rows()).isEqualTo(20_000);
    }
    assertThat(fixture.rows("SELECT count(*), sum(id) FROM people"))
        .containsExactly("20000|200010000");
    assertThat(fixture.log()).contains("requesting the rest");
  }

  /** A load, of more than the network holds, of which the database takes no more for a while. */
  private RunningLoad startAndWaitAtARow() {
    fixture.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN IF NEW.id = 100 THEN PERFORM %s; END IF; RETURN NEW; END'"
                .formatted(Gate.WAIT.replace("SELECT ", "")),
        "CREATE TRIGGER slow BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION slow()");
    String name = "x".repeat(2000);
    String large =
        HEADER
            + IntStream.rangeClosed(1, 20_000)
                .mapToObj(i -> i + "," + name + "\n")
                .collect(joining());
    return RunningLoad.start(fixture, fixture.upload("people.csv", large)).untilWaitingForALock();
  }

  @Test
  void endsInTimeWhenS3IsSilent() {
    Upload upload = fixture.upload("people.csv", LARGE);
    TestTicker time = fixture.stopTime();
    Network network = fixture.networkToS3();
    network.before(
        "bytes=0-\r",
        () ->
            network.after(
                1_000_000,
                () -> {
                  network.stall();
                  time.pass(LoadFixture.LOAD_TIME);
                }));

    runsOutOfTime(upload);
  }

  @Test
  void endsInTimeWhenS3IsSlow() {
    Upload upload = fixture.upload("people.csv", LARGE);
    TestTicker time = fixture.stopTime();
    Network network = fixture.networkToS3();
    network.before(
        "bytes=0-\r",
        () -> {
          network.slowAnswers(10_000);
          network.after(5000, () -> time.pass(LoadFixture.LOAD_TIME));
        });

    runsOutOfTime(upload);
  }

  @Test
  void endsInTimeWhenTheDatabaseTakesNothingMore() {
    endsInTimeWith(Network::stall);
  }

  /** The server would notice by its keepalives; this network's silence answers them. */
  @Test
  void endsInTimeWhenTheWayToTheDatabaseIsSilent() {
    fixture.slowImports(10_000);
    endsInTimeWith(Network::swallow);
  }

  /** The server has all rows, and its answer to their end does not come. */
  @Test
  void endsInTimeWhenTheServerDoesNotAnswerTheEndOfTheRows() {
    endsInTimeWith(Network::swallowAnswers);
  }

  /**
   * The driver tells the server that the rows break off, and waits for its answer. The limit of the
   * connection bounds that, whether or not a read that times out ends the driver's waiting (<a
   * href="https://github.com/pgjdbc/pgjdbc/pull/4357">it may not in versions to come</a>).
   */
  @Test
  void endsInTimeWhenTheServerDoesNotAnswerThatTheRowsBreakOff() {
    Network toS3 = fixture.networkToS3();
    toS3.before("bytes=0-\r", () -> toS3.after(1_000_000, toS3::close));
    endsInTimeWith(Network::swallowAnswers);
  }

  /** The fault comes with the first rows, of which there are more than the network holds. */
  private void endsInTimeWith(Consumer<Network> fault) {
    Upload upload = fixture.upload("people.csv", HEADER + lines(1, 40 * ROWS));
    TestTicker time = fixture.stopTime();
    Network network = fixture.networkToDatabase();
    network.before(
        "SET LOCAL client_min_messages = error",
        () -> {
          time.pass(LoadFixture.LOAD_TIME.minus(LoadFixture.A_MOMENT));
          network.before(",name ", () -> fault.accept(network));
        });

    assertThat(RunningLoad.start(fixture, upload).failure().code()).isEqualTo(OUT_OF_TIME);
    network.close();
    assertThat(fixture.people()).containsExactly("0|old|null");
  }

  /** They would fill the network while nobody reads them. */
  @Test
  void isNotStoppedByTheNoticesOfATrigger() {
    fixture.execute(
        "CREATE FUNCTION chatty() RETURNS trigger LANGUAGE plpgsql AS"
            + " 'BEGIN RAISE WARNING ''%'', repeat(''x'', 500); RETURN NEW; END'",
        "CREATE TRIGGER chatty BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION chatty()");

    assertThat(fixture.load("people.csv", LARGE).rows()).isEqualTo(ROWS);
  }

  private void runsOutOfTime(Upload upload) {
    fixture.failure(OUT_OF_TIME, upload);

    assertThat(fixture.rows("SELECT error_code FROM history.loads")).containsExactly("OUT_OF_TIME");
    RunningLoad.await(
        () -> fixture.rows("SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock'").isEmpty());
  }

  private static String lines(int from, int to) {
    return IntStream.rangeClosed(from, to)
        .mapToObj(i -> i + ",name " + i + "\n")
        .collect(joining());
  }

  private static String sums(long rows) {
    return rows + "|" + rows * (rows + 1) / 2 + "|name 1";
  }

  private static byte[] gzip(String content) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(content.getBytes(UTF_8));
    }
    return packed.toByteArray();
  }
}
