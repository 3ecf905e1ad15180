package s3topostgres.postgres;

import java.io.EOFException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.config.DatabaseSettings;
import s3topostgres.config.DatabaseSettings.Login;

/**
 * Translates errors of the database into failures. Postgres' messages are shown only for errors
 * while connecting; later they may quote a cell or a line.
 */
public final class SqlErrors {
  /**
   * A statement cancelled this close to the deadline was cancelled by {@code statement_timeout}.
   */
  private static final Duration CLOSE_TO_DEADLINE = Duration.ofMillis(500);

  private SqlErrors() {}

  /** Translates an error of a statement, by its SQLSTATE alone. */
  public static LoadException translate(SQLException e, Deadline deadline) {
    String state = state(e);
    boolean atDeadline = deadline.left().compareTo(CLOSE_TO_DEADLINE) < 0;
    LoadException failure =
        switch (state) {
          case SqlState.QUERY_CANCELED ->
              atDeadline ? outOfTime() : unavailable("the statement was cancelled in the database");
          case SqlState.LOCK_NOT_AVAILABLE, SqlState.DEADLOCK, SqlState.SERIALIZATION_FAILURE ->
              ErrorCode.TABLE_BUSY.failure(
                  "another session blocked the load (a lock or a deadlock)", Retry.BY_ITSELF);
          case SqlState.INSUFFICIENT_PRIVILEGE ->
              ErrorCode.TABLE_UNUSABLE.failure(
                  "the database user lacks a privilege, or row-level security forbids a row",
                  "Grant what deploy.md lists under \"The database user\".");
          case SqlState.READ_ONLY_TRANSACTION -> readOnly("the database");
          default -> byClass(state, atDeadline);
        };
    return failure.sqlState(e.getSQLState());
  }

  private static LoadException byClass(String state, boolean atDeadline) {
    if (state.startsWith(SqlState.CONNECTION_CLASS)) {
      return atDeadline ? outOfTime() : unavailable("the connection to the database was lost");
    }
    if (state.startsWith(SqlState.SHUTDOWN_PREFIX)) {
      return unavailable("the database ended the connection, or is shutting down or starting up");
    }
    if (state.startsWith(SqlState.RESOURCES_CLASS)) {
      return unavailable("the database is out of memory, disk or connections");
    }
    return ErrorCode.DATABASE_REFUSED.failure(
        "the database refused one of the function's statements (SQLSTATE " + state + ")",
        "See the database's own log; nothing was changed.");
  }

  /** Translates an error while connecting; the server has received nothing of the file yet. */
  static LoadException connecting(SQLException e, DatabaseSettings settings) {
    String where = "%s:%d".formatted(settings.host(), settings.port());
    String state = state(e);
    Optional<String> said =
        serverMessage(e).map(ServerErrorMessage::getMessage).map(words -> " (" + words + ")");
    LoadException failure;
    if (isLoginRefused(e) || state.equals(SqlState.NO_SUCH_DATABASE)) {
      failure =
          ErrorCode.DATABASE_REFUSED.failure(
              "the database at " + where + " refused the login" + said.orElse(""),
              settings.login() == Login.IAM
                  ? "Check DB_USERNAME and DB_DATABASE, that the user was granted rds_iam, that IAM"
                      + " authentication is on at the database, that DB_HOST is its own endpoint, and"
                      + " that the function's role may rds-db:connect as the user."
                  : "Check DB_USERNAME, DB_DATABASE and the password or its parameter.");
    } else if (isTlsRefused(e)) {
      failure = TlsErrors.translate(e, where);
    } else if (state.equals(SqlState.CONNECTION_REJECTED)) {
      failure =
          ErrorCode.DATABASE_REFUSED.failure(
              "the database at "
                  + where
                  + " does not offer the connection that DB_SSL_MODE requires",
              "Turn on TLS at the database, or set DB_SSL_MODE=disable where there is none.");
    } else if (state.equals(SqlState.READ_ONLY_TRANSACTION)) {
      failure = readOnly("the database at " + where);
    } else if (isConnectionLost(e) || state.startsWith(SqlState.RESOURCES_CLASS)) {
      failure =
          unavailable(
              "the database at " + where + " cannot be reached: " + reason(e) + said.orElse(""));
    } else {
      failure =
          ErrorCode.DATABASE_REFUSED.failure(
              "the database at " + where + " refuses the connection" + said.orElse(""),
              "Check that DB_USERNAME may connect to DB_DATABASE, and the database's own log.");
    }
    return failure.sqlState(e.getSQLState());
  }

