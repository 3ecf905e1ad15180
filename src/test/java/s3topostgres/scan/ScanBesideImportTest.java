package s3topostgres.scan;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.OBJECT_UNREADABLE;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.S3_UNAVAILABLE;

import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import s3topostgres.LoadException;
import s3topostgres.history.Verdict;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.postgres.TestTicker;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;

/** What the scan beside the import and the import do to each other. */
@Timeout(300)
class ScanBesideImportTest {
  /** A request to cancel, as Postgres' protocol has it. */
  private static final String CANCEL_REQUEST = "\u0004\u00d2\u0016.";

  /** Two malformed lines, and a value that does not fit between them. */
  private static final String FAULTY = "id,name\n1,a,b\n2," + "x".repeat(1000) + "\ny,c\n3,d,e\n";

  private static final String GOOD = "id,name\n1,Ana\n2,Bo\n";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @Test
  void aFaultCancelsTheImportAndAllAreTold() {
    // Alone, the import would take longer than the function has.
    fixture.slowImports(1);

    LoadException failure = fixture.failure(ROW_REJECTED, "people.csv", FAULTY);

    assertThat(failure).hasMessageContaining("line 2: 3 fields instead of 2");
    assertThat(failure).hasMessageContaining("line 4, column id: not a whole number");
    assertThat(failure).hasMessageContaining("line 5: 3 fields instead of 2");
    assertThat(failure.sqlState()).isEmpty();
  }

  @Test
  void theConnectionIsAbortedWhereTheCancelIsNotHeard() {
    // Alone, the import would take longer than the test may. It is seldom idle, so that the server
    // notices the end of the connection.
    fixture.slowImports(40_000);
    Network network = fixture.networkToDatabase();
    CompletableFuture<Void> ended = new CompletableFuture<>();
    holdCancels(network, ended);
    String rows =
        IntStream.range(0, 1600)
            .mapToObj(i -> i + "," + "x".repeat(10_000) + "\n")
            .collect(joining());

    LoadException failure =
        fixture.failure(ROW_REJECTED, "people.csv", "id,name\n" + rows + "1,a,b\n");
    ended.complete(null);

    assertThat(failure).hasMessageContaining("line 1602: 3 fields instead of 2");
  }

  private static void holdCancels(Network network, CompletableFuture<Void> until) {
    network.before(
        CANCEL_REQUEST,
        () -> {
          holdCancels(network, until);
          until.join();
        });
  }

  @Test
  void theTransactionSurvivesAScanThatIsSlowerThanTheImport() {
    Network network = fixture.networkToS3();
    network.before("bytes=0-\r", network::stall);
    RunningLoad load = RunningLoad.start(fixture, fixture.upload("people.csv", GOOD));

    awaitHeartbeat();
    network.resume();

    assertThat(load.result().status()).isEqualTo(Verdict.LOADED);
    assertThat(fixture.people()).containsExactly("1|Ana|null", "2|Bo|null");
  }

  @Test
  void aFaultThatIsFoundAfterTheImportStillRefusesTheFile() {
    Network network = fixture.networkToS3();
    network.before("bytes=0-\r", network::stall);
    // COPY takes it: "aXb" for both lines.
    RunningLoad load =
        RunningLoad.start(fixture, fixture.upload("people.csv", "id,name\n1,a\"X\"b\n"));
    awaitHeartbeat();
    network.resume();

    assertThat(load.failure(ROW_REJECTED).line()).hasValue(2);
  }

  /** Waits until the import has ended, and the transaction is kept open for the scan. */
  private void awaitHeartbeat() {
    RunningLoad.await(
        () ->
            !fixture
                .rows(
                    """
                    SELECT FROM pg_stat_activity
                    WHERE state = 'idle in transaction' AND query LIKE '%SELECT 1'
                      AND datname = current_database()""")
                .isEmpty());
  }

  @Test
  void aScanThatBreaksOffIsResumed() {
    Network network = fixture.networkToS3();
    network.before("bytes=0-\r", () -> network.after(100_000, network::cut));

    assertThat(fixture.load("people.csv", large()).rows()).isEqualTo(100_000);
    assertThat(fixture.log()).contains("the connection to S3 broke at byte");
  }

  @Test
  void aScanThatCannotGoOnFailsTheLoad() {
    Network network = fixture.networkToS3();
    network.before("bytes=0-\r", network::close);

    LoadException failure = fixture.failure(S3_UNAVAILABLE, "people.csv", large());

    assertThat(failure).hasMessageContaining("S3 did not send the rest");
  }

  @Test
  void aSilentScanEndsWithTheTimeOfTheFunction() {
    Network network = fixture.networkToS3();
    Upload upload = fixture.upload("people.csv", large());
    TestTicker time = fixture.stopTime();
    network.before(
        "bytes=0-\r",
        () -> {
          network.stall();
          time.pass(LoadFixture.LOAD_TIME);
        });

    fixture.failure(OUT_OF_TIME, upload);
  }

  @Test
  void anObjectThatChangesBeforeTheScanIsNotLoaded() {
    Network network = fixture.networkToS3();
    network.before("bytes=0-\r", () -> fixture.upload("people.csv", "id,name\n7,new\n"));

    LoadException failure = fixture.failure(OBJECT_UNREADABLE, "people.csv", GOOD);

    assertThat(failure).hasMessageContaining("the object changed while it was read");
  }

  @Test
  void withoutTheScanTheFileIsNotReadByTheFunction() {
    fixture.set("CSV_SCAN", "off");
    fixture.networkToS3().before("bytes=0-\r", () -> fixture.networkToS3().cut());

    // COPY takes it, and says nothing.
    assertThat(fixture.load("people.csv", "id,name\n1,a\"X\"b\n").rows()).isEqualTo(1);
    assertThat(fixture.people()).containsExactly("1|aXb|null");
    assertThat(fixture.log()).doesNotContain("the connection to S3 broke");
  }

  private static String large() {
    StringBuilder file = new StringBuilder("id,name\n");
    for (int i = 1; i <= 100_000; i++) {
      file.append(i).append(",name\n");
    }
    return file.toString();
  }
}
