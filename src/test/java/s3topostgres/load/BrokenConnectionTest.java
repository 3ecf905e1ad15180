package s3topostgres.load;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.load.LoadResult.Status.DUPLICATE;
import static s3topostgres.load.LoadResult.Status.LOADED;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.Sandbox;

/** A connection that breaks, or falls silent, at each step of a load. */
class BrokenConnectionTest {
  /** Of which the load keeps back ten seconds. */
  private static final Duration FUNCTION_TIME = Duration.ofSeconds(14);

  private static final String CONTENT = "id,name\n1,new\n";
  private static final String HELD =
      """
      SELECT FROM pg_locks
      WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (locktype = 'advisory' OR mode = 'AccessExclusiveLock')""";

  private final LoadFixture fixture = new LoadFixture();
  private Network network;

  @BeforeEach
  void connectThroughTheNetwork() throws IOException {
    network = Network.to("localhost", Sandbox.shared().postgres().port());
    fixture.load("people.csv", "id,name\n0,old\n");
    fixture.set("DB_PORT", Integer.toString(network.port()));
  }

  @AfterEach
  void close() {
    network.close();
    fixture.close();
  }

  @Test
  void endedByTheOperatorInMidImport() {
    RunningLoad load = slowLoad();
    signalUntilItEnds(load, "pg_terminate_backend");

    // A load that is sending the rows itself does not hear the server's last word.
    assertThat(load.failure(DATABASE_UNAVAILABLE).sqlState().orElseThrow()).isIn("57P01", "08006");
    assertThat(history()).containsExactly("LOADED|null", "FAILED|DATABASE_UNAVAILABLE");
  }

  @Tag("aws_s3")
  @Test
  void cancelledByTheOperatorInMidImport() {
    RunningLoad load = slowLoad();
    signalUntilItEnds(load, "pg_cancel_backend");

    assertThat(load.failure(DATABASE_UNAVAILABLE))
        .hasMessageContaining("the statement was cancelled in the database");
    assertThat(history()).containsExactly("LOADED|null", "FAILED|DATABASE_UNAVAILABLE");
  }

  @Test
  void cutInMidImport() {
    fixture.slowImports(500_000);
    RunningLoad load =
        RunningLoad.start(
                fixture, fixture.upload("people.csv", CONTENT + "2,x\n".repeat(5_000_000)))
            .untilImporting();
    network.cut();

    load.failure(DATABASE_UNAVAILABLE);
    assertThat(history()).containsExactly("LOADED|null", "FAILED|DATABASE_UNAVAILABLE");
    // The import would take 40 s; the server looks every two seconds.
    long start = System.nanoTime();
    RunningLoad.await(() -> fixture.rows(HELD).isEmpty());
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  @Tag("aws_s3")
  @Test
  void silentInMidImport() {
    fixture.slowImports(1);
    Upload upload = fixture.upload("people.csv", CONTENT + "2,".repeat(100));
    Deadline functionEnd = Deadline.in(FUNCTION_TIME);
    RunningLoad load = RunningLoad.start(fixture, upload, FUNCTION_TIME).untilImporting();
    network.swallow();

    load.failure(OUT_OF_TIME);
    assertThat(functionEnd.passed()).isFalse();
    // The server heard of nothing, and keeps to the time all the same.
    assertThat(fixture.rows(HELD)).isEmpty();
    assertThat(fixture.log()).contains("the failure could not be recorded in the history");
  }

  @ParameterizedTest
  @ValueSource(strings = {"disable", "verify-full"})
  void silentAtTheLogin(String sslMode) {
    fixture.set("DB_SSL_MODE", sslMode);
    network.swallow();

    failsInTime();
  }

  @Test
  void silentInTheMiddleOfTheLogin() {
    network.before("SCRAM-SHA-256", network::swallow);

    failsInTime();
  }

  @Test
  void notEvenAcceptedByTheServer() throws IOException {
    List<Socket> crowd = new ArrayList<>();
    try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      // More than it queues, so that the next one's packets are dropped.
      for (int i = 0; i < 8; i++) {
        Socket socket = new Socket();
        crowd.add(socket);
        connect(socket, busy);
      }
      fixture.set("DB_PORT", Integer.toString(busy.getLocalPort()));

      failsInTime();
    } finally {
      for (Socket socket : crowd) {
        socket.close();
      }
    }
  }

