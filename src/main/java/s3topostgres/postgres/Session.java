package s3topostgres.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.LoadException;

/**
 * The connection of one load. Every statement is limited by the deadline: the server cancels it
 * ({@code statement_timeout}), and if the server does not answer, the socket times out a little
 * later. Values are bound, never written into the SQL.
 *
 * <p>{@link #close} rolls back an open transaction.
 */
public final class Session implements AutoCloseable {
  /** By how much the socket waits longer than the server, whose error is the better one. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  private static final int PIECE_BYTES = 64 * 1024;

  /** The longest time limit; both limits are milliseconds in 31 bits. */
  private static final Duration LONGEST = Duration.ofDays(1);

  private static final Logger log = LoggerFactory.getLogger(Session.class);

  private final Connection connection;
  private final Deadline deadline;

  Session(Connection connection, Deadline deadline) {
    this.connection = connection;
    this.deadline = deadline;
  }

  /** Reads one row of a result. */
  @FunctionalInterface
  public interface Row<T> {
    T read(ResultSet row) throws SQLException;
  }

  /** When the work on this connection has to end. */
  public Deadline deadline() {
    return deadline;
  }

  /** Shares this connection under another deadline; either session closes it. */
  public Session until(Deadline other) {
    return new Session(connection, other);
  }

  /** The major version of the server, such as 17. */
  public int serverVersion() throws SQLException {
    return connection.getMetaData().getDatabaseMajorVersion();
  }

  /** The database user, quoted as SQL needs it. */
  public String user() throws SQLException {
    return one("SELECT quote_ident(current_user)", row -> row.getString(1));
  }

  /**
   * Begins a transaction. Whatever is set, is set until its end: a pooler may hand the connection
   * to another client then.
   */
  public void begin() throws SQLException {
    connection.setAutoCommit(false);
    // Before the first query. A load has to see what was committed while it waited for a lock.
    execute(
        "SET LOCAL transaction_isolation = 'read committed';\n%s;\n%s"
            .formatted(SessionSettings.SQL, SessionSettings.DATES));
  }

  /**
   * Commits everything since {@link #begin}. Postgres does not apply {@code statement_timeout} to a
   * commit, so only the socket's time limit holds.
   */
  public void commit() throws SQLException {
    limitSocket(millisLeft());
    connection.commit();
    connection.setAutoCommit(true);
  }

  /**
   * Lets one long statement be rolled back by itself. An error after a savepoint keeps the locks
   * that were taken before it. So that a client that is gone does not hold them, the server waits
   * for the next statement for 5 s only.
   */
  void savepoint(String name) throws SQLException {
    execute(SessionSettings.IDLE.formatted("5s") + "; SAVEPOINT " + name);
  }

