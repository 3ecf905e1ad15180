package s3topostgres.sandbox;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicLong;

/** The events that S3 sends. */
public final class UploadEvent {
  private static final AtomicLong SEQUENCER = new AtomicLong(0x55aed6dcd90281e5L);

  private UploadEvent() {}

  /** Puts an object into a bucket, and returns the event about it. */
  public static String put(S3Server s3, String bucket, String key, String content) {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    return of(bucket, key, bytes.length, s3.put(bucket, key, bytes));
  }

  /**
   * An event about one object that was just put, with a sequencer greater than the one before it.
   *
   * @param eTag without quotes
   * @see <a
   *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html">event
   *     message structure</a>
   */
  public static String of(String bucket, String key, long size, String eTag) {
    String encodedKey = URLEncoder.encode(key, StandardCharsets.UTF_8).replace("%2F", "/");
    return """
        {
          "Records": [
            {
              "eventVersion": "2.5",
              "eventSource": "aws:s3",
              "awsRegion": "%1$s",
              "eventTime": "%2$s",
              "eventName": "ObjectCreated:Put",
              "userIdentity": {"principalId": "AWS:AIDAINPONIXQXHT3IKHL2"},
              "requestParameters": {"sourceIPAddress": "127.0.0.1"},
              "responseElements": {
                "x-amz-request-id": "D82B88E5F771F645",
                "x-amz-id-2": "vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6qMa0emYBDXOo6QBU0Wo="
              },
              "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "828aa6fc-f7b5-4305-8584-487c791949c1",
                "bucket": {
                  "name": "%3$s",
                  "ownerIdentity": {"principalId": "A3I5XTEXAMAI3E"},
                  "arn": "arn:aws:s3:::%3$s"
                },
                "object": {
                  "key": "%4$s",
                  "size": %5$d,
                  "eTag": "%6$s",
                  "sequencer": "%7$018X"
                }
              }
            }
          ]
        }
        """
        .formatted(
            S3Server.REGION,
            Instant.now().truncatedTo(ChronoUnit.MILLIS),
            bucket,
            encodedKey,
            size,
            eTag,
            SEQUENCER.incrementAndGet());
  }
}
