package s3topostgres.load;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LocationAwareLogger;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.check.DryRunResult;
import s3topostgres.config.Mode;
import s3topostgres.config.Settings;
import s3topostgres.faults.TrialImport;
import s3topostgres.handler.Wiring;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.TestTicker;
import s3topostgres.postgres.Ticker;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.ListRequests;
import s3topostgres.sandbox.ListedTimes;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.PostgresServer;
import s3topostgres.sandbox.S3Detour;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxAws;
import s3topostgres.sandbox.SandboxDatabase;

/**
 * A fresh database with a table {@code people} of one row, a fresh bucket, and a loader whose user
 * owns nothing and may do only what the documentation asks to grant. Closing it checks that no
 * connection, lock or temporary table is left.
 */
public final class LoadFixture implements AutoCloseable {
  public static final String REGION = "eu-west-1";

  /** Longer than any machine takes for a load that nothing holds up. */
  public static final Duration FUNCTION_TIME = Duration.ofMinutes(15);

  /** What a load leaves of the function's time. */
  public static final Duration MARGIN = Loader.MARGIN;

  /** What a load may take of it. */
  public static final Duration LOAD_TIME = FUNCTION_TIME.minus(MARGIN);

  /** So little of it that a statement that is cancelled then ran out of time. */
  public static final Duration A_MOMENT = Duration.ofMillis(300);

  public static final String PASSWORD = "p'w \"!#$%&()*+,-./:;<=>?@[\\]^_`{|}~";

  private static final Map<Mode, String> GRANTS =
      Map.of(
          Mode.REPLACE, "SELECT, INSERT, TRUNCATE",
          Mode.SYNC, "SELECT, INSERT, UPDATE, DELETE",
          Mode.APPEND, "SELECT, INSERT",
          Mode.UPSERT, "SELECT, INSERT, UPDATE",
          Mode.CHANGES, "SELECT, INSERT, UPDATE, DELETE");

  private static final List<String> LOGGERS =
      List.of(
          "load",
          Loader.class.getName(),
          LoadTransaction.class.getName(),
          TrialImport.class.getName(),
          CatchUp.class.getName(),
          Database.class.getName(),
          "s3topostgres.postgres.Session");

  public final Sandbox sandbox = Sandbox.shared();
  public final S3Server s3 = sandbox.s3();
  private final SandboxDatabase database;
  public final String bucket = SandboxDatabase.unique("in-");

  /** {@code IMPORT_WITH} of the tests that do not set it. */
  private static String importWith = "aws_s3";

  private final Map<String, String> settings = new HashMap<>();
  private final PrintStream console = System.out;
  private final ByteArrayOutputStream log = new ByteArrayOutputStream();
  private Optional<Network> networkToS3 = Optional.empty();
  private Optional<Network> networkToDatabase = Optional.empty();
  private Ticker ticker = Ticker.SYSTEM;
  private Duration functionTime = FUNCTION_TIME;
  private int request = 1;
  private final ListedTimes listedTimes = new ListedTimes();
  public final ListRequests lists = new ListRequests();
  public final S3Detour detour = new S3Detour();
  private final Map<URI, S3Objects> objects = new ConcurrentHashMap<>();
  private int uploads;

  public LoadFixture() {
    this(Sandbox.shared().postgres());
  }

  /** On a server of the test's own, which it may stop and kill. */
  public LoadFixture(PostgresServer server) {
    database = createDatabase(server);
    System.setOut(new PrintStream(log, true, StandardCharsets.UTF_8));
    s3.createBucket(bucket);
    unchecked(this::prepare);
  }

  private void prepare() throws SQLException {
    database.execute(
        "CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL, born date)",
        "INSERT INTO people VALUES (0, 'old', NULL)");
    String role = database.createLoader("people", PASSWORD);
    settings.putAll(database.settings(role, PASSWORD, "people"));
    set("HISTORY_TABLE", "history.loads");
    set("LOCK_TIMEOUT_SECONDS", "60");
    set("IMPORT_WITH", importWith);
  }

  /** Has the tests import that way from now on. */
  public static void importWith(String way) {
    importWith = way;
  }

  /** Words of the statement by which the rows come. */
  public static String importStatement() {
    return importWith.equals("copy") ? "FROM STDIN" : "table_import_from_s3";
  }

  public LoadFixture set(String name, String value) {
    settings.put(name, value);
    return this;
  }

  /**
   * Loads by that mode from now on, with the privileges that the documentation asks to grant for
   * it.
   */
  public LoadFixture mode(Mode mode, String... tables) {
    for (String table : tables.length == 0 ? new String[] {"people"} : tables) {
      execute(
          "REVOKE ALL ON %s FROM \"%s\"".formatted(table, role()),
          "GRANT %s ON %s TO \"%s\"".formatted(GRANTS.get(mode), table, role()));
    }
    return set("LOAD_MODE", mode.label());
  }