  /** Rolls back to a savepoint, even after a statement that failed. */
  public void rollbackTo(String savepoint) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("ROLLBACK TO SAVEPOINT " + savepoint);
    }
  }

  /** Ends what {@link #savepoint} began. */
  void release(String savepoint) throws SQLException {
    execute("RELEASE SAVEPOINT " + savepoint + "; " + SessionSettings.IDLE.formatted("30s"));
  }

  /**
   * Runs one or more statements that take no values.
   *
   * @param sql statements separated by semicolons, sent to the server in one round trip
   */
  public void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setEscapeProcessing(false);
      statement.execute(timed(sql));
    }
  }

  /** Runs statements with bound values, and ignores what they return. */
  public void execute(String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = prepare(sql, values)) {
      run(statement);
    }
  }

  /** Runs one statement, and returns the number of rows that it changed. */
  public long update(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setEscapeProcessing(false);
      statement.execute(timed(sql));
      skipSettings(statement);
      return statement.getLargeUpdateCount();
    }
  }

  /** Runs one query, and returns its rows. */
  public <T> List<T> query(String sql, Row<T> row, Object... values) throws SQLException {
    try (PreparedStatement statement = prepare(sql, values)) {
      run(statement);
      skipSettings(statement);
      List<T> rows = new ArrayList<>();
      try (ResultSet result = statement.getResultSet()) {
        while (result.next()) {
          rows.add(row.read(result));
        }
      }
      return rows;
    }
  }

  /** The only row of a query, such as one that aggregates. */
  public <T> T one(String sql, Row<T> row, Object... values) throws SQLException {
    return query(sql, row, values).get(0);
  }

  /** Whether a query has a row. */
  public boolean exists(String sql, Object... values) throws SQLException {
    return !query(sql, row -> true, values).isEmpty();
  }

  /** Work in the database that returns something. */
  @FunctionalInterface
  public interface Work<T> {
    T run() throws SQLException;
  }

  /**
   * Runs work that may fail without an end of the transaction: what it did is rolled back then.
   *
   * @throws SQLException what the work throws, after the rollback
   */
  public <T> T inSavepoint(Work<T> work) throws SQLException {
    execute("SAVEPOINT s3_load_work");
    try {
      T result = work.run();
      execute("RELEASE SAVEPOINT s3_load_work");
      return result;
    } catch (SQLException | LoadException e) {
      try {
        undo();
      } catch (SQLException lost) {
        e.addSuppressed(lost);
      }
      throw e;
    }
  }

  /** Runs work, and rolls back what it did and the locks that it took. */
  public <T> T inUndoneSavepoint(Work<T> work) throws SQLException {
    execute("SAVEPOINT s3_load_work");
    T result = work.run();
    undo();
    return result;
  }

  private void undo() throws SQLException {
    rollbackTo("s3_load_work; RELEASE SAVEPOINT s3_load_work");
  }

  /**
   * Runs a {@code COPY ... FROM STDIN}. The driver reports a refused row only after all content is
   * sent. By then the server has released its locks, unless there is a savepoint.
   *
   * <p>{@code content} has to keep to the deadline, because the server does not cancel a statement
   * that waits for the client. If the server stops reading, the connection is aborted a little
   * after the deadline, because the socket's time limit is for reads only.
   *
   * @return the number of rows copied
   * @throws IOException from {@code content} only
   * @see <a
   *     href="https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/commands/copyfromparse.c">CopyGetData</a>,
   *     which holds off cancellations while it reads
   */
  long copyIn(String sql, InputStream content) throws SQLException, IOException {
    // The driver reads nothing until all is sent. So a trigger's notices would block the server
    // once they fill the socket's buffers.
    execute("SET LOCAL client_min_messages = error");
    log.debug("sql {}", sql);
    ScheduledExecutorService end = new ScheduledThreadPoolExecutor(1, Session::daemon);
    try {
      end.schedule(this::abort, millisLeft() + GRACE.toMillis(), TimeUnit.MILLISECONDS);
      long rows = send(connection.unwrap(PGConnection.class).getCopyAPI().copyIn(sql), content);
      execute("SET LOCAL client_min_messages = notice");
      return rows;
    } finally {
      end.shutdownNow();
    }
  }

  /** Sends like the driver's own loop, but flushes each piece, so that a lost connection shows. */
  private static long send(CopyIn copy, InputStream content) throws SQLException, IOException {
    try {
      byte[] piece = new byte[PIECE_BYTES];
      for (int read = content.read(piece); read >= 0; read = content.read(piece)) {
        copy.writeToCopy(piece, 0, read);
        copy.flushCopy();
      }
      return copy.endCopy();
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "copy-end");
    thread.setDaemon(true);
    return thread;
  }

  /** A limit for {@code lock_timeout}, in milliseconds; at least 1, because 0 means no limit. */
  public static long lockMillis(Duration limit) {
    return Math.max(1, limit.toMillis());
  }

  /** Runs a statement; attaches the notices before an error to it, as its next exceptions. */
  private static void run(PreparedStatement statement) throws SQLException {
    try {
      statement.execute();
    } catch (SQLException e) {
      Optional.ofNullable(statement.getWarnings()).ifPresent(e::setNextException);
      throw e;
    }
  }

  private PreparedStatement prepare(String sql, Object... values) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(timed(sql));
    for (int i = 0; i < values.length; i++) {
      statement.setObject(i + 1, values[i]);
    }
    return statement;
  }

  /**
   * Puts the time limit in front of a statement, in the same round trip. Outside {@link #begin},
   * the driver sends both as one transaction, which has no settings yet.
   */
  private String timed(String sql) throws SQLException {
    long left = millisLeft();
    log.debug("sql {}", sql);
    limitSocket(left);
    return connection.getAutoCommit()
        // Here, SET LOCAL would write a warning into the server's log.
        ? "SELECT set_config('statement_timeout', '%d', true);\n".formatted(left)
            + SessionSettings.SQL
            + ";\n"
            + sql
        : "SET LOCAL statement_timeout = " + left + ";\n" + sql;
  }

  /** Skips the results of what {@link #timed} puts in front of a statement. */
  private void skipSettings(Statement statement) throws SQLException {
    statement.getMoreResults();
    if (connection.getAutoCommit()) {
      statement.getMoreResults();
    }
  }

  private long millisLeft() {
    long left = deadline.left().toMillis();
    if (left == 0) {
      throw SqlErrors.outOfTime();
    }
    return Math.min(left, LONGEST.toMillis());
  }

  private void limitSocket(long millis) throws SQLException {
    connection.setNetworkTimeout(Runnable::run, (int) (millis + GRACE.toMillis()));
  }

  /** Asks the server to cancel the statement that runs now, if one does, from any thread. */
  public void cancel() {
    try {
      connection.unwrap(PGConnection.class).cancelQuery();
    } catch (SQLException e) {
      log.debug("cancelling the statement failed, SQLSTATE {}", e.getSQLState());
    }
  }

  /**
   * Closes the socket at once, from any thread, even while a statement runs. The server then rolls
   * back.
   */
  public void abort() {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException e) {
      log.debug("aborting the connection failed, SQLSTATE {}", e.getSQLState());
    }
  }

  /** Rolls back an open transaction and closes the connection. Errors are only logged. */
  @Override
  public void close() {
    try (connection) {
      if (!connection.getAutoCommit()) {
        connection.setNetworkTimeout(Runnable::run, (int) GRACE.toMillis());
        connection.rollback();
      }
    } catch (SQLException e) {
      log.debug("closing the connection failed, SQLSTATE {}", e.getSQLState());
    }
  }
}
