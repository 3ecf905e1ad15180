package s3topostgres.sandbox;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A database of a test's own in a {@link PostgresServer}. Closing it drops it, whoever is still
 * connected, and the roles that were made for it.
 */
public final class SandboxDatabase implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final PostgresServer server;
  private final String name;
  private final List<String> roles = new ArrayList<>();

  private SandboxDatabase(PostgresServer server, String name) {
    this.server = server;
    this.name = name;
  }

  /** A copy of a database that nobody is connected to. */
  static SandboxDatabase create(
      PostgresServer server, String template, String fetchCommand, S3Server s3)
      throws SQLException {
    SandboxDatabase database = new SandboxDatabase(server, "sandbox_" + COUNT.incrementAndGet());
    try (Connection connection = server.connect("postgres", "postgres", "")) {
      execute(connection, "CREATE DATABASE %s TEMPLATE %s".formatted(database.name, template));
      database.set(connection, "sandbox.fetch_object", fetchCommand);
      database.set(connection, "sandbox.s3_endpoint", s3.endpointForPostgres().toString());
      database.set(connection, "sandbox.s3_region", S3Server.REGION);
    }
    return database;
  }

  /** A name that nothing else has; without digits, which tests look for where they must not be. */
  public static String unique(String prefix) {
    return prefix + UUID.randomUUID().toString().replaceAll("\\d", "x");
  }

  /** The host of the database's server. */
  public String host() {
    return server.host();
  }

  /** The port of the database's server. */
  public int port() {
    return server.port();
  }

  /** The database's name, which needs no quotes. */
  public String name() {
    return name;
  }

  /** A new connection as the superuser {@code postgres}. The caller closes it. */
  public Connection connect() throws SQLException {
    return connect("postgres", "");
  }

  /** A new connection as that role. The caller closes it. */
  public Connection connect(String role, String password) throws SQLException {
    return server.connect(name, role, password);
  }

  /** Runs the statements one by one as superuser, each in a transaction of its own. */
  public void execute(String... sql) throws SQLException {
    try (Connection connection = connect()) {
      execute(connection, sql);
    }
  }

  /** All rows of a query by the superuser, each value as text, NULL as {@code null}. */
  public List<List<String>> rows(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      int columns = result.getMetaData().getColumnCount();
      List<List<String>> rows = new ArrayList<>();
      while (result.next()) {
        List<String> row = new ArrayList<>();
        for (int column = 1; column <= columns; column++) {
          row.add(result.getString(column));
        }
        rows.add(Collections.unmodifiableList(row));
      }
      return rows;
    }
  }

  /**
   * Makes a role that may log in and owns nothing. It may call the one function of {@code aws_s3}
   * that a load calls, when the extension is there already.
   *
   * <p>It also gets {@code pg_execute_server_program}, which no role of RDS has: the stand-in reads
   * a program's output as the caller, so that the caller's own privileges on the table count.
   */
  public void createRole(String role, String password) throws SQLException {
    try (Connection connection = connect()) {
      createRole(connection, role, password);
    }
  }

  private void createRole(Connection connection, String role, String password) throws SQLException {
    String quoted = "\"" + role.replace("\"", "\"\"") + "\"";
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          """
          CREATE ROLE %1$s LOGIN PASSWORD %2$s;
          GRANT pg_execute_server_program TO %1$s;
          DO $$
          BEGIN
            GRANT USAGE ON SCHEMA aws_s3 TO %1$s;
            GRANT EXECUTE ON FUNCTION aws_s3.table_import_from_s3(
              text, text, text, text, text, text, text, text, text) TO %1$s;
          EXCEPTION WHEN invalid_schema_name THEN
            NULL; -- There is no aws_s3 in this database.
          END
          $$"""
              .formatted(quoted, statement.enquoteLiteral(password)));
    }
    roles.add(quoted);
  }

  /**
   * Makes a role that may fill a table and record its loads in a schema {@code history}, which is
   * made too, and nothing else: what the documentation asks to grant.
   *
   * @return its name, which needs quotes
   */
  public String createLoader(String table, String password) throws SQLException {
    String role = unique("loader_");
    try (Connection connection = connect()) {
      createRole(connection, role, password);
      execute(
          connection,
          "GRANT SELECT, INSERT, TRUNCATE ON %s TO \"%s\"".formatted(table, role),
          "CREATE SCHEMA history",
          "GRANT USAGE, CREATE ON SCHEMA history TO \"%s\"".formatted(role));
    }
    return role;
  }

  /** The settings of a function that loads into a table of this database, for more to be added. */
  public Map<String, String> settings(String role, String password, String table) {
    return new HashMap<>(
        Map.of(
            "DB_HOST", host(),
            "DB_PORT", Integer.toString(port()),
            "DB_DATABASE", name,
            "DB_USERNAME", role,
            "DB_PASSWORD", password,
            "DB_SSL_MODE", "disable",
            "DB_TABLE_NAME", table));
  }

  /**
   * Sets a parameter for the sessions that begin from now on, such as those that make the stand-in
   * fail or dawdle; the head of its file {@code aws_s3--1.2.sql} lists them.
   */
  public void set(String parameter, String value) throws SQLException {
    try (Connection connection = connect()) {
      set(connection, parameter, value);
    }
  }

  private void set(Connection connection, String parameter, String value) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      String literal = statement.enquoteLiteral(value);
      statement.execute("ALTER DATABASE " + name + " SET " + parameter + " = " + literal);
    }
  }

  /**
   * Has so many imports from now on fail as the other parameters of the stand-in say, and none
   * after them.
   */
  public void failImports(int times) throws SQLException {
    set("sandbox.import_fault_times", Integer.toString(times));
    execute("ALTER SEQUENCE aws_s3._imports RESTART");
  }

  /** How many connections to this database are open now, not counting the one that asks. */
  public int connections() throws SQLException {
    String sql =
        """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend'
          AND pid <> pg_backend_pid()
        """;
    return Integer.parseInt(rows(sql).get(0).get(0));
  }

  @Override
  public void close() throws SQLException {
    try (Connection connection = server.connect("postgres", "postgres", "")) {
      execute(connection, "DROP DATABASE " + name + " WITH (FORCE)");
      for (String role : roles) {
        execute(connection, "DROP ROLE " + role);
      }
    }
  }

  static void execute(Connection connection, String... sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String one : sql) {
        statement.execute(one);
      }
    }
  }
}
