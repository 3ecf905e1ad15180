package s3topostgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.LambdaRuntime.Answer;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxDatabase;
import s3topostgres.sandbox.SsmServer;
import s3topostgres.sandbox.UploadEvent;

/** The package that is deployed, run by AWS's own runtime client, from S3's event to the rows. */
class EndToEndIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PASSWORD = "s3cret-'\"\\ %&";

  private final S3Server s3 = Sandbox.shared().s3();
  private final String bucket = SandboxDatabase.unique("in-");
  private SandboxDatabase database;
  private String role;
  private Map<String, String> settings;
  private int sequence;

  @BeforeEach
  void prepare() throws Exception {
    database = Sandbox.shared().createDatabase();
    database.execute(
        "CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL)",
        "INSERT INTO people VALUES (0, 'old')");
    role = database.createLoader("people", PASSWORD);
    s3.createBucket(bucket);
    settings = database.settings(role, PASSWORD, "people");
    settings.put("HISTORY_TABLE", "history.loads");
    settings.put("AWS_ENDPOINT_URL_S3", s3.endpoint().toString());
  }

  @AfterEach
  void dropDatabase() throws Exception {
    database.close();
  }

  @Test
  void answersWithOneResultForEachRecord() throws Exception {
    s3.put(bucket, "people.csv", bytes("id,name\n1,Ana\n2,Bo\n"));
    settings.put("S3_RESULTS_PREFIX", "results/");

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      Answer answer = lambda.invoke(event("people.csv"));

      assertThat(answer.failed()).as(answer.body() + lambda.log()).isFalse();
      assertThat(
              s3.client()
                  .getObjectAsBytes(r -> r.bucket(bucket).key("results/people.csv.txt"))
                  .asUtf8String())
          .startsWith("s3://%s/people.csv was loaded into public.people.".formatted(bucket));
      ObjectNode load = (ObjectNode) JSON.readTree(answer.body()).at("/loads/0");
      assertThat(load.remove("millis").asLong()).isPositive();
      assertThat(load)
          .isEqualTo(
              JSON.readTree(
                  """
                  {"object": "s3://%s/people.csv", "table": "public.people", "status": "LOADED",
                   "rows": 2, "bytes": 19}"""
                      .formatted(bucket)));
      assertThat(people()).containsExactly("1 Ana", "2 Bo");
      assertThat(lambda.log()).hasSize(2);
      assertThat(lambda.log().get(0))
          .startsWith("INFO load status=LOADED object=s3://%s/people.csv".formatted(bucket));
      JsonNode metrics = JSON.readTree(lambda.log().get(1));
      assertThat(metrics.at("/_aws/CloudWatchMetrics/0/Dimensions").toString())
          .isEqualTo("[[\"service\",\"table\"]]");
      assertThat(metrics.get("service").asText()).isEqualTo("sandbox");
      assertThat(metrics.get("table").asText()).isEqualTo("public.people");
      assertThat(metrics.get("Loads").asInt()).isEqualTo(1);
      assertThat(metrics.get("Rows").asInt()).isEqualTo(2);
      assertThat(metrics.get("Bytes").asInt()).isEqualTo(19);
    }
  }

  @Test
  void decodesKeysAsS3EncodesThem() throws Exception {
    String key = "two words/a+b 100% m\u00fcnchen \ud83d\ude80.CSV";
    s3.put(bucket, key, bytes("id,name\n1,Ana\n"));

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      Answer answer = lambda.invoke(event(key));

      assertThat(JSON.readTree(answer.body()).at("/loads/0/object").asText())
          .isEqualTo("s3://" + bucket + "/" + key);
      assertThat(people()).containsExactly("1 Ana");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"Service\": \"Amazon S3\", \"Event\": \"s3:TestEvent\", \"Bucket\": \"in\"}",
        "{\"source\": \"aws.s3\", \"detail-type\": \"Object Created\", \"detail\": {}}",
        "{}"
      })
  void warnsOfAnEventWithoutRecords(String event) throws Exception {
    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      assertThat(lambda.invoke(event)).isEqualTo(new Answer(false, "{\"loads\":[]}"));
      assertThat(lambda.log()).hasSize(1);
      assertThat(lambda.log().get(0)).startsWith("WARN the event has no records");
    }
  }

  @Test
  void failsForAnEventThatIsWrapped() throws Exception {
    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      Answer answer =
          lambda.invoke(
              """
              {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]}""");

      assertThat(answer.failed()).isTrue();
    }
  }

  @Test
  void triesABadFileOnceHoweverOftenLambdaRetriesTheRequest() throws Exception {
    s3.put(bucket, "people.csv", bytes("id,name\nx,Ana\n2,Bo,2\n"));
    String event = event("people.csv");

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      String first = error(lambda.retry(event, "request"));
      assertThat(first).startsWith("ROW_REJECTED: s3://" + bucket + "/people.csv: 2 faults: ");
      database.execute("ALTER TABLE people RENAME TO persons");
      assertThat(error(lambda.retry(event, "request"))).isEqualTo(first);
      assertThat(error(lambda.retry(event, "request"))).isEqualTo(first);
      database.execute("ALTER TABLE persons RENAME TO people");

      assertThat(database.rows("SELECT status, request_id FROM history.loads"))
          .containsExactly(List.of("FAILED", "request"));
      assertThat(lambda.log().stream().filter(line -> line.startsWith("{\"_aws\":"))).hasSize(1);
      s3.put(bucket, "people.csv", bytes("id,name\n1,Ana\n2,Bo\n"));
      assertThat(lambda.retry(event, "request").failed()).as("a changed object").isFalse();
      assertThat(people()).containsExactly("1 Ana", "2 Bo");
    }
  }

  private static String error(Answer answer) throws Exception {
    assertThat(answer.failed()).isTrue();
    return JSON.readTree(answer.body()).get("errorMessage").asText();
  }

  @Test
  void recordsAMalformedRecordAndLoadsTheOthers() throws Exception {
    s3.put(bucket, "people.csv", bytes("id,name\n1,Ana\n"));
    ObjectNode event = (ObjectNode) JSON.readTree(event("gone.csv", "people.csv"));
    ((ObjectNode) event.at("/Records/0/s3/object")).remove("key");

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      Answer answer = lambda.invoke(event.toString());

      assertThat(JSON.readTree(answer.body()).get("errorMessage").asText())
          .startsWith("OBJECT_UNREADABLE: a record of the event names no bucket or no key. ");
      assertThat(lambda.log())
          .anyMatch(line -> line.startsWith("ERROR load status=FAILED object=s3://?/? "))
          .anyMatch(line -> line.startsWith("{\"_aws\":") && line.contains("OBJECT_UNREADABLE"));
      assertThat(people()).containsExactly("1 Ana");
      assertThat(database.rows("SELECT status, error_code FROM history.loads ORDER BY id"))
          .containsExactly(List.of("FAILED", "OBJECT_UNREADABLE"), Arrays.asList("LOADED", null));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"database", "Systems Manager", "S3"})
  void startsWhateverDoesNotAnswer(String who) throws Exception {
    s3.put(bucket, "people.csv", bytes("id,name\n1,Ana\n"));
    settings.put("S3_BUCKET_NAME", bucket);
    try (ServerSocket silent = new ServerSocket(0)) {
      String address = "http://localhost:" + silent.getLocalPort();
      switch (who) {
        case "database" -> settings.put("DB_PORT", Integer.toString(silent.getLocalPort()));
        case "S3" -> settings.put("AWS_ENDPOINT_URL_S3", address);
        default -> {
          settings.remove("DB_PASSWORD");
          settings.put("DB_PASSWORD_PARAMETER", "/people/password");
          settings.put("AWS_ENDPOINT_URL_SSM", address);
        }
      }

      try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
        assertThat(lambda.initError()).isEmpty();
        assertThat(lambda.log()).isEmpty();
      }
    }
  }

  @Test
  void ignoresWhatIsNoNewCsvFile() throws Exception {
    JsonNode removed = JSON.readTree(event("people.csv"));
    ((ObjectNode) removed.at("/Records/0")).put("eventName", "ObjectRemoved:Delete");

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      for (String event : List.of(removed.toString(), event("people.txt"))) {
        Answer answer = lambda.invoke(event);
        assertThat(JSON.readTree(answer.body()).at("/loads/0/status").asText())
            .as(answer.body())
            .isEqualTo("IGNORED");
      }
      assertThat(lambda.log()).allMatch(line -> line.startsWith("INFO load status=IGNORED "));
      assertThat(people()).containsExactly("0 old");
    }
  }

  @Test
  void triesAllRecordsAndLoadsTheGoodOnesOnce() throws Exception {
    s3.put(bucket, "good.csv", bytes("id,name\n1,Ana\n"));
    s3.put(bucket, "bad.csv", bytes("id,name\n1,Ana\nmarker-47114711,Bo\n"));
    s3.put(bucket, "worse.csv", bytes("id,nmae\n"));
    String event = event("good.csv", "bad.csv", "worse.csv", "people.txt");

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      for (int tries = 0; tries < 2; tries++) {
        Answer answer = lambda.invoke(event);
        JsonNode error = JSON.readTree(answer.body());
        assertThat(answer.failed()).isTrue();
        assertThat(error.get("errorType").asText()).isEqualTo("s3topostgres.LoadException");
        assertThat(error.get("errorMessage").asText())
            .startsWith("ROW_REJECTED: s3://%s/bad.csv, line 3, column id: ".formatted(bucket));
      }

      assertThat(people()).containsExactly("1 Ana");
      assertThat(database.rows("SELECT status, object_key FROM history.loads ORDER BY id"))
          .containsExactly(
              List.of("LOADED", "good.csv"),
              List.of("FAILED", "bad.csv"),
              List.of("FAILED", "worse.csv"),
              List.of("FAILED", "bad.csv"),
              List.of("FAILED", "worse.csv"));
      assertThat(lambda.log())
          .anyMatch(
              line ->
                  line.startsWith(
                      "INFO load status=DUPLICATE object=s3://%s/good.csv".formatted(bucket)))
          .anyMatch(
              line -> line.contains("Suppressed: s3topostgres.LoadException: HEADER_MISMATCH"));
      assertThat(String.join("\n", lambda.log())).doesNotContain("47114711");
    }
  }

  @Test
  void reportsAllProblemsOfTheSettingsWhenItStarts() throws Exception {
    settings.remove("DB_HOST");
    settings.put("MIN_ROWS", "many");

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      JsonNode error = JSON.readTree(lambda.initError().orElseThrow());

      assertThat(error.get("errorMessage").asText())
          .startsWith("CONFIG_INVALID: the function's settings have 2 problems")
          .contains("DB_HOST is not set", "MIN_ROWS is \"many\"");
    }
  }

  @Test
  void startsWithoutTheDatabaseAndTellsWhenAnEventComes() throws Exception {
    settings.put("DB_HOST", "nowhere.invalid");
    s3.put(bucket, "people.csv", bytes("id,name\n1,Ana\n"));

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      assertThat(lambda.initError()).isEmpty();
      assertThat(lambda.invoke(event("people.csv"), Duration.ofSeconds(20)).body())
          .contains("DATABASE_UNAVAILABLE: s3://" + bucket + "/people.csv: ")
          .contains("the host's name cannot be resolved");
    }
  }

  @Test
  void readsThePasswordAnewWhenItWasChanged() throws Exception {
    s3.put(bucket, "people.csv", bytes("id,name\n1,Ana\n"));
    try (SsmServer ssm = SsmServer.launch()) {
      ssm.put("/people/password", PASSWORD);
      settings.remove("DB_PASSWORD");
      settings.put("DB_PASSWORD_PARAMETER", "/people/password");
      settings.put("AWS_ENDPOINT_URL_SSM", ssm.endpoint().toString());

      try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
        assertThat(lambda.invoke(event("people.csv")).failed()).isFalse();
        assertThat(lambda.invoke(event("people.csv")).failed()).isFalse();
        assertThat(ssm.requests()).isEqualTo(1);

        database.execute("ALTER ROLE \"%s\" PASSWORD 'changed'".formatted(role));
        Answer refused = lambda.invoke(event("people.csv"));
        assertThat(refused.body()).contains("DATABASE_REFUSED").contains("refused the login");

        ssm.put("/people/password", "changed");
        assertThat(lambda.invoke(event("people.csv")).failed()).isFalse();
        assertThat(String.join("\n", lambda.log()))
            .doesNotContain(PASSWORD)
            .doesNotContain("changed");
      }
    }
  }

  @Test
  void leavesItToTheFirstLoadToSayThatTheLoginIsRefused() throws Exception {
    s3.put(bucket, "people.csv", bytes("id,name\n1,Ana\n"));
    try (SsmServer ssm = SsmServer.launch()) {
      ssm.put("/people/password", "wrong");
      settings.remove("DB_PASSWORD");
      settings.put("DB_PASSWORD_PARAMETER", "/people/password");
      settings.put("AWS_ENDPOINT_URL_SSM", ssm.endpoint().toString());

      try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
        assertThat(lambda.log()).isEmpty();
        assertThat(lambda.invoke(event("people.csv")).body()).contains("refused the login");
      }
    }
  }

  @Test
  void reportsAPasswordParameterThatItMayNotRead() throws Exception {
    s3.put(bucket, "people.csv", bytes("id,name\n1,Ana\n"));
    try (SsmServer ssm = SsmServer.launch()) {
      ssm.deny();
      settings.remove("DB_PASSWORD");
      settings.put("DB_PASSWORD_PARAMETER", "/people/password");
      settings.put("AWS_ENDPOINT_URL_SSM", ssm.endpoint().toString());

      try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
        assertThat(lambda.invoke(event("people.csv")).body())
            .contains("CONFIG_INVALID")
            .contains("AccessDeniedException");
      }
    }
  }

  @Test
  void answersBeforeItsTimeIsOver() throws Exception {
    s3.put(bucket, "people.csv", bytes("id,name\n1,Ana\n"));
    settings.put("AFTER_LOAD_SQL", "SELECT pg_sleep(600)");

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      Answer answer = lambda.invoke(event("people.csv"), Duration.ofSeconds(20));

      assertThat(JSON.readTree(answer.body()).get("errorMessage").asText())
          .startsWith("OUT_OF_TIME: s3://%s/people.csv: ".formatted(bucket));
      assertThat(lambda.log())
          .anyMatch(line -> line.startsWith("{\"_aws\":") && line.contains("\"OUT_OF_TIME\""));
      assertThat(people()).containsExactly("0 old");
      assertThat(database.rows("SELECT error_code FROM history.loads"))
          .containsExactly(List.of("OUT_OF_TIME"));
    }
  }

  @Test
  void showsNeitherThePasswordNorACellInTheMostDetailedLog() throws Exception {
    s3.put(bucket, "people.csv", bytes("id,name\n1,marker-47114711\n1,marker-47114711\n"));
    settings.put("LOG_LEVEL", "trace");

    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      assertThat(lambda.invoke(event("people.csv")).body())
          .contains("ROW_REJECTED")
          .doesNotContain("47114711");
      assertThat(String.join("\n", lambda.log()))
          .contains("TRUNCATE TABLE public.people")
          .doesNotContain("47114711")
          .doesNotContain(PASSWORD);
    }
  }

  @Test
  void triesAnObjectByItsSecondEntry() throws Exception {
    settings.put("S3_BUCKET_NAME", bucket);
    s3.put(bucket, "a file.csv", bytes("name,id\nAna,1\nBo,x\nCy,\n"));

    try (LambdaRuntime lambda = LambdaRuntime.start("check", settings)) {
      Answer answer = lambda.invoke("{\"object\": \"a file.csv\"}");

      assertThat(answer.failed()).as(answer.body() + lambda.log()).isFalse();
      assertThat(JSON.readTree(answer.body()))
          .isEqualTo(
              JSON.readTree(
                  """
                  {"object": "s3://%1$s/a file.csv", "table": "public.people", "wouldLoad": false,
                   "message": "ROW_REJECTED: s3://%1$s/a file.csv: 2 values do not fit: line 3, column id: \
                  not a whole number; line 4, column id: empty, but a value is required. Correct the file \
                  and upload it again; the old rows are still there.",
                   "rows": 3, "columns": ["name", "id"], "defaulted": [], "ignored": [],
                   "warnings": [],
                   "faults": [{"line": 3, "column": "id", "reason": "not a whole number"},
                              {"line": 4, "column": "id", "reason": "empty, but a value is required"}]}"""
                      .formatted(bucket)));
    }
  }

  @Test
  void checksByItsSecondEntry() throws Exception {
    settings.put("S3_BUCKET_NAME", bucket);

    try (LambdaRuntime lambda = LambdaRuntime.start("check", settings)) {
      Answer answer = lambda.invoke("{}");

      assertThat(answer.failed()).as(answer.body() + lambda.log()).isFalse();
      JsonNode checks = JSON.readTree(answer.body()).get("checks");
      assertThat(checks.findValuesAsText("check"))
          .containsExactly(
              "settings",
              "name resolution",
              "TCP",
              "S3 from the function",
              "the bucket's notifications",
              "results of loads",
              "Systems Manager from the function",
              "TLS",
              "login",
              "table and privileges",
              "history table",
              "extension",
              "S3 from the database",
              "time and memory");
      assertThat(checks.findValuesAsText("result")).doesNotContain("failed");

      // An invocation that fails is what stops a deployment.
      database.execute("REVOKE TRUNCATE ON people FROM \"%s\"".formatted(role));
      Answer failure = lambda.invoke("{}");

      assertThat(failure.failed()).isTrue();
      assertThat(JSON.readTree(failure.body()).get("errorMessage").asText().lines())
          .hasSize(15)
          .contains(
              "failed      | table and privileges              |"
                  + " the database user lacks TRUNCATE on public.people. GRANT SELECT, INSERT,"
                  + " TRUNCATE ON public.people TO the user, and USAGE ON its schema.",
              "not checked | time and memory                   | needs: table and privileges");
      assertThat(answer.body() + failure.body() + lambda.log()).doesNotContain("s3cret");
    }
  }

  @Test
  void catchesUpByItsThirdEntry() throws Exception {
    settings.put("S3_BUCKET_NAME", bucket);
    try (LambdaRuntime lambda = LambdaRuntime.start(settings)) {
      lambda.invoke(UploadEvent.put(s3, bucket, "first.csv", "id,name\n1,Ana\n"));
    }
    // S3's list has no fractions of the second.
    LockSupport.parkNanos(Duration.ofMillis(1100).toNanos());
    s3.put(bucket, "a+b people.csv", bytes("id,name\n2,Bo\n"));
    settings.put("LOAD_FUNCTION", "people-load");

    try (LambdaRuntime lambda = LambdaRuntime.start("catchUp", settings)) {
      assertThat(lambda.invoke("{}").body()).as("it is left to its event").contains("[]");
      Answer answer =
          lambda.invoke(
              """
              {"version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
               "detail-type": "Scheduled Event", "source": "aws.events",
               "account": "123456789012", "time": "%s", "region": "eu-west-1",
               "resources": ["arn:aws:events:eu-west-1:123456789012:rule/catch-up"], "detail": {}}"""
                  .formatted(Instant.now().plus(Duration.ofMinutes(21))));

      assertThat(answer.failed()).as(answer.body() + lambda.log()).isFalse();
      assertThat(JSON.readTree(answer.body()).at("/loads/0/object").asText())
          .isEqualTo("s3://" + bucket + "/a+b people.csv");
      assertThat(people()).containsExactly("2 Bo");
      assertThat(lambda.log())
          .anyMatch(line -> line.endsWith("1 of 2 files in s3://" + bucket + "/ were never loaded"))
          .anyMatch(line -> line.contains("\"service\":\"people-load\""));
    }
  }

  private List<String> people() throws Exception {
    return database.rows("SELECT id || ' ' || name FROM people ORDER BY id").stream()
        .map(row -> row.get(0))
        .toList();
  }

  /** An event as AWS documents it, with one record for each key, each newer than the last. */
  private String event(String... keys) throws Exception {
    ObjectNode event =
        (ObjectNode) JSON.readTree(resource("object-created-2.5.json").replace("BUCKET", bucket));
    JsonNode template = event.at("/Records/0");
    ArrayNode records = event.putArray("Records");
    for (String key : keys) {
      ObjectNode record = template.deepCopy();
      ObjectNode object = (ObjectNode) record.at("/s3/object");
      object.put("key", URLEncoder.encode(key, StandardCharsets.UTF_8));
      object.put("sequencer", "0055AED6DCD9%06X".formatted(++sequence));
      record.put("eventTime", Instant.now().plusMillis(sequence).toString());
      records.add(record);
    }
    return event.toString();
  }

  private static String resource(String name) throws Exception {
    try (InputStream in = EndToEndIT.class.getResourceAsStream("/events/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
