package s3topostgres.sandbox;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;

/**
 * A real Postgres of the version the build names, with the stand-in for {@code aws_s3} among its
 * extensions. The superuser {@code postgres} needs no password, everybody else logs in with SCRAM.
 *
 * <p>Several can run side by side. A test that stops or kills a server starts one of its own.
 */
public final class PostgresServer implements AutoCloseable {
  /** Of the stand-in, in the resources. */
  static final List<String> EXTENSION_FILES =
      List.of("aws_commons.control", "aws_commons--1.2.sql", "aws_s3.control", "aws_s3--1.2.sql");

  /** A database with the stand-in, to be copied. */
  private static final String TEMPLATE = "with_aws_s3";

  private final PostgresMachine machine;
  private boolean hasTemplate;

  private PostgresServer(PostgresMachine machine) {
    this.machine = machine;
  }

  /** A new server with an empty data directory. The caller closes it, which removes its data. */
  public static PostgresServer launch() throws IOException {
    return launch(
        Sandbox.IN_CONTAINERS
            ? ContainerPostgresMachine.create(System.getProperty("postgres.version"))
            : EmbeddedPostgresMachine.create());
  }

  /**
   * A new server of the newest release that the tests know, whatever version the build names; for
   * tests of what only that one has. The caller closes it.
   */
  public static PostgresServer launchNewest() throws IOException {
    return launch(
        Sandbox.IN_CONTAINERS
            ? ContainerPostgresMachine.create(System.getProperty("newest-postgres.version"))
            : EmbeddedPostgresMachine.createNewest());
  }

  private static PostgresServer launch(PostgresMachine machine) throws IOException {
    try {
      machine.start();
      return new PostgresServer(machine);
    } catch (IOException | RuntimeException e) {
      machine.close();
      throw e;
    }
  }

  /** The name under which the server is reached. */
  public String host() {
    return "localhost";
  }

  /** The port on which the server listens; the same after {@link #stop} and {@link #start}. */
  public int port() {
    return machine.port();
  }

  /**
   * A new database with the extension {@code aws_s3}, which imports from that S3 server. The caller
   * closes it.
   */
  public synchronized SandboxDatabase createDatabase(S3Server s3) throws SQLException {
    if (!hasTemplate) {
      try (Connection connection = connect("postgres", "postgres", "")) {
        SandboxDatabase.execute(connection, "CREATE DATABASE " + TEMPLATE);
      }
      try (Connection connection = connect(TEMPLATE, "postgres", "")) {
        SandboxDatabase.execute(connection, "CREATE EXTENSION aws_s3 CASCADE");
      }
      hasTemplate = true;
    }
    return SandboxDatabase.create(this, TEMPLATE, machine.fetchCommand(), s3);
  }

  /** A new, empty database, in which the extension can be created. The caller closes it. */
  public SandboxDatabase createEmptyDatabase(S3Server s3) throws SQLException {
    return SandboxDatabase.create(this, "template1", machine.fetchCommand(), s3);
  }

  /** Starts the server again, with the data that it had, and waits until it takes connections. */
  public void start() throws IOException {
    machine.start();
  }

  /** Stops the server as for maintenance: open transactions are rolled back. The data stays. */
  public void stop() throws IOException {
    machine.stop();
  }

  /** Stops the server as a crash of its machine does: no connection is told. The data stays. */
  public void kill() throws IOException {
    machine.kill();
  }

  /** The path under which the server, and nobody else, reads that file; a copy where need be. */
  public String place(Path file) throws IOException {
    return machine.place(file);
  }

  /** Stops the server and removes its data. */
  @Override
  public void close() {
    machine.close();
  }

  Connection connect(String database, String role, String password) throws SQLException {
    String url = "jdbc:postgresql://" + host() + ":" + port() + "/" + database;
    return DriverManager.getConnection(url, role, password);
  }
}