  /** The privileges on the table that the documentation asks to grant for that mode. */
  public static String privileges(Mode mode) {
    return GRANTS.get(mode);
  }

  /** The function's environment variables as they are now. */
  public Map<String, String> settings() {
    return Map.copyOf(settings);
  }

  /** Has the function's environment be these variables, and no others. */
  public void replaceSettings(Map<String, String> all) {
    settings.clear();
    settings.putAll(all);
  }

  public String role() {
    return settings.get("DB_USERNAME");
  }

  /** Uploads a file and announces it as S3 does, with a growing sequencer. */
  public Upload upload(String key, String content) {
    return upload(key, content.getBytes(StandardCharsets.UTF_8));
  }

  public Upload upload(String key, byte[] content) {
    return announce(key, s3.put(bucket, key, content));
  }

  /** Uploads a file at a chosen time, which the bucket tells in whole seconds. */
  public Upload upload(String key, String content, Instant time) {
    listedTimes.set(key, time);
    return announce(key, s3.put(bucket, key, content.getBytes(StandardCharsets.UTF_8)), time);
  }

  /** Has the bucket tell a multipart upload's beginning. */
  public void begun(String key, Instant time) {
    listedTimes.set(key, time);
  }

  /** Uploads a file, with that {@code Content-Encoding} or null, at a chosen time. */
  public Upload upload(String key, byte[] content, String encoding, Instant time) {
    listedTimes.set(key, time);
    return announce(key, s3.put(bucket, key, content, encoding), time);
  }

  /** Announces an upload that may or may not be there. */
  public Upload announce(String key, String etag) {
    return announce(key, etag, Instant.now());
  }

  private Upload announce(String key, String etag, Instant time) {
    uploads++;
    return new Upload(
        new ObjectLocation(bucket, key),
        REGION,
        Optional.of("%018X".formatted(0x55aed6dcd90281e5L + uploads)),
        Optional.of(time),
        Optional.of(etag));
  }

  public LoadResult load(String key, String content) {
    return load(upload(key, content));
  }

  public LoadResult load(Upload upload) {
    try {
      return load(upload, "request-" + request);
    } catch (LoadException e) {
      // The next one is no retry by Lambda.
      request++;
      throw e;
    }
  }

  /** Loads as a request, of which Lambda's retries have the same name. */
  public LoadResult load(Upload upload, String requestId) {
    return loader().load(upload, functionEnd(), requestId);
  }

  /** The end of the time of a function that is called now. */
  public Deadline functionEnd() {
    return Deadline.in(functionTime, ticker);
  }

  /** Gives the function so much time from now on, each time that it is called. */
  public LoadFixture functionTime(Duration time) {
    functionTime = time;
    return this;
  }

  /** Stops the clock of the loads and other calls that begin from now on; the test moves it. */
  public TestTicker stopTime() {
    TestTicker time = new TestTicker();
    ticker = time;
    return time;
  }

  /** Lets the loads and other calls that begin from now on go by the machine's clock. */
  public void resumeTime() {
    ticker = Ticker.SYSTEM;
  }

  /**
   * Stops the clock, and lets so much pass when a statement with those words is sent, after
   * statements with the earlier ones.
   */
  public void letPassAt(Duration duration, String words, String... earlier) {
    TestTicker time = stopTime();
    Runnable trap = () -> networkToDatabase().before(words, () -> time.pass(duration));
    for (int i = earlier.length - 1; i >= 0; i--) {
      String before = earlier[i];
      Runnable next = trap;
      trap = () -> networkToDatabase().before(before, next);
    }
    trap.run();
  }

  /**
   * Has a load run out of time after a statement with those words: whatever it does then may take a
   * moment, and the server ends what takes longer.
   */
  public void leaveAMomentAfter(String words, String... earlier) {
    letPassAt(LOAD_TIME.minus(A_MOMENT), words, earlier);
  }

  /** Has a load run out of time at the beginning of its work in the table. */
  public void leaveAMomentForTheWork() {
    set("BEFORE_LOAD_SQL", "SELECT 'begun'");
    leaveAMomentAfter("SELECT 'begun'");
  }

  /** What a load fails with that waits, before it begins, until the time for that is over. */
  public LoadException failureToBegin(Upload upload) {
    TestTicker time = stopTime();
    RunningLoad load = RunningLoad.start(this, upload);
    time.awaitSleeper();
    time.pass(functionTime.minus(MARGIN).multipliedBy(4).dividedBy(5));
    LoadException failure = load.failure();
    resumeTime();
    return failure;
  }

