package s3topostgres.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import s3topostgres.sandbox.LambdaRuntime.Answer;

class LambdaRuntimeIT {
  private static final S3Server S3 = Sandbox.shared().s3();

  private final String bucket = "runtime-" + System.nanoTime();
  private SandboxDatabase database;

  @BeforeEach
  void createTable() throws SQLException {
    S3.createBucket(bucket);
    database = Sandbox.shared().createDatabase();
    database.execute("CREATE TABLE people (name text, age int)");
  }

  @AfterEach
  void dropDatabase() throws SQLException {
    database.close();
  }

  @Test
  void loadsAFileThatS3Announces() throws Exception {
    try (LambdaRuntime runtime = LambdaRuntime.start(settings())) {
      Answer answer = runtime.invoke(upload("Über größe + 1%.csv", "name,age\nAnn,40\n"));

      assertThat(answer.failed()).as(answer.body()).isFalse();
      assertThat(answer.body()).contains("\"status\":\"LOADED\"", "\"rows\":1");
      assertThat(runtime.log()).anyMatch(line -> line.contains("status=LOADED"));
      assertThat(database.rows("TABLE people")).containsExactly(List.of("Ann", "40"));
    }
  }

  @Test
  void tellsWhatTheFunctionThrew() throws Exception {
    try (LambdaRuntime runtime = LambdaRuntime.start(settings())) {
      Answer answer = runtime.invoke(upload("people.csv", "name,age\nAnn,old\n"));

      assertThat(answer.failed()).isTrue();
      assertThat(answer.body())
          .contains("\"errorType\":\"s3topostgres.LoadException\"", "ROW_REJECTED", "line 2");
    }
  }

  @Test
  void givesTheFunctionNothingButItsOwnSettings() throws Exception {
    try (LambdaRuntime runtime = LambdaRuntime.start(Map.of())) {
      assertThat(runtime.initError()).get().asString().contains("CONFIG_INVALID", "DB_HOST");
      assertThatThrownBy(() -> runtime.invoke("{}")).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void killsTheFunctionAtTheEndOfItsTime() throws Exception {
    String event = stalledUpload();
    try (LambdaRuntime runtime = LambdaRuntime.start(settings())) {
      Answer answer = runtime.invoke(event, Duration.ofMillis(50));

      assertThat(answer.failed()).isTrue();
      assertThat(answer.body()).contains("Sandbox.Timedout", "Task timed out after 0.05 seconds");
      assertThatThrownBy(() -> runtime.invoke(event)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void noticesThatTheFunctionWasKilled() throws Exception {
    String event = stalledUpload();
    try (LambdaRuntime runtime = LambdaRuntime.start(settings())) {
      FutureTask<Answer> answer = new FutureTask<>(() -> runtime.invoke(event));
      new Thread(answer).start();
      while (database.connections() == 0) {
        Thread.sleep(20);
      }
      runtime.kill();

      assertThat(answer.get().failed()).isTrue();
      assertThat(answer.get().body()).contains("Runtime.ExitError");
    }
  }

  private Map<String, String> settings() {
    Map<String, String> settings = database.settings("postgres", "any", "people");
    settings.put("AWS_ENDPOINT_URL_S3", S3.endpoint().toString());
    return settings;
  }

  private String stalledUpload() throws SQLException {
    database.set("sandbox.import_bytes_per_second", "1");
    return upload("people.csv", "name,age\n" + "Ann,40\n".repeat(10));
  }

  private String upload(String key, String content) {
    return UploadEvent.put(S3, bucket, key, content);
  }
}
