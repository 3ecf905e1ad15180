package s3topostgres.sandbox;

import java.io.IOException;
import java.sql.SQLException;

/**
 * The servers that the function needs. Tests share one, in which each makes databases, buckets and
 * roles of its own.
 */
public final class Sandbox implements AutoCloseable {
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
  public static Sandbox launch() throws IOException, SQLException {
    ServerProcess s3 = S3Server.begin();
    try {
      PostgresServer postgres = PostgresServer.launch();
      try {
        return new Sandbox(S3Server.await(s3), postgres);
      } catch (IOException | RuntimeException e) {
        postgres.close();
        throw e;
      }
    } catch (IOException | SQLException | RuntimeException e) {
      s3.close();
      throw e;
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

  /** A new, empty database. The caller closes it. */
  public SandboxDatabase createDatabase() throws SQLException {
    return postgres.createDatabase(s3);
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
      } catch (IOException | SQLException e) {
        throw new IllegalStateException("The sandbox does not start", e);
      }
    }
  }
}
