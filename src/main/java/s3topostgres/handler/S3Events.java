package s3topostgres.handler;

import com.amazonaws.services.lambda.runtime.events.S3Event;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3Entity;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3EventNotificationRecord;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3ObjectEntity;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.load.Upload;
import s3topostgres.s3.ObjectLocation;

/** What S3's events say, in our words. */
final class S3Events {
  private S3Events() {}

  /** The records of an event; none in {@code s3:TestEvent}. */
  static List<S3EventNotificationRecord> records(S3Event event) {
    return Optional.ofNullable(event.getRecords()).orElse(List.of());
  }

  /** Whether a record announces a new CSV file, whatever the case of {@code .csv}. */
  static boolean isNewCsv(S3EventNotificationRecord record, Upload upload) {
    String name = Optional.ofNullable(record.getEventName()).orElse("");
    return name.startsWith("ObjectCreated:")
        && upload.object().key().toLowerCase(Locale.ROOT).endsWith(".csv");
  }

  /**
   * The upload that a record is about. Keys come form-encoded: a {@code +} is a blank.
   *
   * @param functionRegion stands in for the bucket's region in an event that was written by hand
   * @throws LoadException {@code OBJECT_UNREADABLE} when the record names no object
   */
  static Upload upload(S3EventNotificationRecord record, String functionRegion) {
    S3Entity s3 = record.getS3();
    if (s3 == null
        || s3.getBucket() == null
        || s3.getBucket().getName() == null
        || s3.getObject() == null
        || s3.getObject().getKey() == null) {
      throw new LoadException(
          ErrorCode.OBJECT_UNREADABLE,
          "a record of the event names no bucket or no key",
          "Send it as S3 does, with s3.bucket.name and s3.object.key.");
    }
    S3ObjectEntity object = s3.getObject();
    return new Upload(
        new ObjectLocation(
            s3.getBucket().getName(), URLDecoder.decode(object.getKey(), StandardCharsets.UTF_8)),
        Optional.ofNullable(record.getAwsRegion()).orElse(functionRegion),
        Optional.ofNullable(object.getSequencer()).filter(sequencer -> !sequencer.isEmpty()),
        Optional.ofNullable(record.getEventTime())
            .map(time -> Instant.ofEpochMilli(time.getMillis())),
        Optional.ofNullable(object.geteTag()));
  }
}
