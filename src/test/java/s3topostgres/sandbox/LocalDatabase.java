package s3topostgres.sandbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import org.postgresql.ds.PGSimpleDataSource;
import s3topostgres.config.DatabaseSettings;
import s3topostgres.config.Secret;
import s3topostgres.config.Settings;

/**
 * The database of the local run: an embedded one, or the one that the environment names, which is
 * left running.
 *
 * @param settings of a function that loads into its table
 * @param address as {@code psql} takes it
 */
record LocalDatabase(
    Map<String, String> settings, String address, Connecting connecting, Runnable end)
    implements AutoCloseable {
  private static final String LOADER = "csv_loader";
  private static final String AUTHORITIES = "src/main/resources/amazon-authorities.pem";

  /** Opens a connection, which whoever asks for it closes. */
  @FunctionalInterface
  interface Connecting {
    Connection open() throws SQLException;
  }

  /**
   * Whether the environment names a database, which only {@code copy} can load from this machine.
   */
  static boolean isOwn(String importWith) {
    return importWith.equals("copy") && System.getenv("DB_HOST") != null;
  }

  /**
   * A database that ends with the run.
   *
   * @param table in which to load, as in SQL
   */
  static LocalDatabase embedded(Sandbox sandbox, String table) throws SQLException {
    SandboxDatabase database = sandbox.createDatabase();
    database.createRole(LOADER, "local");
    database.execute(
        "GRANT CREATE ON SCHEMA public TO " + LOADER,
        "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, TRUNCATE ON TABLES TO " + LOADER);
    return new LocalDatabase(
        database.settings(LOADER, "local", table),
        "postgresql://postgres@%s:%d/%s"
            .formatted(database.host(), database.port(), database.name()),
        database::connect,
        sandbox.postgres()::close);
  }

  /**
   * The one that the environment names, in the function's own words.
   *
   * @param table in which to load where the environment names none, as in SQL
   */
  static LocalDatabase own(String table) throws SQLException {
    Map<String, String> settings = new HashMap<>(System.getenv());
    settings.keySet().retainAll(Settings.names());
    settings.putIfAbsent("DB_TABLE_NAME", table);
    DatabaseSettings database = Settings.read(settings).database();
    return new LocalDatabase(
        settings,
        "postgresql://%s@%s:%d/%s"
            .formatted(database.username(), database.host(), database.port(), database.database()),
        () -> connect(database),
        () -> {});
  }

  /** Runs a statement as the owner of the tables. */
  void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Connection connect(DatabaseSettings settings) throws SQLException {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {settings.host()});
    source.setPortNumbers(new int[] {settings.port()});
    source.setDatabaseName(settings.database());
    source.setUser(settings.username());
    source.setPassword(settings.password().map(Secret::reveal).orElse(""));
    source.setSslMode(settings.sslMode());
    source.setSslRootCert(settings.caCertificate().orElse(AUTHORITIES));
    return source.getConnection();
  }

  Connection connect() throws SQLException {
    return connecting.open();
  }

  @Override
  public void close() {
    end.run();
  }
}
