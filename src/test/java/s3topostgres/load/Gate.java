package s3topostgres.load;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** Holds a load up where its {@code BEFORE_LOAD_SQL} or {@code AFTER_LOAD_SQL} waits for it. */
public final class Gate implements AutoCloseable {
  /** What waits for the gate. */
  public static final String WAIT = "SELECT pg_advisory_xact_lock_shared(4711)";

  private final Connection connection;

  /** Closes the gate. */
  public Gate(LoadFixture fixture) throws SQLException {
    fixture.set("LOCK_TIMEOUT_SECONDS", "60");
    connection = fixture.connect();
    try (Statement statement = connection.createStatement()) {
      statement.execute("SELECT pg_advisory_lock(4711)");
    }
  }

  /** Lets them through. */
  public void open() throws SQLException {
    connection.close();
  }

  @Override
  public void close() throws SQLException {
    open();
  }
}
