package s3topostgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.LambdaRuntime.Answer;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxDatabase;
import s3topostgres.sandbox.UploadEvent;

/**
 * The events that README.md's commands make to load again, given to the deployed package. Only the
 * AWS CLI around them is left out. Needs Node; run by {@code ./mvnw -Ppackaging verify}.
 */
@Tag("packaging")
class ReplayIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern NODE = Pattern.compile("node -p '([^']+)'");

  private final S3Server s3 = Sandbox.shared().s3();
  private final String bucket = "replay-" + System.nanoTime();
  private SandboxDatabase database;
  private Map<String, String> settings;

  @TempDir private Path folder;

  @BeforeEach
  void prepare() throws Exception {
    database = Sandbox.shared().createDatabase();
    database.execute("CREATE TABLE people (name text)");
    s3.createBucket(bucket);
    settings = database.settings("postgres", "any", "people");
    settings.put("AWS_ENDPOINT_URL_S3", s3.endpoint().toString());
    settings.put("S3_BUCKET_NAME", bucket);
  }

  @AfterEach
  void dropDatabase() throws Exception {
    database.close();
  }

  @Test
  void loadsTheFilesOfAPrefixWhateverWasLoadedBefore() throws Exception {
    List<String> keys = List.of("2026/a+b 100% m\u00fcnchen.csv", "2026/older.CSV");
    put(keys.get(0), "name\nAna\n");
    put(keys.get(1), "name\nBo\n");

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      for (int times = 0; times < 2; times++) {
        for (String key : keys) {
          assertThat(load(lambda, node("Records:", bucket, key)))
              .contains("\"status\":\"LOADED\"", "s3://" + bucket + "/" + key);
        }
      }
    }

    assertThat(database.rows("TABLE people")).containsExactly(List.of("Bo"));
  }

  @Test
  void loadsAFailedEventFromItsReport() throws Exception {
    String event = put("people.csv", "name,age\nAna,40\n");
    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      Answer failure = lambda.invoke(event);
      assertThat(failure.failed()).isTrue();
      Files.writeString(folder.resolve("failed.json"), report(event, failure));
      database.execute("ALTER TABLE people ADD age int");

      assertThat(load(lambda, node("requestPayload"))).contains("\"status\":\"LOADED\"");
    }

    assertThat(database.rows("TABLE people")).containsExactly(List.of("Ana", "40"));
  }

  /**
   * What Lambda sends to the topic.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html">invocation
   *     record</a>
   */
  private static String report(String event, Answer failure) throws Exception {
    ObjectNode report = JSON.createObjectNode();
    report.put("version", "1.0").put("timestamp", "2026-11-22T10:00:00.000Z");
    report
        .putObject("requestContext")
        .put("requestId", "e4b46cbf-b738-xmpl-8880-a18cdf61200e")
        .put("functionArn", "arn:aws:lambda:eu-west-2:123456789012:function:example:$LATEST")
        .put("condition", "RetriesExhausted")
        .put("approximateInvokeCount", 3);
    report.set("requestPayload", JSON.readTree(event));
    report
        .putObject("responseContext")
        .put("statusCode", 200)
        .put("executedVersion", "$LATEST")
        .put("functionError", "Unhandled");
    report.set("responsePayload", JSON.readTree(failure.body()));
    return report.toPrettyString();
  }

  private static String load(LambdaRuntime lambda, String event) throws Exception {
    Answer answer = lambda.invoke(event);
    assertThat(answer.failed()).as(answer.body()).isFalse();
    JsonNode loads = JSON.readTree(answer.body()).path("loads");
    assertThat(loads).hasSize(1);
    return loads.toString();
  }

  /** What the one command of README.md prints that has this text. */
  private String node(String text, String... arguments) throws Exception {
    List<String> scripts = new ArrayList<>();
    Matcher matcher = NODE.matcher(Files.readString(Path.of("README.md")));
    while (matcher.find()) {
      if (matcher.group(1).contains(text)) {
        scripts.add(matcher.group(1));
      }
    }
    assertThat(scripts).as(text).hasSize(1);
    List<String> command = new ArrayList<>(List.of("node", "-p", scripts.get(0)));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).directory(folder.toFile()).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    String error = new String(process.getErrorStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(error).isZero();
    return output;
  }

  private String put(String key, String content) {
    return UploadEvent.put(s3, bucket, key, content);
  }
}
