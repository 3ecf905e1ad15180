package s3topostgres.s3;

import java.time.Instant;
import java.util.Optional;

/**
 * An upload of an object, announced by an event or found in the bucket's list.
 *
 * @param region of the bucket, such as {@code eu-west-1}
 * @param sequencer orders the uploads of one object key; hexadecimal, of any length; empty without
 *     an event, and in an event that was written by hand
 * @param eventTime when S3 finished the upload; without an event, the time in the bucket's list, in
 *     whole seconds, which for a multipart upload is its beginning
 * @param etag of the uploaded object, without quotes
 * @param found whether the upload was found in the bucket's list, because no load of it is recorded
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html">Event
 *     message structure</a>
 */
public record Upload(
    ObjectLocation object,
    String region,
    Optional<String> sequencer,
    Optional<Instant> eventTime,
    Optional<String> etag,
    boolean found) {

  /** Makes an upload that an event announced. */
  public Upload(
      ObjectLocation object,
      String region,
      Optional<String> sequencer,
      Optional<Instant> eventTime,
      Optional<String> etag) {
    this(object, region, sequencer, eventTime, etag, false);
  }

  /** Makes an upload of which only the object's location is known. */
  public static Upload unannounced(ObjectLocation object, String region) {
    return new Upload(object, region, Optional.empty(), Optional.empty(), Optional.empty());
  }
}
