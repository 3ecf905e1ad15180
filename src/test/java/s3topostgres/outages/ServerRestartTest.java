package s3topostgres.outages;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.PostgresServer;

/** A database server that stops or crashes at different moments of a load, and comes back. */
@Tag("slow")
public class ServerRestartTest {
  private static final String CONTENT = "id,name\n1,new\n";

  private static PostgresServer server;

  private final CompletableFuture<Void> killed = new CompletableFuture<>();
  @AutoClose private LoadFixture fixture;

  @BeforeAll
  static void launch() throws Exception {
    server = PostgresServer.launch();
  }

  @AfterAll
  static void closeServer() {
    server.close();
  }

  @BeforeEach
  void prepare() {
    fixture = new LoadFixture(server);
    fixture.load("people.csv", "id,name\n0,old\n");
  }

  @Test
  void stoppedInMidImport() throws Exception {
    RunningLoad load = slowLoad();
    server.stop();
    server.start();

    load.failure(DATABASE_UNAVAILABLE);
    assertThat(history())
        .startsWith("LOADED|null")
        .doesNotContainSequence("LOADED|null", "LOADED|null");
  }

  @Test
  void killedInMidImport() throws Exception {
    RunningLoad load = slowLoad();
    server.kill();
    server.start();

    load.failure(DATABASE_UNAVAILABLE);
  }

  @Test
  void killedBetweenTwoStatements() throws Exception {
    Upload upload = fixture.upload("people.csv", CONTENT);
    RunningLoad load = killedBefore("TRUNCATE", this::kill, upload);

    load.failure(DATABASE_UNAVAILABLE);
    assertThat(fixture.load(upload).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|new|null");
  }

  @Test
  void killedBeforeTheCommit() throws Exception {
    Upload upload = fixture.upload("people.csv", CONTENT);
    RunningLoad load = killedBefore("COMMIT", this::kill, upload);

    assertThat(load.failure(DATABASE_UNAVAILABLE))
        .hasMessageContaining("not known whether the file is loaded");
    assertThat(fixture.load(upload).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|new|null");
    assertThat(history()).containsExactly("LOADED|null", "LOADED|null");
  }

  /** Nobody can say how this one ends, but the table and the history have to agree on it. */
  @Test
  void killedDuringTheCommit() throws Exception {
    Upload upload = fixture.upload("people.csv", CONTENT);
    killedBefore("COMMIT", () -> new Thread(this::kill).start(), upload);

    boolean loaded = fixture.people().equals(List.of("1|new|null"));
    assertThat(history().stream().filter("LOADED|null"::equals)).hasSize(loaded ? 2 : 1);
    assertThat(fixture.load(upload).status()).isEqualTo(loaded ? DUPLICATE : LOADED);
    assertThat(fixture.people()).containsExactly("1|new|null");
  }

  @Test
  void startedWhileALoadTriesToConnect() throws Exception {
    Upload upload = fixture.upload("people.csv", CONTENT);
    server.stop();
    RunningLoad load = RunningLoad.start(fixture, upload);
    RunningLoad.await(() -> fixture.log().contains("retrying to connect"));
    server.start();

    assertThat(load.result().status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|new|null");
  }

  /** As after a failover, until the address leads to the new writer. */
  @Test
  void readOnlyWhileALoadTriesToConnect() throws Exception {
    Upload upload = fixture.upload("people.csv", CONTENT);
    String role = "ALTER ROLE \"%s\" ".formatted(fixture.role());
    fixture.execute(role + "SET default_transaction_read_only = on");
    RunningLoad load = RunningLoad.start(fixture, upload);
    RunningLoad.await(() -> fixture.log().contains(" is read-only"));
    fixture.execute(role + "RESET default_transaction_read_only");

    assertThat(load.result().status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|new|null");
  }

  @Test
  void outOfConnectionsWhileALoadTriesToConnect() throws Exception {
    Upload upload = fixture.upload("people.csv", CONTENT);
    String role = "ALTER ROLE \"%s\" CONNECTION LIMIT ".formatted(fixture.role());
    fixture.execute(role + "0");
    RunningLoad load = RunningLoad.start(fixture, upload);
    RunningLoad.await(() -> fixture.log().contains("too many connections for role"));
    fixture.execute(role + "-1");

    assertThat(load.result().status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|new|null");
  }

  private RunningLoad slowLoad() {
    fixture.slowImports(1);
    return RunningLoad.start(
            fixture, fixture.upload("people.csv", CONTENT + "2," + "x".repeat(200)))
        .untilImporting();
  }

  /**
   * A load that has ended, as the server was killed at that statement of it; the server is back.
   */
  private RunningLoad killedBefore(String statement, Runnable kill, Upload upload)
      throws IOException {
    try (Network network = Network.to("localhost", server.port())) {
      fixture.set("DB_PORT", Integer.toString(network.port()));
      network.before(statement, kill);
      RunningLoad load = RunningLoad.start(fixture, upload);
      RunningLoad.await(() -> !load.running());
      killed.join();
      server.start();
      fixture.set("DB_PORT", Integer.toString(server.port()));
      return load;
    }
  }

  private void kill() {
    try {
      server.kill();
      killed.complete(null);
    } catch (IOException e) {
      killed.completeExceptionally(e);
    }
  }

  private List<String> history() {
    return fixture.rows("SELECT status, error_code FROM history.loads ORDER BY id");
  }
}
