package s3topostgres.handler;

import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3Entity;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3EventNotificationRecord;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3ObjectEntity;
import java.time.Instant;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/**
 * One record of an S3 event. Lambda's runtime creates the beans: a missing text is empty there, a
 * missing object has only empty texts, and a record without {@code eventTime} fails the invocation
 * before this code runs.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html">Event
 *     message structure</a>
 */
record EventRecord(S3EventNotificationRecord record) {

  /** Of the event that the Lambda console offers for a test, whose time is 1970. */
  private static final String TEMPLATE_SEQUENCER = "0A1B2C3D4E5F678901";

  /** Whether the record announces a new object. MinIO puts "s3:" before the name of the event. */
  boolean isNewObject() {
    return record.getEventName().matches("(s3:)?ObjectCreated:.*");
  }

  /**
   * The upload that the record announces. Object keys are form-encoded: a {@code +} is a space. The
   * console's template counts as an event without a sequencer and a time.
   *
   * @param functionRegion the region where an event that was written by hand names none
   * @throws LoadException {@code OBJECT_UNREADABLE} when the record names no object
   */
  Upload upload(String functionRegion) {
    S3Entity s3 = record.getS3();
    S3ObjectEntity object = s3.getObject();
    if (s3.getBucket().getName().isEmpty() || object.getKey().isEmpty()) {
      throw malformed("names no bucket or no key");
    }
    boolean template = TEMPLATE_SEQUENCER.equals(object.getSequencer());
    return new Upload(
        new ObjectLocation(s3.getBucket().getName(), key(object)),
        given(record.getAwsRegion()).orElse(functionRegion),
        given(object.getSequencer()).filter(any -> !template),
        Optional.of(Instant.ofEpochMilli(record.getEventTime().getMillis()))
            .filter(any -> !template),
        given(object.geteTag()).filter(any -> !template));
  }

  private static Optional<String> given(String text) {
    return Optional.of(text).filter(some -> !some.isEmpty());
  }

  private static String key(S3ObjectEntity object) {
    try {
      return object.getUrlDecodedKey();
    } catch (IllegalArgumentException e) {
      throw malformed("has a key that is not form-encoded");
    }
  }

  private static LoadException malformed(String why) {
    return ErrorCode.OBJECT_UNREADABLE.failure(
        "a record of the event " + why,
        "The function takes S3's own events: have the bucket notify it directly, not through SNS,"
            + " SQS or EventBridge. An event written by hand needs s3.bucket.name and"
            + " s3.object.key.");
  }
}
