package s3topostgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.LambdaRuntime.Answer;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxDatabase;
import s3topostgres.sandbox.SsmServer;
import s3topostgres.sandbox.UploadEvent;

/**
 * The function with SnapStart, by the runtime client's own protocol: what is in the process when
 * its snapshot would be taken, and that it goes on from there. Many may go on from one snapshot,
 * weeks later.
 */
class SnapStartIT {
  private static final String PARAMETER = "/people/password";
  private static final String MARKER = "marker-of-the-password";

  /** So long that what is written over it in a buffer leaves some of it. */
  private static final String PASSWORD = MARKER.repeat(10);

  private static final String REHEARSED = "rehearsed a load";

  private final S3Server s3 = Sandbox.shared().s3();
  private final String bucket = "in-" + UUID.randomUUID();
  private SsmServer ssm;
  private SandboxDatabase database;
  private String role;
  private Map<String, String> settings;

  @BeforeEach
  void prepare() throws Exception {
    ssm = SsmServer.launch();
    ssm.put(PARAMETER, PASSWORD);
    s3.createBucket(bucket);
    database = Sandbox.shared().createDatabase();
    database.execute(
        "CREATE EXTENSION aws_s3 CASCADE",
        "CREATE TABLE people (id integer GENERATED ALWAYS AS IDENTITY, name text NOT NULL)",
        "INSERT INTO people (name) VALUES ('old')");
    role = database.createLoader("people", PASSWORD);
    settings = database.settings(role, PASSWORD, "people");
    settings.remove("DB_PASSWORD");
    settings.put("LOG_LEVEL", "debug");
    settings.put("DB_PASSWORD_PARAMETER", PARAMETER);
    settings.put("HISTORY_TABLE", "history.loads");
    settings.put("S3_BUCKET_NAME", bucket);
    settings.put("AWS_ENDPOINT_URL_S3", s3.endpoint().toString());
    settings.put("AWS_ENDPOINT_URL_SSM", ssm.endpoint().toString());
  }

  @AfterEach
  void close() throws Exception {
    database.close();
    ssm.close();
  }

  @Test
  void loadsAfterTheRestore() throws Exception {
    try (LambdaRuntime lambda = LambdaRuntime.startForSnapshot(settings)) {
      lambda.restore();

      assertLoads(lambda);
      assertLoads(lambda);
      assertThat(database.rows("SELECT name FROM people")).containsExactly(List.of("Ana"));
    }
  }

  @Test
  void changesNothingAndWaitsForNobodyBeforeTheSnapshot() throws Exception {
    List<List<String>> before = everything();
    try (Connection other = database.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE people");

      try (LambdaRuntime lambda = LambdaRuntime.startForSnapshot(settings)) {
        assertThat(lambda.log()).anyMatch(line -> line.contains(REHEARSED));
      }
    }
    assertThat(everything()).isEqualTo(before);
    assertThat(database.rows("SELECT name FROM people")).containsExactly(List.of("old"));
  }

  @Test
  void hasNoConnectionInTheSnapshot() throws Exception {
    try (LambdaRuntime lambda = LambdaRuntime.startForSnapshot(settings)) {
      assertThat(lambda.log()).anyMatch(line -> line.contains(REHEARSED));
      assertThat(database.connections()).isZero();
    }
  }

  @Test
  void hasNoSecretInTheSnapshot(@TempDir Path folder) throws Exception {
    try (LambdaRuntime lambda = LambdaRuntime.startForSnapshot(settings)) {
      assertThat(ssm.sessionToken()).startsWith("sandbox-token");
      byte[] heap = heap(lambda.process().pid(), folder.resolve("heap.hprof"));

      assertThat(holds(heap, role)).isTrue();
      assertThat(holds(heap, MARKER)).as("password").isFalse();
      assertThat(holds(heap, "sandbox-token")).as("session token").isFalse();
      assertThat(holds(heap, "sandbox-key")).as("secret key").isFalse();
    }
  }

  @Test
  void readsAnewAfterTheRestoreWhatWasChangedSince() throws Exception {
    try (LambdaRuntime lambda = LambdaRuntime.startForSnapshot(settings)) {
      int before = ssm.requests();
      ssm.put(PARAMETER, "changed");
      database.execute("ALTER ROLE \"%s\" PASSWORD 'changed'".formatted(role));
      lambda.changeCredentials("changed");
      lambda.restore();

      assertLoads(lambda);
      assertThat(ssm.requests()).isEqualTo(before + 1);
      assertThat(ssm.sessionToken()).startsWith("changed-token");
      assertThat(lambda.log()).noneMatch(line -> line.contains("refused"));
    }
  }

  @Test
  void takesTheSnapshotWithoutTheDatabaseAndTellsWhenAnEventComes() throws Exception {
    settings.put("DB_HOST", "nowhere.invalid");

    try (LambdaRuntime lambda = LambdaRuntime.startForSnapshot(settings)) {
      assertThat(lambda.initError()).isEmpty();
      lambda.restore();

      assertThat(lambda.invoke(upload(), Duration.ofSeconds(14)).body())
          .contains("DATABASE_UNAVAILABLE", "the name of the host is not known");
    }
  }

  private void assertLoads(LambdaRuntime lambda) throws Exception {
    Answer answer = lambda.invoke(upload());
    assertThat(answer.body()).as("%s", lambda.log()).contains("\"status\":\"LOADED\"");
  }

  private String upload() {
    return UploadEvent.put(s3, bucket, "people.csv", "name\nAna\n");
  }

  /** What there is in the database; a table that was emptied has another file. */
  private List<List<String>> everything() throws Exception {
    return database.rows("SELECT oid, relname, relfilenode FROM pg_class ORDER BY oid");
  }

  /** All that can be reached in a process, as the JVM dumps it after collecting the garbage. */
  private static byte[] heap(long pid, Path file) throws Exception {
    Process dump =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(pid),
                "GC.heap_dump",
                file.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(dump.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(dump.waitFor()).as(output).isZero();
    return Files.readAllBytes(file);
  }

  /** Whether a text is anywhere among bytes, as a String or as chars. */
  private static boolean holds(byte[] bytes, String text) {
    String all = new String(bytes, StandardCharsets.ISO_8859_1);
    return List.of(
            StandardCharsets.ISO_8859_1, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)
        .stream()
        .map(charset -> new String(text.getBytes(charset), StandardCharsets.ISO_8859_1))
        .anyMatch(all::contains);
  }
}