  /** Whether the certificate or the TLS handshake failed, not the network. */
  private static boolean isTlsRefused(SQLException e) {
    boolean lost =
        hasCause(e, EOFException.class)
            || hasCause(e, SocketException.class)
            || hasCause(e, SocketTimeoutException.class);
    return !lost
        && (hasCause(e, SSLException.class)
            || hasCause(e, GeneralSecurityException.class)
            || TlsErrors.isForAnotherName(e));
  }

  private static String reason(SQLException e) {
    if (hasCause(e, UnknownHostException.class)) {
      return "the host's name cannot be resolved";
    }
    if (hasCause(e, ConnectException.class)) {
      return "nothing listens there";
    }
    boolean timedOut = e.getCause() == null && serverMessage(e).isEmpty();
    if (timedOut || hasCause(e, SocketTimeoutException.class)) {
      return "no answer (check security groups and routes)";
    }
    return "SQLSTATE " + state(e);
  }

  static boolean isLoginRefused(SQLException e) {
    return state(e).startsWith(SqlState.AUTHORIZATION_CLASS);
  }

  public static boolean isConnectionLost(SQLException e) {
    return state(e).startsWith(SqlState.CONNECTION_CLASS)
        || state(e).startsWith(SqlState.SHUTDOWN_PREFIX);
  }

  /** Whether a table's name is malformed, or in a schema that the user may not access. */
  public static boolean isNameRefused(SQLException e) {
    String state = state(e);
    return state.startsWith(SqlState.SYNTAX_OR_ACCESS_CLASS)
        || state.equals(SqlState.INVALID_PARAMETER_VALUE)
        || state.equals(SqlState.FEATURE_NOT_SUPPORTED);
  }

  /** The failure of a load that cannot finish in time. */
  public static LoadException outOfTime() {
    return ErrorCode.OUT_OF_TIME.failure(
        "the load was not finished before the function's time limit",
        "Raise FUNCTION_TIMEOUT_SECONDS (1800 at most), find out what slowed the database down,"
            + " or split the file; the old rows are still there.");
  }

  private static LoadException unavailable(String why) {
    return ErrorCode.DATABASE_UNAVAILABLE.failure(
        why,
        "Check that the database is up and reachable from the function's subnets, if"
            + " that lasts. "
            + Retry.BY_ITSELF);
  }

  /** The failure at a replica, or after a failover until DB_HOST resolves to the new writer. */
  private static LoadException readOnly(String database) {
    return ErrorCode.DATABASE_UNAVAILABLE.failure(
        database + " is read-only",
        "After a failover, wait; otherwise set DB_HOST to the writer's address, not a"
            + " replica's. "
            + Retry.BY_ITSELF);
  }

  static String state(SQLException e) {
    return Optional.ofNullable(e.getSQLState()).orElse("unknown");
  }

  static Optional<ServerErrorMessage> serverMessage(SQLException e) {
    return e instanceof PSQLException ours
        ? Optional.ofNullable(ours.getServerErrorMessage())
        : Optional.empty();
  }

  /** Whether the context of an error has a matching frame. */
  static boolean hasFrame(SQLException e, Pattern frame) {
    return serverMessage(e)
        .map(ServerErrorMessage::getWhere)
        .filter(where -> frame.matcher(where).find())
        .isPresent();
  }

  private static boolean hasCause(Throwable e, Class<? extends Throwable> type) {
    return Stream.iterate(e, java.util.Objects::nonNull, Throwable::getCause)
        .anyMatch(type::isInstance);
  }
}
