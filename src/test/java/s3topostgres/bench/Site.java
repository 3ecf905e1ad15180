package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import s3topostgres.sandbox.Certificates;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxDatabase;
import s3topostgres.sandbox.SsmServer;
import s3topostgres.sandbox.UploadEvent;

/** What all benchmarks run against: Postgres and Systems Manager over TLS, and S3 without. */
final class Site implements AutoCloseable {
  static final String ROLE = "bench_loader";
  static final String PASSWORD = "s3cret-bench";

  /** The template's {@code JAVA_TOOL_OPTIONS}. */
  private static final String AS_DEPLOYED = "-XX:TieredStopAtLevel=4";

  private static final String BUCKET = "bench";
  private static final Duration TIME_LIMIT = Duration.ofMinutes(15);
  private static final String PARAMETER = "/bench/password";
  private static final Path FETCH = Path.of("src/bench/fetch-object.sh").toAbsolutePath();
  private static final Path AMAZON = Path.of("src/main/resources/amazon-authorities.pem");

  private final Path folder;
  private final Path authority;
  private final Path authorities;
  private final Path trustStore;
  private final Sandbox sandbox;
  private final SsmServer ssm;
  private final SandboxDatabase database;

  Site() throws IOException, SQLException {
    folder = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "bench-");
    Certificates certificates = new Certificates(folder);
    authority = certificates.authority("authority");
    Path server = certificates.server("server", "authority", "localhost", "-1d");
    trustStore = certificates.trustStore("authority");
    authorities = Files.copy(AMAZON, folder.resolve("authorities.pem"));
    Files.write(authorities, Files.readAllBytes(authority), StandardOpenOption.APPEND);
    sandbox = Sandbox.launch();
    ssm = SsmServer.launch(certificates.context("server"));
    ssm.put(PARAMETER, PASSWORD);
    sandbox.s3().createBucket(BUCKET);
    database = sandbox.createDatabase();
    database.set("sandbox.fetch_object", FETCH.toString());
    database.execute(
        "ALTER SYSTEM SET ssl_cert_file = '%s'".formatted(sandbox.postgres().place(server)),
        "ALTER SYSTEM SET ssl_key_file = '%s'"
            .formatted(sandbox.postgres().place(Certificates.key(server))),
        "ALTER SYSTEM SET ssl = on",
        "SELECT pg_reload_conf()",
        "CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL)");
    database.createRole(ROLE, PASSWORD);
    database.execute(
        "GRANT CREATE ON SCHEMA public TO " + ROLE, "ALTER TABLE people OWNER TO " + ROLE);
  }

  SandboxDatabase database() {
    return database;
  }

  S3Server s3() {
    return sandbox.s3();
  }

  /** The certificate of the authority that the database's comes from. */
  Path authority() {
    return authority;
  }

  /** Amazon's authorities, as many as a deployed function reads, and ours. */
  Path authorities() {
    return authorities;
  }

  /** The three indexes of a table of {@link Addresses} besides that of its primary key. */
  static final String[] INDEXES = {
    "CREATE INDEX ON %s (last_name, first_name)",
    "CREATE INDEX ON %s (postal_code)",
    "CREATE INDEX ON %s (balance)"
  };

  /** Something to be timed. */
  @FunctionalInterface
  interface Action {
    void run() throws IOException, SQLException;
  }

  /** Has nothing but what is measured work in the database: autovacuum would, at any time. */
  void stopAutovacuum() throws SQLException {
    database.execute("ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()");
  }

  /**
   * Creates a table of the function's user.
   *
   * @param more statements about it, with a place for its name
   */
  void createTable(String name, String columns, String... more) throws SQLException {
    database.execute("CREATE TABLE %s (%s)".formatted(name, columns));
    for (String statement : more) {
      database.execute(statement.formatted(name));
    }
    database.execute("ALTER TABLE %s OWNER TO %s".formatted(name, ROLE));
  }

  /**
   * Starts a function.
   *
   * @param more settings: name and value in turn
   */
  LambdaRuntime start(String table, String... more) throws IOException {
    Map<String, String> settings = settings(table);
    for (int i = 0; i < more.length; i += 2) {
      settings.put(more[i], more[i + 1]);
    }
    return LambdaRuntime.start(settings);
  }

  /** Times something that begins when all that was written before is on the disk. */
  Duration time(Action action) throws IOException, SQLException {
    database.execute("CHECKPOINT");
    long start = System.nanoTime();
    action.run();
    return Duration.ofNanos(System.nanoTime() - start);
  }

  /** The settings of our function, which verifies the database's certificate as it does on RDS. */
  Map<String, String> settings(String table) {
    Map<String, String> settings = database.settings(ROLE, PASSWORD, table);
    settings.remove("DB_PASSWORD");
    settings.remove("DB_SSL_MODE");
    settings.put("S3_BUCKET_NAME", BUCKET);
    settings.put("AWS_ENDPOINT_URL_S3", s3().endpoint().toString());
    settings.put("AWS_ENDPOINT_URL_SSM", ssm.endpoint().toString());
    settings.put("DB_PASSWORD_PARAMETER", PARAMETER);
    settings.put("DB_CA_CERTIFICATE", authorities.toString());
    settings.put(
        "JAVA_TOOL_OPTIONS",
        "%s -Djavax.net.ssl.trustStore=%s -Djavax.net.ssl.trustStorePassword=changeit"
            .formatted(AS_DEPLOYED, trustStore));
    return settings;
  }

  /** Puts an object and returns the event about it. */
  String upload(String key, String content) {
    return UploadEvent.put(s3(), BUCKET, key, content);
  }

  /** An event about a large object that is there already. */
  String event(String key) {
    return UploadEvent.of(BUCKET, key, 1, "");
  }

  void upload(String key, Path file) {
    s3().put(BUCKET, key, file);
  }

  /** Has a function load what an event is about, and returns how long that took. */
  static Duration load(LambdaRuntime function, String event) throws IOException {
    LambdaRuntime.Answer answer = function.invoke(event, TIME_LIMIT);
    if (answer.failed()) {
      throw new IllegalStateException(answer.body() + "\n" + String.join("\n", function.log()));
    }
    return function.took();
  }

  /**
   * Has a function refuse what an event is about, in these words, and returns how long that took.
   */
  static Duration refuse(LambdaRuntime function, String event, String why) throws IOException {
    LambdaRuntime.Answer answer = function.invoke(event, TIME_LIMIT);
    if (!answer.failed() || !answer.body().contains(why)) {
      throw new IllegalStateException(answer.body() + "\n" + String.join("\n", function.log()));
    }
    return function.took();
  }

  /** The statement that loads an object, without more. */
  static String importStatement(String table, String key) {
    return "SELECT aws_s3.table_import_from_s3('%s', '', '(FORMAT csv, HEADER true)', '%s', '%s', '%s')"
        .formatted(table, BUCKET, key, S3Server.REGION);
  }

  @Override
  public void close() throws SQLException, IOException {
    database.close();
    ssm.close();
    sandbox.close();
    try (var files = Files.list(folder)) {
      for (Path file : List.copyOf(files.toList())) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