  /** Has the load of that object take half of the time, and the next one more than the rest. */
  public void spendHalfOfTheTimeOn(String key) {
    TestTicker time = stopTime();
    Duration half = LOAD_TIME.dividedBy(2);
    String begun = "SELECT 'begun'";
    set("BEFORE_LOAD_SQL", begun);
    set(
        "AFTER_LOAD_SQL",
        "SELECT pg_sleep(600) WHERE current_setting('s3_load.key') <> '%s'".formatted(key));
    networkToDatabase()
        .before(
            importStatement(),
            () -> {
              time.pass(half);
              networkToDatabase().before(begun, () -> time.pass(half.minus(A_MOMENT)));
            });
  }

  /** What the schedule does, when all uploads are old enough. */
  public List<LoadResult> catchUp() {
    return catchUp(Instant.now().plus(Duration.ofHours(1)));
  }

  public List<LoadResult> catchUp(Instant now) {
    return catchUp(objects(s3.endpoint()), now);
  }

  public List<LoadResult> catchUp(S3Objects objects, Instant now) {
    return wiring(objects).catchUp().run(now, functionEnd(), "request-1");
  }

  /** What the check function says of an object. */
  public DryRunResult dryRun(String key) {
    Upload upload = Upload.unannounced(new ObjectLocation(bucket, key), REGION);
    return wiring(objects()).dryRun().run(upload, functionEnd().before(MARGIN));
  }

  private S3Objects objects() {
    return objects(
        networkToS3
            .map(network -> URI.create("http://localhost:" + network.port()))
            .orElse(s3.endpoint()));
  }

  /** With one client for each endpoint, because a client keeps threads. */
  private S3Objects objects(URI endpoint) {
    return objects.computeIfAbsent(
        endpoint, to -> SandboxAws.objects(to, listedTimes, lists, detour));
  }

  public Loader loader() {
    return loader(objects());
  }

  public Loader loader(S3Objects objects) {
    return wiring(objects).loader();
  }

  private Wiring wiring(S3Objects objects) {
    Settings read = Settings.read(settings);
    Database database = new Database(read.database(), SandboxAws.parameters(s3.endpoint()));
    return new Wiring(
        read, objects, database, REGION, Optional.ofNullable(settings.get("LOAD_FUNCTION")));
  }

  /** Loads a file that must fail, and checks that the table still holds its old row. */
  public LoadException failure(ErrorCode code, String key, String content) {
    return failure(code, upload(key, content));
  }

  public LoadException failure(ErrorCode code, Upload upload) {
    LoadException failure = catchThrowableOfType(LoadException.class, () -> load(upload));
    assertThat(failure).as("the load should have failed").isNotNull();
    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(code);
    assertThat(failure.getCause()).isNull();
    assertThat(failure).hasMessageStartingWith(code + ": " + upload.object());
    assertThat(log()).contains("load status=FAILED").contains("code=" + code);
    assertThat(people()).containsExactly("0|old|null");
    return failure;
  }

  /** The rows of people by id, as {@code id|name|born}. */
  public List<String> people() {
    return rows("SELECT id, name, born FROM people ORDER BY id");
  }

  /** The indexes of people, each with its number in the catalogue, which tells of a new one. */
  public List<String> indexes() {
    return rows(
        """
        SELECT pg_get_indexdef(indexrelid), indexrelid FROM pg_index
        WHERE indrelid = 'people'::regclass AND indisvalid ORDER BY indexrelid""");
  }

  /** The rows of a query, each with its values joined by {@code |}. */
  public List<String> rows(String sql) {
    List<String> rows = new ArrayList<>();
    unchecked(
        () ->
            database
                .rows(sql)
                .forEach(row -> rows.add(row.stream().map(String::valueOf).collect(joining("|")))));
    return rows;
  }

  /** How many rows of a table were read, when nobody is connected any more. */
  public long rowsRead(String table) {
    RunningLoad.await(() -> left().isEmpty());
    return Long.parseLong(
        rows("""
                SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_all_tables
                WHERE relid = '%s'::regclass"""
                .formatted(table))
            .get(0));
  }

  /** Runs statements as superuser. */
  public void execute(String... sql) {
    unchecked(() -> database.execute(sql));
  }

