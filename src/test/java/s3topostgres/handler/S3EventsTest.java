package s3topostgres.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.amazonaws.services.lambda.runtime.events.S3Event;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3EventNotificationRecord;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.load.Upload;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

class S3EventsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "people.csv",
        "two+words/a%2Bb+100%25.csv",
        "m%C3%BCnchen+%F0%9F%9A%80.csv",
        "with%22quote.csv"
      })
  void readsWhatAwsOwnBeanReads(String key) throws IOException {
    String json = resource("object-created.json").replace("BUCKET", "in").replace("KEY", key);
    PojoSerializer<S3Event> aws =
        LambdaEventSerializers.serializerFor(S3Event.class, S3Event.class.getClassLoader());
    S3EventNotificationRecord bean = aws.fromJson(json).getRecords().get(0);

    Upload upload = S3Events.upload(record(json), "elsewhere");

    assertThat(upload.object().bucket()).isEqualTo(bean.getS3().getBucket().getName());
    assertThat(upload.object().key()).isEqualTo(bean.getS3().getObject().getUrlDecodedKey());
    assertThat(upload.region()).isEqualTo(bean.getAwsRegion());
    assertThat(upload.sequencer()).contains(bean.getS3().getObject().getSequencer());
    assertThat(upload.etag()).contains(bean.getS3().getObject().geteTag());
    assertThat(upload.eventTime()).contains(Instant.ofEpochMilli(bean.getEventTime().getMillis()));
    assertThat(S3Events.isNewCsv(record(json), upload)).isTrue();
  }

  @Test
  void readsAnEventThatWasWrittenByHand() {
    Upload upload =
        S3Events.upload(
            record(
                """
                {"Records": [{"s3": {"bucket": {"name": "in"}, "object": {"key": "p.csv"}}}]}"""),
            "eu-west-1");

    assertThat(upload.region()).isEqualTo("eu-west-1");
    assertThat(upload.sequencer()).isEmpty();
    assertThat(upload.eventTime()).isEmpty();
    assertThat(upload.etag()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"s3\": {\"bucket\": {\"name\": \"in\"}}}",
        "{\"s3\": {\"bucket\": \"in\", \"object\": {\"key\": 7}}}",
        "{\"s3\": {\"bucket\": {\"name\": \"in\"}, \"object\": {\"key\": \"100%.csv\"}}}",
        "{\"eventTime\": \"today\", \"s3\": {\"bucket\": {\"name\": \"in\"}, \"object\": {\"key\": \"p.csv\"}}}"
      })
  void refusesARecordThatNamesNoObject(String record) {
    assertThatThrownBy(
            () -> S3Events.upload(record("{\"Records\": [" + record + "]}"), "eu-west-1"))
        .isInstanceOfSatisfying(
            LoadException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_UNREADABLE))
        .hasMessageContaining("a record of the event");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"Records\": null}", "[]", "{\"Event\": \"s3:TestEvent\"}"})
  void findsNoRecordsInOtherEvents(String event) {
    assertThat(S3Events.records(stream(event))).isEmpty();
  }

  private static JsonNode record(String event) {
    return S3Events.records(stream(event)).get(0);
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = S3EventsTest.class.getResourceAsStream("/events/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
