package s3topostgres.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ConnectException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class PostgresServerTest {
  private static final S3Server S3 = Sandbox.shared().s3();

  @Test
  void isOfTheVersionThatTheBuildNames() throws Exception {
    try (SandboxDatabase database = Sandbox.shared().createDatabase()) {
      String major = System.getProperty("postgres.version").replaceFirst("\\..*", "");

      assertThat(database.rows("SHOW server_version").get(0).get(0)).startsWith(major + ".");
    }
  }

  @Test
  void keepsItsDataOverAStopAndACrash() throws Exception {
    try (PostgresServer server = PostgresServer.launch();
        SandboxDatabase database = server.createDatabase(S3)) {
      database.execute("CREATE TABLE t AS SELECT 1 AS n");

      server.stop();
      assertThatThrownBy(database::connect).isInstanceOf(SQLException.class);
      server.start();
      assertThat(database.rows("SELECT n FROM t")).containsExactly(List.of("1"));

      server.kill();
      assertThatThrownBy(database::connect).isInstanceOf(SQLException.class);
      server.start();
      assertThat(database.rows("SELECT n FROM t")).containsExactly(List.of("1"));
    }
  }

  @Test
  void leavesNothingBehind() throws Exception {
    List<Path> before = folders();
    int port;

    try (PostgresServer server = PostgresServer.launch()) {
      port = server.port();
      new Socket("localhost", port).close();
    }

    assertThat(folders()).isEqualTo(before);
    assertThatThrownBy(() -> new Socket("localhost", port)).isInstanceOf(ConnectException.class);
  }

  @Test
  void dropsADatabaseThatIsInUseAndItsRoles() throws Exception {
    Connection connection;
    String name;
    try (SandboxDatabase database = Sandbox.shared().createDatabase()) {
      name = database.name();
      database.createRole("Re\"ader", "p'w");
      connection = database.connect("Re\"ader", "p'w");
      assertThat(database.connections()).isEqualTo(1);
      assertThatThrownBy(() -> database.connect("Re\"ader", "wrong"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
    }

    assertThat(connection.isValid(1)).isFalse();
    connection.close();
    try (SandboxDatabase database = Sandbox.shared().createDatabase()) {
      assertThat(database.rows("SELECT FROM pg_database WHERE datname = '" + name + "'")).isEmpty();
      assertThat(database.rows("SELECT FROM pg_roles WHERE rolname = 'Re\"ader'")).isEmpty();
    }
  }

  private static List<Path> folders() throws Exception {
    try (Stream<Path> paths = Files.list(ScratchFolder.FOLDERS)) {
      return paths.sorted().toList();
    }
  }
}