  /** The way from the loads to S3 from now on, which the test may break. */
  public Network networkToS3() {
    if (networkToS3.isEmpty()) {
      try {
        networkToS3 = Optional.of(Network.to("localhost", s3.endpoint().getPort()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return networkToS3.get();
  }

  /** The way from the loads to the database from now on, which the test may break. */
  public Network networkToDatabase() {
    if (networkToDatabase.isEmpty()) {
      try {
        networkToDatabase = Optional.of(Network.to("localhost", database.port()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      set("DB_PORT", Integer.toString(networkToDatabase.get().port()));
    }
    return networkToDatabase.get();
  }

  /** Makes the next import take its time; with {@code aws_s3}, every import. */
  public void slowImports(int bytesPerSecond) {
    if (settings.get("IMPORT_WITH").equals("copy")) {
      // Not the look at the object, which asks for no more than its first bytes.
      Network network = networkToS3();
      network.before("bytes=0-\r", () -> network.slowAnswers(bytesPerSecond));
      return;
    }
    unchecked(
        () -> database.set("sandbox.import_bytes_per_second", Integer.toString(bytesPerSecond)));
  }

  /**
   * Holds the next import up.
   *
   * @return what lets its rows come
   */
  public Runnable holdImport() {
    Network network = networkToS3();
    CompletableFuture<Void> released = new CompletableFuture<>();
    if (settings.get("IMPORT_WITH").equals("copy")) {
      network.before("bytes=0-\r", released::join);
    } else {
      unchecked(() -> database.set("sandbox.s3_endpoint", network.endpoint().toString()));
      // Not the scan, whose requests have another sender.
      network.before("User-Agent: Java", released::join);
    }
    return () -> released.complete(null);
  }

  /** Sets a parameter of the stand-in for {@code aws_s3}, such as {@code import_fault}. */
  public LoadFixture standIn(String parameter, String value) {
    unchecked(() -> database.set("sandbox." + parameter, value));
    return this;
  }

  /** Lets so many imports from now on have the stand-in's faults, and none after them. */
  public LoadFixture failImports(int times) {
    unchecked(() -> database.failImports(times));
    return this;
  }

  /** How many imports there were since {@link #failImports}. */
  public long imports() {
    return Long.parseLong(
        rows("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM aws_s3._imports").get(0));
  }

  /** A connection of that role's. The caller closes it. */
  public Connection connect(String role, String password) throws SQLException {
    return database.connect(role, password);
  }

  /** A connection of somebody else's, as superuser. The caller closes it. */
  public Connection connect() throws SQLException {
    return database.connect();
  }

  @FunctionalInterface
  private interface SqlAction {
    void run() throws SQLException;
  }

  private static void unchecked(SqlAction action) {
    try {
      action.run();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private SandboxDatabase createDatabase(PostgresServer server) {
    List<SandboxDatabase> created = new ArrayList<>();
    unchecked(() -> created.add(server.createDatabase(s3)));
    return created.get(0);
  }

  /**
   * Lets our loggers say all that they would at any LOG_LEVEL, until {@link #close}. They have read
   * their level when their classes were loaded, and slf4j offers no way to change it.
   */
  public void logEverything() {
    setLogLevel(LocationAwareLogger.TRACE_INT);
  }

  private static void setLogLevel(int level) {
    try {
      for (String name : LOGGERS) {
        Logger logger = LoggerFactory.getLogger(name);
        Field current = logger.getClass().getDeclaredField("currentLogLevel");
        current.setAccessible(true);
        current.setInt(logger, level);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Forgets what was logged so far. */
  public void clearLog() {
    log.reset();
  }

  /** What was logged so far. */
  public String log() {
    return log.toString(StandardCharsets.UTF_8);
  }

  /** What loads have left behind so far: connections, locks, temporary tables. */
  public List<String> left() {
    return rows(
        """
        SELECT 'connection', query FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend'
          AND pid <> pg_backend_pid()
        UNION ALL
        SELECT 'lock', locktype FROM pg_locks
        WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (locktype = 'advisory' OR relation = to_regclass('people')) AND granted
          AND pid <> pg_backend_pid()
        UNION ALL
        SELECT 'temporary table', relname FROM pg_class WHERE relpersistence = 't'
        """);
  }

  /** Gives the next upload another time in the bucket's list, which has whole seconds. */
  public void nextSecond() {
    Instant next = Instant.now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(1);
    while (Instant.now().isBefore(next)) {
      LockSupport.parkUntil(next.toEpochMilli());
    }
  }

  @Override
  public void close() {
    setLogLevel(LocationAwareLogger.INFO_INT);
    System.setOut(console);
    networkToS3.ifPresent(Network::close);
    networkToDatabase.ifPresent(Network::close);
    detour.close();
    unchecked(
        () -> {
          try (database) {
            List<String> left = left();
            // A backend takes its time to see that its client, or that of this count, said goodbye.
            for (int tries = 0; !left.isEmpty() && tries < 2000; tries++) {
              LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
              left = left();
            }
            assertThat(left).as("connections, locks and temporary tables left").isEmpty();
          }
        });
  }
}
