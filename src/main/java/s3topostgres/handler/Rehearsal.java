package s3topostgres.handler;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.crac.Context;
import org.crac.Resource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.load.Loader;
import s3topostgres.load.Upload;
import s3topostgres.postgres.Deadline;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/**
 * Goes the way of a load before the first event. Lambda gives the start-up a whole processor and an
 * invocation only a share of one, so classes are loaded here, the password is read, and TLS and
 * login are done for the first time. Whatever fails is left to the first load, which has an event
 * to report it with.
 *
 * <p>With SnapStart the process becomes a snapshot then, from which many processes go on, weeks
 * later perhaps. So what was read is forgotten; after the restore nothing is left to do, since each
 * load connects anew.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-java.html">Runtime
 *     hooks</a>
 */
final class Rehearsal implements Resource {
  /** Lambda allows ten seconds for the whole start-up; AWS is waited for a little longer. */
  private static final Duration LIMIT = Duration.ofSeconds(4);

  /** So many that what a load runs is compiled. The deployment waits for them, no load does. */
  private static final int BEFORE_SNAPSHOT = 10;

  private static final String EVENT =
      """
      {"Records": [{"eventName": "ObjectCreated:Put", "eventTime": "1970-01-01T00:00:00.000Z",
        "s3": {"bucket": {"name": "none"},
          "object": {"key": "s3-csv-to-postgres-rehearsal.csv", "sequencer": "0"}}}]}""";

  private static final Logger log = LoggerFactory.getLogger(Rehearsal.class);

  private final Loader loader;
  private final Runnable forget;

  /**
   * @param forget what is to be done before a snapshot
   */
  Rehearsal(Loader loader, Runnable forget) {
    this.loader = loader;
    this.forget = forget;
  }

  /** Whether nothing failed. */
  boolean run() {
    try {
      byte[] event = EVENT.getBytes(StandardCharsets.UTF_8);
      JsonNode record = S3Events.records(new ByteArrayInputStream(event)).get(0);
      Upload upload = S3Events.upload(record, "");
      S3Events.isNewCsv(record, upload);
      new LoadReport(List.of(loader.rehearse(upload, Deadline.in(LIMIT)))).json();
      log.debug("rehearsed a load");
      return true;
    } catch (RuntimeException e) {
      log.debug("could not rehearse a load: {}", e.getMessage());
      return false;
    }
  }

  @Override
  public void beforeCheckpoint(Context<? extends Resource> context) throws InterruptedException {
    // In a thread that ends, as the JSON parser keeps with its thread what it has read of secrets.
    Thread rehearsals = new Thread(this::repeat, "rehearsals");
    rehearsals.start();
    rehearsals.join();
  }

  private void repeat() {
    boolean good = true;
    for (int times = 0; times < BEFORE_SNAPSHOT && good; times++) {
      good = run();
      forget.run();
    }
  }

  @Override
  public void afterRestore(Context<? extends Resource> context) {}
}
