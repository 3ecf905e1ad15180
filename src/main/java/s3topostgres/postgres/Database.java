package s3topostgres.postgres;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.LoadException;
import s3topostgres.config.CaCertificate;
import s3topostgres.config.DatabaseSettings;
import s3topostgres.config.Parameters;
import s3topostgres.config.Password;

/** Connects to the database. One connection per load; there is no pool. */
public final class Database {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  private static final Logger log = LoggerFactory.getLogger(Database.class);

  private final DatabaseSettings settings;
  private final Password password;
  private final CaCertificate authorities;

  /**
   * Makes no connection yet.
   *
   * @param parameters which may hold the password and the certificate authorities
   */
  public Database(DatabaseSettings settings, Parameters parameters) {
    this.settings = settings;
    this.password = new Password(settings, parameters);
    this.authorities = new CaCertificate(settings, parameters);
  }

  /**
   * Opens a connection, and retries after errors that may be temporary.
   *
   * @param deadline when the work on the connection has to end
   * @param latestStart when a new attempt would be too late for the work to end in time
   * @throws LoadException {@code DATABASE_UNAVAILABLE}, {@code DATABASE_REFUSED} or {@code
   *     OUT_OF_TIME}; {@code CONFIG_INVALID} when the password cannot be read
   */
  public Session connect(Deadline deadline, Deadline latestStart) {
    Backoff backoff = new Backoff();
    while (true) {
      try {
        return connectOnce(deadline);
      } catch (LoadException e) {
        if (!e.code().retryHelps() || latestStart.passed()) {
          throw e;
        }
        log.warn("retrying to connect to the database: {}", e.getMessage());
        backoff.pause(latestStart);
      }
    }
  }

  /**
   * Opens a connection in one attempt.
   *
   * @throws LoadException as {@link #connect}
   */
  public Session connectOnce(Deadline deadline) {
    try {
      return open(deadline);
    } catch (SQLException e) {
      if (SqlErrors.isLoginRefused(e) && password.forget()) {
        log.debug("the database refused the login; reading the password's parameter once more");
        try {
          return open(deadline);
        } catch (SQLException again) {
          throw SqlErrors.connecting(again, settings);
        }
      }
      throw SqlErrors.connecting(e, settings);
    }
  }

  /**
   * Resolves the host's name.
   *
   * @return what was found, for a message
   */
  public String resolveHost() {
    try {
      return "%s is %s"
          .formatted(settings.host(), InetAddress.getByName(settings.host()).getHostAddress());
    } catch (UnknownHostException e) {
      throw unreachable(e);
    }
  }

  /**
   * Opens a TCP connection and closes it again.
   *
   * @return what was found, for a message
   */
  public String reach(Duration limit) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(settings.host(), settings.port()), (int) limit.toMillis());
      return "port %d is open".formatted(settings.port());
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  private LoadException unreachable(IOException e) {
    return SqlErrors.connecting(
        new SQLException(null, SqlState.CONNECTION_CLASS + "001", e), settings);
  }

  /**
   * Reads the password and the certificate authorities that Systems Manager holds.
   *
   * @throws LoadException {@code CONFIG_INVALID} or {@code DATABASE_UNAVAILABLE} when one cannot be
   *     read
   */
  public void readParameters(Duration limit) {
    authorities.file(limit);
    password.get(limit);
  }

  /** Whether a failure to connect is an error that the server sent, so that TLS worked. */
  public static boolean isServerError(LoadException refused) {
    return refused
        .sqlState()
        .filter(state -> !state.startsWith(SqlState.CONNECTION_CLASS))
        .isPresent();
  }

  private Session open(Deadline deadline) throws SQLException {
    if (deadline.passed()) {
      throw SqlErrors.outOfTime();
    }
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {settings.host()});
    source.setPortNumbers(new int[] {settings.port()});
    source.setDatabaseName(settings.database());
    source.setUser(settings.username());
    source.setPassword(password.get(deadline.left()).reveal());
    source.setSslMode(settings.sslMode());
    if (settings.verifiesCertificate()) {
      source.setSslRootCert(authorities.file(deadline.left()).toString());
    }
    source.setGssEncMode("disable");
    source.setApplicationName("s3-csv-to-postgres");
    // The driver then sends the name with the login, instead of setting it in the session.
    source.setAssumeMinServerVersion("13");
    // A statement that is prepared by name stays in the session.
    source.setPrepareThreshold(0);
    int limit = seconds(deadline.within(CONNECT_TIMEOUT));
    source.setConnectTimeout(limit);
    // For each read, until the first statement sets another: a server may accept and never answer.
    source.setSocketTimeout(limit);
    // For connecting as a whole, including name resolution and a server that answers byte by byte.
    source.setLoginTimeout(limit);
    // For each attempt to cancel a statement, in seconds.
    source.setCancelSignalTimeout(2);
    source.setTcpKeepAlive(true);
    source.setSocketFactory(LingeringSockets.class.getName());
    Connection connection = source.getConnection();
    Session session = new Session(connection, deadline);
    try {
      session.execute("SELECT"); // Its settings fail on a read-only server.
      return session;
    } catch (SQLException | RuntimeException e) {
      session.close();
      throw e;
    }
  }

  private static int seconds(Deadline deadline) {
    return Math.max(1, Math.toIntExact(deadline.left().toSeconds()));
  }
}
