package s3topostgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.LambdaRuntime.Answer;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxDatabase;
import s3topostgres.sandbox.UploadEvent;

/** What a function leaves behind that is killed while the database works for it: nothing. */
class KilledFunctionIT {
  private static final String HELD =
      """
      SELECT FROM pg_locks
      WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (locktype = 'advisory' OR mode = 'AccessExclusiveLock')""";

  private final S3Server s3 = Sandbox.shared().s3();
  private final String bucket = SandboxDatabase.unique("in-");
  private SandboxDatabase database;
  private Map<String, String> settings;

  @BeforeEach
  void prepare() throws Exception {
    database = Sandbox.shared().createDatabase();
    database.execute(
        "CREATE TABLE people (id integer, name text)", "INSERT INTO people VALUES (0, 'old')");
    s3.createBucket(bucket);
    settings = database.settings("postgres", "any", "people");
    settings.put("AWS_ENDPOINT_URL_S3", s3.endpoint().toString());
  }

  @AfterEach
  void dropDatabase() throws Exception {
    database.close();
  }

  @Test
  void losesItsLocksWithinSecondsWhileRowsCome() throws Exception {
    // Before Postgres 14 the server notices only when the import is over.
    boolean notices =
        !database
            .rows("SELECT FROM pg_settings WHERE name = 'client_connection_check_interval'")
            .isEmpty();
    database.set("sandbox.import_bytes_per_second", notices ? "65000" : "1000000");
    String event = upload("1,new\n".repeat(5_000_000));

    killInMidImport(event, Duration.ofMinutes(15));

    assertThat(people()).containsExactly(List.of("0", "old"));
    loadsWhenTheEventComesAgain(event);
  }

  @Test
  void losesItsLocksAtTheEndOfItsTimeWhileS3IsSilent() throws Exception {
    database.set("sandbox.import_bytes_per_second", "1");
    String event = upload("1,new\n".repeat(1000));

    killInMidImport(event, Duration.ofSeconds(25));

    assertThat(people()).containsExactly(List.of("0", "old"));
    loadsWhenTheEventComesAgain(event);
  }

  @Test
  void losesItsLocksAtOnceWhenItReadsTheObjectItself() throws Exception {
    settings.put("IMPORT_WITH", "copy");
    String event = upload("1,new\n".repeat(1_000_000));
    try (Network network = Network.to("localhost", s3.endpoint().getPort())) {
      settings.put("AWS_ENDPOINT_URL_S3", "http://localhost:" + network.port());
      network.before("bytes=0-\r", () -> network.slowAnswers(10_000));
      killInMidImport(event, Duration.ofMinutes(15));
    }
    settings.put("AWS_ENDPOINT_URL_S3", s3.endpoint().toString());
    assertThat(people()).containsExactly(List.of("0", "old"));
    loadsWhenTheEventComesAgain(event);
  }

  @Test
  void appliesNothingOfABatchOfChangesInTheMiddleOfItsMerge() throws Exception {
    database.execute(
        "ALTER TABLE people ADD PRIMARY KEY (id)",
        "ALTER TABLE people ADD CHECK (name <> 'slow' OR pg_sleep(30) IS NOT NULL)");
    settings.put("LOAD_MODE", "changes");
    settings.put("CSV_HEADER", "none");
    for (int minute = 10; minute < 40; minute++) {
      String name = minute == 20 ? "slow" : "changed";
      change(minute, "U,0,%s\nI,%d,%s\n".formatted(name, minute, name));
    }
    String event = change(40, "D,0,\n");

    kill(event, Duration.ofMinutes(15), () -> isActive("wait_event = 'PgSleep'"));

    assertThat(people()).containsExactly(List.of("0", "old"));
    assertThat(rows("SELECT FROM s3_load_history")).isEmpty();
    database.execute("ALTER TABLE people DROP CONSTRAINT people_name_check");
    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      assertThat(lambda.invoke(event).body()).contains("LOADED");
    }
    assertThat(rows("SELECT count(*), min(id), max(id) FROM people"))
        .containsExactly(List.of("30", "10", "39"));
    assertThat(
            rows(
                """
                SELECT status, count(*), count(DISTINCT object_key), count(DISTINCT xmin::text)
                FROM s3_load_history GROUP BY status"""))
        .containsExactly(List.of("LOADED", "31", "31", "2"));
  }

  private String change(int minute, String lines) {
    return UploadEvent.put(s3, bucket, "20240612-10%02d27367.csv".formatted(minute), lines);
  }

  private void killInMidImport(String event, Duration functionTime) throws Exception {
    kill(
        event,
        functionTime,
        () ->
            isActive("(query LIKE '%table_import_from_s3%' OR query LIKE 'COPY%')")
                && (settings.containsKey("IMPORT_WITH") || isFetching()));
  }

  private boolean isActive(String condition) {
    return !rows("""
            SELECT FROM pg_stat_activity
            WHERE state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()
              AND %s"""
            .formatted(condition))
        .isEmpty();
  }

  /** Waits until the table is free again, which it is long before the work would be over. */
  private void kill(String event, Duration functionTime, BooleanSupplier inTheMiddle)
      throws Exception {
    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      FutureTask<Answer> answer = new FutureTask<>(() -> lambda.invoke(event, functionTime));
      new Thread(answer).start();
      await(inTheMiddle);
      assertThat(rows(HELD)).isNotEmpty();
      lambda.kill();
      await(() -> rows(HELD).isEmpty());
      assertThat(answer.get().failed()).isTrue();
    }
  }

  /** Whether the stand-in's program runs. */
  private boolean isFetching() {
    return ProcessHandle.allProcesses()
        .anyMatch(process -> process.info().commandLine().orElse("").contains("/" + bucket + "/"));
  }

  private void loadsWhenTheEventComesAgain(String event) throws Exception {
    database.set("sandbox.import_bytes_per_second", "0");
    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      assertThat(lambda.invoke(event).body()).contains("LOADED");
    }
    assertThat(people()).containsExactly(List.of("1", "new"));
    assertThat(rows("SELECT status FROM s3_load_history")).containsExactly(List.of("LOADED"));
  }

  private String upload(String rows) {
    return UploadEvent.put(s3, bucket, "people.csv", "id,name\n" + rows);
  }

  private List<List<String>> people() {
    return rows("SELECT DISTINCT id, name FROM people");
  }

  private List<List<String>> rows(String sql) {
    try {
      return database.rows(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void await(BooleanSupplier condition) {
    long limit = System.nanoTime() + Duration.ofMinutes(5).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - limit).as("time over").isNegative();
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }
}
