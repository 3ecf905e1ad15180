package s3topostgres.s3;

import java.time.Instant;
import java.util.Optional;

/**
 * One upload as S3 announced it, or as it was found in the bucket.
 *
 * @param region of the bucket, such as {@code eu-west-1}
 * @param sequencer orders the uploads of one key; hexadecimal, of any length; empty in an event
 *     that was written by hand, and where no event is known
 * @param eventTime when S3 finished the upload; where no event is known, the time in the bucket's
 *     list, which is in whole seconds and, for a multipart upload, its beginning
 * @param etag of the object then, without quotes
 * @param found whether it was found in the bucket, because no load of it is known
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

  /** An upload that was announced. */
  public Upload(
      ObjectLocation object,
      String region,
      Optional<String> sequencer,
      Optional<Instant> eventTime,
      Optional<String> etag) {
    this(object, region, sequencer, eventTime, etag, false);
  }

  /** An object of which nothing but its place is known. */
  public static Upload unannounced(ObjectLocation object, String region) {
    return new Upload(object, region, Optional.empty(), Optional.empty(), Optional.empty());
  }
}
