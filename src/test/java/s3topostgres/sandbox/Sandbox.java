package s3topostgres.sandbox;

import java.io.IOException;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * The servers that the function needs. Tests share one, in which each makes databases, buckets and
 * roles of its own.
 */
public final class Sandbox implements AutoCloseable {
  /** Whether the servers run in containers, as with {@code -Pcontainers}, and not as processes. */
  static final boolean IN_CONTAINERS = Boolean.getBoolean("sandbox.containers");

  private final S3Server s3;
  private final PostgresServer postgres;

  private Sandbox(S3Server s3, PostgresServer postgres) {
    this.s3 = s3;
    this.postgres = postgres;
  }

  /** The one that is started at the first call and stopped when this JVM ends. */
  public static Sandbox shared() {
    return Shared.SANDBOX;
  }

  /** Starts one of the caller's own. The caller closes it. */
  public static Sandbox launch() throws IOException {
    FutureTask<S3Server> s3 = new FutureTask<>(S3Server::launch);
    new Thread(s3, "sandbox-s3").start(); // It takes longer than Postgres.
    PostgresServer postgres = PostgresServer.launch();
    try {
      return new Sandbox(s3.get(), postgres);
    } catch (ExecutionException e) {
      postgres.close();
      throw new IOException(e.getCause());
    } catch (InterruptedException e) {
      postgres.close();
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** The S3 server. */
  public S3Server s3() {
    return s3;
  }

  /** The Postgres server. */
  public PostgresServer postgres() {
    return postgres;
  }

  /** A new database with the extension {@code aws_s3}. The caller closes it. */
  public SandboxDatabase createDatabase() throws SQLException {
    return postgres.createDatabase(s3);
  }

  /** A new, empty database, in which the extension can be created. The caller closes it. */
  public SandboxDatabase createEmptyDatabase() throws SQLException {
    return postgres.createEmptyDatabase(s3);
  }

  @Override
  public void close() {
    postgres.close();
    s3.close();
  }

  private static final class Shared {
    static final Sandbox SANDBOX = start();

    private static Sandbox start() {
      try {
        return launch();
      } catch (IOException e) {
        throw new IllegalStateException("The sandbox does not start", e);
      }
    }
  }
}
