package s3topostgres.sandbox;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A real Postgres of the version the build names, with the stand-in for {@code aws_s3} among its
 * extensions. It listens on the loopback interface; the superuser {@code postgres} needs no
 * password there, everybody else logs in with SCRAM.
 *
 * <p>Several can run side by side. A test that stops or kills a server starts one of its own.
 */
public final class PostgresServer implements AutoCloseable {
  private static final String LOGIN =
      """
      host all postgres 127.0.0.1/32 trust
      host all postgres ::1/128      trust
      host all all      127.0.0.1/32 scram-sha-256
      host all all      ::1/128      scram-sha-256
      """;
  private static final List<String> EXTENSION_FILES =
      List.of("aws_commons.control", "aws_commons--1.2.sql", "aws_s3.control", "aws_s3--1.2.sql");

  private final ScratchFolder folder;
  private final int port;
  private final Cleanup cleanup;
  private Optional<EmbeddedPostgres> running = Optional.empty();
  private boolean ended;

  static {
    // Where the binaries are unpacked and where those of earlier, killed runs are looked for.
    System.setProperty("ot.epg.working-dir", ScratchFolder.SANDBOX.resolve("postgres").toString());
    // It logs that a killed server cannot be stopped; what matters is in its exceptions.
    System.setProperty("org.slf4j.simpleLogger.log.io.zonky", "off");
  }

  private PostgresServer(ScratchFolder folder, int port) {
    this.folder = folder;
    this.port = port;
    this.cleanup = Cleanup.by(this::end);
  }

  /** A new server with an empty data directory. The caller closes it, which removes its data. */
  public static PostgresServer launch() throws IOException, SQLException {
    PostgresServer server = new PostgresServer(ScratchFolder.create("postgres"), freePort());
    try {
      server.start();
      server.copyExtensionFiles();
      return server;
    } catch (IOException | SQLException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** The name under which the server is reached. */
  public String host() {
    return "localhost";
  }

  /** The port on which the server listens; the same after {@link #stop} and {@link #start}. */
  public int port() {
    return port;
  }

  /**
   * A new, empty database whose {@code aws_s3} imports from that S3 server. The caller closes it.
   */
  public SandboxDatabase createDatabase(S3Server s3) throws SQLException {
    return SandboxDatabase.create(this, s3);
  }

  /** Starts the server again, with the data that it had, and waits until it takes connections. */
  public synchronized void start() throws IOException {
    if (ended) {
      throw new IllegalStateException("The server was closed");
    }
    running =
        Optional.of(
            EmbeddedPostgres.builder()
                .setPort(port)
                .setDataDirectory(folder.path().resolve("data"))
                .setCleanDataDirectory(false)
                .setDataDirectoryCustomizer(PostgresServer::configureLogin)
                .setLocaleConfig("locale", "C")
                .setServerConfig("max_connections", "100")
                .setServerConfig("unix_socket_directories", "")
                .setServerConfig("password_encryption", "scram-sha-256")
                .setOutputRedirector(Redirect.appendTo(folder.path().resolve("log").toFile()))
                .setPGStartupWait(Duration.ofSeconds(30))
                .setRegisterShutdownHook(false)
                .start());
  }

  /** Stops the server as for maintenance: open transactions are rolled back. The data stays. */
  public synchronized void stop() throws IOException {
    if (running.isPresent()) {
      running.get().close();
      running = Optional.empty();
    }
  }

  /** Stops the server as a crash of its machine does: no connection is told. The data stays. */
  public synchronized void kill() throws IOException {
    killPostmaster();
    stop();
  }

  /** Stops the server and removes its data. */
  @Override
  public void close() {
    cleanup.close();
    folder.close();
  }

  Connection connect(String database, String role, String password) throws SQLException {
    String url = "jdbc:postgresql://" + host() + ":" + port + "/" + database;
    return DriverManager.getConnection(url, role, password);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static void configureLogin(File data) {
    try {
      Files.writeString(data.toPath().resolve("pg_hba.conf"), LOGIN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void killPostmaster() throws IOException {
    Path pidFile = folder.path().resolve("data/postmaster.pid");
    if (Files.exists(pidFile)) {
      long pid = Long.parseLong(Files.readAllLines(pidFile).get(0));
      List<ProcessHandle> processes =
          ProcessHandle.of(pid).stream()
              .flatMap(postmaster -> Stream.concat(Stream.of(postmaster), postmaster.descendants()))
              .toList();
      processes.forEach(ProcessHandle::destroyForcibly);
      processes.forEach(process -> process.onExit().join());
    }
  }

  private void copyExtensionFiles() throws IOException, SQLException {
    Path target = shareDirectory().resolve("extension");
    for (String file : EXTENSION_FILES) {
      try (InputStream source = PostgresServer.class.getResourceAsStream("/postgres/" + file)) {
        Files.copy(source, target.resolve(file), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private Path shareDirectory() throws SQLException {
    try (Connection connection = connect("postgres", "postgres", "");
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'")) {
      row.next();
      return Path.of(row.getString(1));
    }
  }

  private synchronized void end() {
    ended = true;
    try {
      stop();
      killPostmaster(); // One that was still starting when its start was given up.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
