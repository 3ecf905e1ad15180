package s3topostgres.s3;

import java.time.Instant;
import java.util.Optional;

/**
 * One upload as S3 announced it.
 *
 * @param region of the bucket, such as {@code eu-west-1}
 * @param sequencer orders the uploads of one key; hexadecimal, of any length; empty in an event
 *     that was written by hand
 * @param eventTime when S3 finished the upload
 * @param etag of the object then, without quotes
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html">Event
 *     message structure</a>
 */
public record Upload(
    ObjectLocation object,
    String region,
    Optional<String> sequencer,
    Optional<Instant> eventTime,
    Optional<String> etag) {}
