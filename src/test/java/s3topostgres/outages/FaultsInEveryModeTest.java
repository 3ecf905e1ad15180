package s3topostgres.outages;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.postgres.TestTicker;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.PostgresServer;
import s3topostgres.sandbox.Sandbox;

/** Kills, cuts, restarts and too little time, in the modes that do not empty the table. */
@Tag("slow")
public class FaultsInEveryModeTest {
  private static final String CONTENT = "id,name\n0,old\n1,new\n2,changed\n";
  private static final List<String> NEW = List.of("0|old|null", "1|new|null", "2|changed|null");

  private static PostgresServer server;

  @AutoClose private LoadFixture fixture = new LoadFixture();

  @BeforeAll
  static void launch() throws IOException {
    server = PostgresServer.launch();
  }

  @AfterAll
  static void closeServer() {
    server.close();
  }

  /** A row to be changed, one to be deleted, and one that stays. */
  private static final List<String> OLD = List.of("0|old|null", "2|old|null", "3|old|null");

  private void prepare(Mode mode) {
    fixture.mode(mode);
    if (mode == Mode.APPEND) {
      return;
    }
    fixture.execute("INSERT INTO people VALUES (2, 'old'), (3, 'old')");
  }

  private Upload upload(Mode mode) {
    return fixture.upload(
        "people.csv", mode == Mode.APPEND ? "id,name\n1,new\n2,changed\n" : CONTENT);
  }

  private void holdsTheOldRows(Mode mode) {
    assertThat(fixture.people()).isEqualTo(mode == Mode.APPEND ? OLD.subList(0, 1) : OLD);
  }

  private void holdsTheNewRows(Mode mode) {
    List<String> expected = new ArrayList<>(NEW);
    if (mode == Mode.UPSERT) {
      expected.add("3|old|null");
    }
    assertThat(fixture.people()).isEqualTo(expected);
  }

  private static Stream<Arguments> statements() {
    List<String> merging =
        List.of(
            "CREATE TEMPORARY TABLE s3_load_stage",
            LoadFixture.importStatement(),
            "LOCK TABLE",
            "s3_load_differences",
            "UPDATE public.people",
            "INSERT INTO public.people",
            "COMMIT");
    return Stream.concat(
        Stream.concat(
            merging.stream().map(statement -> Arguments.of(Mode.UPSERT, statement)),
            Stream.of(Arguments.of(Mode.SYNC, "DELETE FROM public.people"))),
        Stream.of(LoadFixture.importStatement(), "COMMIT")
            .map(statement -> Arguments.of(Mode.APPEND, statement)));
  }

  @ParameterizedTest
  @MethodSource("statements")
  void cutBeforeAStatement(Mode mode, String statement) throws IOException {
    prepare(mode);
    Upload upload = upload(mode);
    try (Network network = Network.to("localhost", Sandbox.shared().postgres().port())) {
      fixture.set("DB_PORT", Integer.toString(network.port()));
      network.before(statement, network::cut);

      assertThat(RunningLoad.start(fixture, upload).failure().code())
          .isEqualTo(DATABASE_UNAVAILABLE);
      holdsTheOldRows(mode);
      assertThat(fixture.load(upload).status()).isEqualTo(LOADED);
      assertThat(fixture.load(upload).status()).isEqualTo(DUPLICATE);
    }
    holdsTheNewRows(mode);
    assertThat(fixture.rows("SELECT status FROM history.loads ORDER BY id"))
        .containsExactly("FAILED", "LOADED");
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC", "APPEND", "UPSERT"})
  void serverKilledDuringTheCommit(Mode mode) throws IOException {
    fixture.close();
    fixture = new LoadFixture(server);
    prepare(mode);
    Upload upload = upload(mode);
    // The tests' servers do not wait for the disk, but a load does.
    fixture.execute("CHECKPOINT");
    CompletableFuture<Void> killed = new CompletableFuture<>();
    try (Network network = Network.to("localhost", server.port())) {
      fixture.set("DB_PORT", Integer.toString(network.port()));
      network.before("COMMIT", () -> new Thread(() -> kill(killed)).start());
      RunningLoad load = RunningLoad.start(fixture, upload);
      RunningLoad.await(() -> !load.running());
      killed.join();
    }
    server.start();
    fixture.set("DB_PORT", Integer.toString(server.port()));

    boolean loaded = fixture.people().contains("1|new|null");
    if (!loaded) {
      holdsTheOldRows(mode);
    }
    assertThat(fixture.load(upload).status()).isEqualTo(loaded ? DUPLICATE : LOADED);
    holdsTheNewRows(mode);
  }

  private static void kill(CompletableFuture<Void> killed) {
    try {
      server.kill();
      killed.complete(null);
    } catch (IOException e) {
      killed.completeExceptionally(e);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC", "APPEND", "UPSERT"})
  void outOfTimeWhileTheDatabaseFetchesTheObject(Mode mode) {
    prepare(mode);
    Upload upload = upload(mode);
    fixture.slowImports(1);
    fixture.leaveAMomentForTheWork();

    assertThat(RunningLoad.start(fixture, upload).failure().code()).isEqualTo(OUT_OF_TIME);
    holdsTheOldRows(mode);
    assertThat(fixture.rows("SELECT error_code FROM history.loads")).containsExactly("OUT_OF_TIME");
  }

  @ParameterizedTest
  @EnumSource(names = {"SYNC", "UPSERT"})
  void outOfTimeWhileItWaitsForAWriter(Mode mode) throws SQLException {
    prepare(mode);
    Upload upload = upload(mode);
    TestTicker time = fixture.stopTime();
    try (Connection writer = fixture.connect();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("UPDATE people SET born = now() WHERE id = 3");

      RunningLoad load = RunningLoad.start(fixture, upload);
      time.awaitSleeper();
      time.pass(LoadFixture.LOAD_TIME);
      assertThat(load.failure().code()).isEqualTo(OUT_OF_TIME);
      writer.rollback();
    }
    holdsTheOldRows(mode);
  }
}
