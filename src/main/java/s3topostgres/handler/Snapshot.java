package s3topostgres.handler;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.crac.Context;
import org.crac.Resource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.aws.AwsHttp;
import s3topostgres.config.CaCertificate;
import s3topostgres.config.Password;
import s3topostgres.load.Loader;
import s3topostgres.load.Upload;
import s3topostgres.postgres.Deadline;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/**
 * Makes a process ready to become a snapshot of SnapStart, from which many processes go on, weeks
 * later perhaps: what a load needs is loaded, and what it must have anew is forgotten. After the
 * restore nothing is left to do.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-java.html">Runtime
 *     hooks</a>
 */
final class Snapshot implements Resource {
  /** Lambda allows at least 130 seconds for the whole start-up. */
  private static final Duration REHEARSAL = Duration.ofSeconds(20);

  private static final Logger log = LoggerFactory.getLogger(Snapshot.class);

  private final Loader loader;
  private final String bucket;
  private final String region;
  private final AwsHttp aws;
  private final Password password;
  private final CaCertificate authorities;

  Snapshot(
      Loader loader,
      String bucket,
      String region,
      AwsHttp aws,
      Password password,
      CaCertificate authorities) {
    this.loader = loader;
    this.bucket = bucket;
    this.region = region;
    this.aws = aws;
    this.password = password;
    this.authorities = authorities;
  }

  @Override
  public void beforeCheckpoint(Context<? extends Resource> context) throws InterruptedException {
    // In a thread that ends, as the JSON parser keeps with its thread what it has read of secrets.
    Thread rehearsal = new Thread(this::rehearse, "rehearsal");
    rehearsal.start();
    rehearsal.join();
    password.forget();
    authorities.forget();
    aws.forget();
  }

  @Override
  public void afterRestore(Context<? extends Resource> context) {}

  /** What fails is left to the first load, which has an event to report it with. */
  private void rehearse() {
    String event =
        """
        {"Records": [{"eventName": "ObjectCreated:Put", "awsRegion": "%s",
          "eventTime": "1970-01-01T00:00:00.000Z", "s3": {"bucket": {"name": "%s"},
          "object": {"key": "s3-csv-to-postgres-rehearsal.csv", "sequencer": "0"}}}]}"""
            .formatted(region, bucket);
    try {
      JsonNode record =
          S3Events.records(new ByteArrayInputStream(event.getBytes(StandardCharsets.UTF_8))).get(0);
      Upload upload = S3Events.upload(record, region);
      S3Events.isNewCsv(record, upload);
      new LoadReport(List.of(loader.rehearse(upload, Deadline.in(REHEARSAL)))).json();
      log.info("rehearsed a load for the snapshot");
    } catch (RuntimeException e) {
      log.warn("could not rehearse a load for the snapshot: {}", e.getMessage());
    }
  }
}
