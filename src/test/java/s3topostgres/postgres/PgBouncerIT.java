package s3topostgres.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.config.Mode.CHANGES;
import static s3topostgres.history.Verdict.LOADED;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;

/** Loads through PgBouncer, which has one connection to the database for all of them. */
@Tag("packaging")
class PgBouncerIT {
  /** What PgBouncer sets itself for each of its clients, and what each transaction begins with. */
  private static final String SET_ANEW =
      "('DateStyle', 'TimeZone', 'application_name', 'client_encoding', 'standard_conforming_strings', 'transaction_isolation')";

  private static final String WAITING =
      "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'";

  private final LoadFixture fixture = new LoadFixture();
  @TempDir Path folder;
  private Process pooler;

  @AfterEach
  void close() {
    pooler.destroyForcibly().onExit().join();
    fixture.close();
  }

  static Stream<Arguments> poolsAndModes() {
    return Stream.of("transaction", "session")
        .flatMap(pool -> Arrays.stream(Mode.values()).map(mode -> Arguments.of(pool, mode)));
  }

  @ParameterizedTest
  @MethodSource("poolsAndModes")
  void leavesNothingOnTheConnectionThatOthersUse(String pool, Mode mode) throws Exception {
    fixture.mode(mode);
    int port = startPooler(pool);
    fixture.set("DB_PORT", Integer.toString(port));

    Upload killed = fixture.upload(key(1), file(mode, "1"));
    killWhileItWaitsForTheTable(killed, port);
    assertThat(fixture.load(killed).status()).isEqualTo(LOADED);
    for (int i = 2; i <= 6; i++) {
      assertThat(fixture.load(key(i), file(mode, Integer.toString(i))).status()).isEqualTo(LOADED);
      assertThat(left(port)).isEmpty();
    }
    List<String> people = fixture.people();
    assertThatThrownBy(() -> fixture.load(key(7), file(mode, "x")))
        .hasMessageStartingWith(ROW_REJECTED + ":");

    assertThat(fixture.people()).isEqualTo(people).contains("6|new|null");
    assertThat(left(port)).isEmpty();
  }

  @Test
  void leavesNothingBehindALoadIntoAnEmptyTable() throws Exception {
    fixture.mode(Mode.SYNC);
    int port = startPooler("transaction");
    fixture.set("DB_PORT", Integer.toString(port));

    for (int i = 1; i <= 2; i++) {
      fixture.execute("DELETE FROM people");
      assertThat(fixture.load(key(i), file(Mode.SYNC, "1")).status()).isEqualTo(LOADED);
      assertThat(left(port)).isEmpty();
    }
  }

  @Test
  void findsTheTableWhoeverHadTheConnectionBefore() throws Exception {
    int port = startPooler("transaction");
    fixture.set("DB_PORT", Integer.toString(port)).set("DB_TABLE_NAME", "people");
    try (Connection other = connect(port);
        Statement statement = other.createStatement()) {
      statement.execute("SET search_path = pg_catalog");
    }

    assertThat(fixture.load("people.csv", "id,name\n1,new\n").status()).isEqualTo(LOADED);
  }

  /** The driver asks for ISO, and the order of day and month is that of the last client. */
  @Test
  void readsDatesInTheOrderOfTheDatabaseWhoeverHadTheConnectionBefore() throws Exception {
    int port = startPooler("transaction");
    fixture.set("DB_PORT", Integer.toString(port));
    try (Connection other = connect(port);
        Statement statement = other.createStatement()) {
      statement.execute("SET DateStyle = 'ISO, DMY'");
    }

    fixture.load("people.csv", "id,name,born\n1,new,03/02/2026\n");

    assertThat(fixture.rows("SELECT born FROM people")).containsExactly("2026-03-02");
  }

  /** The function's connection breaks without a word, and the pooler gives its transaction up. */
  private void killWhileItWaitsForTheTable(Upload upload, int port) throws Exception {
    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE people IN EXCLUSIVE MODE");
      RunningLoad load;
      try (Network network = Network.to("localhost", port)) {
        fixture.set("DB_PORT", Integer.toString(network.port()));
        load = RunningLoad.start(fixture, upload);
        RunningLoad.await(() -> !fixture.rows(WAITING).isEmpty());
      }
      assertThat(load.failure().code()).isEqualTo(DATABASE_UNAVAILABLE);
      other.rollback();
    }
    fixture.set("DB_PORT", Integer.toString(port));
  }

  private static String key(int number) {
    return "20240612-10322736%d.csv".formatted(number);
  }

  private static String file(Mode mode, String id) {
    return mode == CHANGES
        ? "Op,id,name\nI,%s,new\n".formatted(id)
        : "id,name\n%s,new\n".formatted(id);
  }

  /** What the pool's next client would find. */
  private List<String> left(int port) throws SQLException {
    List<String> found = new ArrayList<>();
    try (Connection next = connect(port);
        Statement statement = next.createStatement();
        ResultSet left =
            statement.executeQuery(
                """
                SELECT name || ' = ' || setting FROM pg_settings
                WHERE source = 'session' AND name NOT IN %s
                UNION ALL SELECT 'statement ' || name FROM pg_prepared_statements
                UNION ALL SELECT 'lock ' || objid FROM pg_locks WHERE locktype = 'advisory'
                UNION ALL SELECT relname FROM pg_class WHERE relpersistence = 't'"""
                    .formatted(SET_ANEW))) {
      while (left.next()) {
        found.add(left.getString(1));
      }
    }
    return found;
  }

  private Connection connect(int port) throws SQLException {
    String url =
        "jdbc:postgresql://localhost:%d/%s?assumeMinServerVersion=13"
            .formatted(port, fixture.rows("SELECT current_database()").get(0));
    return DriverManager.getConnection(url, fixture.role(), LoadFixture.PASSWORD);
  }

  /** Starts {@code pgbouncer}, which has to be installed. It refuses to run as root. */
  private int startPooler(String pool) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path users = folder.resolve("users.txt");
    Files.writeString(
        users,
        "\"%s\" \"%s\"\n".formatted(fixture.role(), LoadFixture.PASSWORD.replace("\"", "\"\"")));
    Path config = folder.resolve("pgbouncer.ini");
    Files.writeString(
        config,
        """
        [databases]
        * = host=127.0.0.1 port=%s
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = %d
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = %s
        pool_mode = %s
        default_pool_size = 1
        """
            .formatted(fixture.rows("SELECT inet_server_port()").get(0), port, users, pool));
    List<String> command = new ArrayList<>(List.of("pgbouncer", config.toString()));
    if (System.getProperty("user.name").equals("root")) {
      for (Path path : List.of(users, config, folder)) {
        path.toFile().setReadable(true, false);
        path.toFile().setExecutable(true, false);
      }
      command.addAll(List.of("-u", "nobody"));
    }
    pooler =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    RunningLoad.await(() -> listens(port));
    return port;
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket("localhost", port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }
}
