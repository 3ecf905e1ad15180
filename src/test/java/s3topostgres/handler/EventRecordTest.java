package s3topostgres.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.amazonaws.services.lambda.runtime.events.S3Event;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/** Events as Lambda's runtime hands them over. */
class EventRecordTest {
  @ParameterizedTest
  @ValueSource(strings = {"object-created-2.1.json", "object-created-2.5.json"})
  void readsEveryVersionOfTheEvent(String version) throws IOException {
    String event = resource(version).replace("BUCKET", "in").replace("KEY", "a+b.csv");

    assertThat(record(event).upload("elsewhere"))
        .isEqualTo(
            new Upload(
                new ObjectLocation("in", "a b.csv"),
                "eu-west-1",
                Optional.of("0055AED6DCD90281E5"),
                Optional.of(Instant.parse("2026-11-22T10:00:00Z")),
                Optional.of("d41d8cd98f00b204e9800998ecf8427e")));
  }

  @ParameterizedTest
  @CsvSource({
    "people.csv, people.csv",
    "two+words/a%2Bb+100%25.csv, two words/a+b 100%.csv",
    "m%C3%BCnchen+%F0%9F%9A%80.csv, m\u00fcnchen \ud83d\ude80.csv",
    "with%22quote.CSV, with\"quote.CSV"
  })
  void readsWhatS3Announces(String encoded, String key) throws IOException {
    EventRecord record =
        record(resource("object-created-2.5.json").replace("BUCKET", "in").replace("KEY", encoded));

    Upload upload = record.upload("elsewhere");

    assertThat(upload.object().bucket()).isEqualTo("in");
    assertThat(upload.object().key()).isEqualTo(key);
    assertThat(upload.region()).isEqualTo("eu-west-1");
    assertThat(upload.sequencer()).isPresent();
    assertThat(upload.etag()).isPresent();
    assertThat(upload.eventTime()).contains(Instant.parse("2026-11-22T10:00:00Z"));
    assertThat(record.isNewObject()).isTrue();
  }

  /** As MinIO sends it. */
  @Test
  void readsAnEventWhoseNameSaysThatItIsOfS3() throws IOException {
    EventRecord record =
        record(
            resource("object-created-2.1.json")
                .replace("BUCKET", "in")
                .replace("KEY", "people.csv")
                .replace("ObjectCreated:Put", "s3:ObjectCreated:Put"));

    assertThat(record.isNewObject()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "ObjectRemoved:Delete, people.csv",
    "s3:ObjectRemoved:Delete, people.csv",
    "ObjectRestore:Completed, people.csv"
  })
  void loadsNothingThatIsNoNewObject(String event, String key) {
    EventRecord record =
        record(
            """
            {"Records": [{"eventName": "%s", "eventTime": "2026-11-22T10:00:00Z",
              "s3": {"bucket": {"name": "in"}, "object": {"key": "%s"}}}]}"""
                .formatted(event, key));

    assertThat(record.isNewObject()).isFalse();
  }

  @Test
  void readsAnEventThatWasWrittenByHand() {
    EventRecord record =
        record(
            """
            {"Records": [{"eventTime": "2026-11-22T10:00:00Z",
              "s3": {"bucket": {"name": "in"}, "object": {"key": "p.csv"}}}]}""");

    Upload upload = record.upload("eu-west-1");

    assertThat(upload.region()).isEqualTo("eu-west-1");
    assertThat(upload.sequencer()).isEmpty();
    assertThat(upload.etag()).isEmpty();
    assertThat(record.isNewObject()).isFalse();
  }

  /** Its bucket and object key replaced, as the console invites to. */
  @Test
  void theTemplateOfTheConsoleCountsAsWrittenByHand() {
    EventRecord record =
        record(
            """
            {"Records": [{"eventVersion": "2.0", "eventSource": "aws:s3", "awsRegion": "us-east-1",
              "eventTime": "1970-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
              "s3": {"s3SchemaVersion": "1.0", "configurationId": "testConfigRule",
                "bucket": {"name": "in", "arn": "arn:aws:s3:::example-bucket"},
                "object": {"key": "p.csv", "size": 1024, "eTag": "0123456789abcdef0123456789abcdef",
                  "sequencer": "0A1B2C3D4E5F678901"}}}]}""");

    Upload upload = record.upload("eu-west-1");

    assertThat(upload.sequencer()).isEmpty();
    assertThat(upload.eventTime()).isEmpty();
    assertThat(upload.etag()).isEmpty();
    assertThat(record.isNewObject()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"s3\": {\"bucket\": {\"name\": \"in\"}}}",
        "{\"s3\": {\"bucket\": {\"name\": \"in\"}, \"object\": {}}}",
        "{\"s3\": {\"bucket\": {\"name\": \"in\"}, \"object\": {\"key\": \"100%.csv\"}}}",
        "{\"Sns\": {\"Message\": \"{}\"}}"
      })
  void refusesARecordThatNamesNoObject(String record) {
    String timed = record.replaceFirst("\\{", "{\"eventTime\": \"2026-11-22T10:00:00Z\", ");
    EventRecord malformed = record("{\"Records\": [" + timed.replace(", }", "}") + "]}");

    assertThatThrownBy(() -> malformed.upload("eu-west-1"))
        .isInstanceOfSatisfying(
            LoadException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_UNREADABLE))
        .hasMessageContaining("a record of the event")
        .hasMessageContaining("not through SNS, SQS or EventBridge");
  }

  private static EventRecord record(String event) {
    S3Event bean =
        LambdaEventSerializers.serializerFor(S3Event.class, S3Event.class.getClassLoader())
            .fromJson(event);
    return new EventRecord(bean.getRecords().get(0));
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = EventRecordTest.class.getResourceAsStream("/events/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
