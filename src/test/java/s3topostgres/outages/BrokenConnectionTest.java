package s3topostgres.outages;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.postgres.TestTicker;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.Sandbox;

/** A connection that breaks, or falls silent, at each step of a load. */
@Tag("slow")
public class BrokenConnectionTest {
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
    // The import takes longer than the test waits; the server looks every two seconds.
    fixture.slowImports(50_000);
    RunningLoad load =
        RunningLoad.start(
                fixture, fixture.upload("people.csv", CONTENT + "2,x\n".repeat(5_000_000)))
            .untilImporting();
    network.cut();

    load.failure(DATABASE_UNAVAILABLE);
    assertThat(history()).containsExactly("LOADED|null", "FAILED|DATABASE_UNAVAILABLE");
    RunningLoad.await(() -> fixture.rows(HELD).isEmpty());
  }

  @Tag("aws_s3")
  @Test
  void silentInMidImport() {
    fixture.slowImports(1);
    Upload upload = fixture.upload("people.csv", CONTENT + "2," + "x".repeat(200));
    TestTicker time = fixture.set("BEFORE_LOAD_SQL", "SELECT 'begun'").stopTime();
    network.before(
        "SELECT 'begun'",
        () -> {
          time.pass(LoadFixture.LOAD_TIME.minus(LoadFixture.A_MOMENT));
          network.behind("table_import_from_s3", network::swallow);
        });

    RunningLoad.start(fixture, upload).failure(OUT_OF_TIME);
    // The server heard of nothing, and keeps to the time all the same.
    RunningLoad.await(() -> fixture.rows(HELD).isEmpty());
    assertThat(fixture.log()).contains("the failure could not be recorded in the history");
  }

  @ParameterizedTest
  @ValueSource(strings = {"disable", "verify-full"})
  void silentAtTheLogin(String sslMode) {
    fixture.set("DB_SSL_MODE", sslMode);
    network.swallow();

    cannotBegin();
  }

  @Test
  void silentInTheMiddleOfTheLogin() {
    network.before("SCRAM-SHA-256", network::swallow);

    cannotBegin();
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

      cannotBegin();
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

    LoadException failure = fixture.failureToBegin(fixture.upload("people.csv", CONTENT));
    assertThat(failure.code()).isEqualTo(DATABASE_UNAVAILABLE);
    assertThat(fixture.people()).containsExactly("0|old|null");
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
    leaveAMomentForTheCommit(network::swallow);

    assertThat(RunningLoad.start(fixture, upload).failure())
        .hasMessageContaining("not known whether the file is loaded");
    network.close();
    connectAnew();
    assertThat(fixture.load(upload).status()).isEqualTo(LOADED);
    assertThat(history()).containsExactly("LOADED|null", "LOADED|null");
  }

  @Test
  void silentAfterTheCommit() throws IOException {
    Upload upload = fixture.upload("people.csv", CONTENT);
    leaveAMomentForTheCommit(network::swallowAnswers);

    assertThat(RunningLoad.start(fixture, upload).failure().code()).isEqualTo(DATABASE_UNAVAILABLE);
    assertThat(fixture.people()).containsExactly("1|new|null");
    network.close();
    connectAnew();
    assertThat(fixture.load(upload).status()).isEqualTo(DUPLICATE);
    assertThat(history()).containsExactly("LOADED|null", "LOADED|null");
  }

  private void leaveAMomentForTheCommit(Runnable fault) {
    TestTicker time = fixture.stopTime();
    network.before(
        "SET CONSTRAINTS",
        () -> {
          time.pass(LoadFixture.LOAD_TIME.minus(LoadFixture.A_MOMENT));
          network.before("COMMIT", fault);
        });
  }

  private void connectAnew() throws IOException {
    fixture.resumeTime();
    network = Network.to("localhost", Sandbox.shared().postgres().port());
    fixture.set("DB_PORT", Integer.toString(network.port()));
  }

  private RunningLoad slowLoad() {
    fixture.slowImports(1);
    return RunningLoad.start(
            fixture, fixture.upload("people.csv", CONTENT + "2," + "x".repeat(200)))
        .untilImporting();
  }

  /** Two attempts of a second each, and none to record the failure. */
  private void cannotBegin() {
    fixture.functionTime(LoadFixture.MARGIN.plusSeconds(1)).set("HISTORY_TABLE", "off");

    LoadException failure = fixture.failureToBegin(fixture.upload("people.csv", CONTENT));

    assertThat(failure.code()).isEqualTo(DATABASE_UNAVAILABLE);
    assertThat(failure).hasMessageContaining("cannot be reached: no answer");
    assertThat(fixture.people()).containsExactly("0|old|null");
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