  /** The old writer, while its address still leads to it. */
  @Test
  void readOnlyForAWhileAfterAFailover() {
    fixture.execute(
        "ALTER ROLE \"%s\" SET default_transaction_read_only = on".formatted(fixture.role()));
    RunningLoad load = RunningLoad.start(fixture, fixture.upload("people.csv", CONTENT));
    RunningLoad.await(() -> fixture.log().contains("retrying to connect"));
    fixture.execute(
        "ALTER ROLE \"%s\" RESET default_transaction_read_only".formatted(fixture.role()));

    assertThat(load.result().status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|new|null");
  }

  @Test
  void readOnlyForGood() {
    fixture.execute(
        "ALTER ROLE \"%s\" SET default_transaction_read_only = on".formatted(fixture.role()));

    LoadException failure =
        fixture.failure(DATABASE_UNAVAILABLE, fixture.upload("people.csv", CONTENT), FUNCTION_TIME);
    assertThat(failure).hasMessageContaining(" is read-only").hasMessageContaining("failover");
    assertThat(failure.sqlState()).contains("25006");
  }

  @Test
  void brokenBeforeTheCommit() {
    Upload upload = fixture.upload("people.csv", CONTENT);
    network.before("COMMIT", network::cut);

    assertThat(RunningLoad.start(fixture, upload).failure(DATABASE_UNAVAILABLE))
        .hasMessageContaining("not known whether the file is loaded");
    assertThat(fixture.load(upload).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|new|null");
    assertThat(history())
        .containsExactly("LOADED|null", "FAILED|DATABASE_UNAVAILABLE", "LOADED|null");
  }

  @Test
  void silentBeforeTheCommit() throws IOException {
    Upload upload = fixture.upload("people.csv", CONTENT);
    Deadline functionEnd = Deadline.in(FUNCTION_TIME);
    network.before("COMMIT", network::swallow);

    assertThat(RunningLoad.start(fixture, upload, FUNCTION_TIME).failure())
        .hasMessageContaining("not known whether the file is loaded");
    assertThat(functionEnd.passed()).isFalse();
    network.close();
    connectAnew();
    assertThat(fixture.load(upload).status()).isEqualTo(LOADED);
    assertThat(history()).containsExactly("LOADED|null", "LOADED|null");
  }

  @Test
  void silentAfterTheCommit() throws IOException {
    Upload upload = fixture.upload("people.csv", CONTENT);
    Deadline functionEnd = Deadline.in(FUNCTION_TIME);
    network.before("COMMIT", network::swallowAnswers);

    assertThat(RunningLoad.start(fixture, upload, FUNCTION_TIME).failure().code())
        .isEqualTo(DATABASE_UNAVAILABLE);
    assertThat(functionEnd.passed()).isFalse();
    assertThat(fixture.people()).containsExactly("1|new|null");
    network.close();
    connectAnew();
    assertThat(fixture.load(upload).status()).isEqualTo(DUPLICATE);
    assertThat(history()).containsExactly("LOADED|null", "LOADED|null");
  }

  private void connectAnew() throws IOException {
    network = Network.to("localhost", Sandbox.shared().postgres().port());
    fixture.set("DB_PORT", Integer.toString(network.port()));
  }

  private RunningLoad slowLoad() {
    fixture.slowImports(1);
    return RunningLoad.start(fixture, fixture.upload("people.csv", CONTENT + "2,".repeat(100)))
        .untilImporting();
  }

  private void failsInTime() {
    Duration functionTime = Duration.ofSeconds(12);
    Deadline functionEnd = Deadline.in(functionTime);
    assertThat(
            fixture.failure(
                DATABASE_UNAVAILABLE, fixture.upload("people.csv", CONTENT), functionTime))
        .hasMessageContaining("cannot be reached: no answer");
    assertThat(functionEnd.passed()).isFalse();
  }

  private static void connect(Socket socket, ServerSocket server) {
    try {
      socket.connect(server.getLocalSocketAddress(), 100);
    } catch (IOException e) {
      // Then the queue is full.
    }
  }

  /** The stand-in does not see a signal that comes right before it starts its program. */
  private void signalUntilItEnds(RunningLoad load, String function) {
    RunningLoad.await(
        () -> {
          fixture.execute("SELECT %s(pid) ".formatted(function) + RunningLoad.IMPORTING);
          return !load.running();
        });
  }

  private List<String> history() {
    return fixture.rows("SELECT status, error_code FROM history.loads ORDER BY id");
  }
}
