package s3topostgres.handler;

import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.load.Upload;
import s3topostgres.s3.ObjectLocation;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/**
 * What S3's events say, in our words. They are read by the SDK's own small JSON parser: the bean
 * {@code S3Event} takes a quarter of a second to load.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html">Event
 *     message structure</a>
 */
final class S3Events {
  private S3Events() {}

  /** The records of an event; none in {@code s3:TestEvent}. */
  static List<JsonNode> records(InputStream event) {
    return JsonNode.parser()
        .parse(event)
        .field("Records")
        .filter(JsonNode::isArray)
        .map(JsonNode::asArray)
        .orElse(List.of());
  }

  /** Whether a record announces a new CSV file, whatever the case of {@code .csv}. */
  static boolean isNewCsv(JsonNode record, Upload upload) {
    return text(record, "eventName").orElse("").startsWith("ObjectCreated:")
        && upload.object().key().toLowerCase(Locale.ROOT).endsWith(".csv");
  }

  /**
   * The upload that a record is about. Keys come form-encoded: a {@code +} is a blank.
   *
   * @param functionRegion stands in for the bucket's region in an event that was written by hand
   * @throws LoadException {@code OBJECT_UNREADABLE} when the record names no object
   */
  static Upload upload(JsonNode record, String functionRegion) {
    Optional<String> bucket = text(record, "s3", "bucket", "name");
    Optional<String> key = text(record, "s3", "object", "key");
    if (bucket.isEmpty() || key.isEmpty()) {
      throw malformed("names no bucket or no key");
    }
    return new Upload(
        new ObjectLocation(bucket.get(), decoded(key.get())),
        text(record, "awsRegion").orElse(functionRegion),
        text(record, "s3", "object", "sequencer").filter(sequencer -> !sequencer.isEmpty()),
        text(record, "eventTime").map(S3Events::instant),
        text(record, "s3", "object", "eTag"));
  }

  private static String decoded(String key) {
    try {
      return URLDecoder.decode(key, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw malformed("has a key that is not form-encoded");
    }
  }

  private static Instant instant(String time) {
    try {
      return OffsetDateTime.parse(time).toInstant();
    } catch (DateTimeException e) {
      throw malformed("has an eventTime that is no time, such as 2026-11-22T10:00:00.000Z");
    }
  }

  /** The text at the end of a path; empty where there is none. */
  private static Optional<String> text(JsonNode node, String... path) {
    Optional<JsonNode> found = Optional.of(node);
    for (String name : path) {
      found = found.flatMap(inner -> inner.field(name));
    }
    return found.filter(JsonNode::isString).map(JsonNode::asString);
  }

  private static LoadException malformed(String why) {
    return new LoadException(
        ErrorCode.OBJECT_UNREADABLE,
        "a record of the event " + why,
        "Send it as S3 does, with s3.bucket.name and s3.object.key.");
  }
}
