package s3topostgres.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.load.Loader;
import s3topostgres.load.RunningLoad;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.Sandbox;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;

/**
 * A few hundred deliveries to two functions at once: several keys, overwritten before their event
 * comes and after; events twice, late, in any order and never; bad files; backends and functions
 * that die; an outage that some events do not outlast. Events that fail in a way that a retry can
 * help are delivered three times, as Lambda does. In the end comes a scheduled event, and the table
 * holds the newest good upload.
 */
@Tag("slow")
public class RandomisedTest {
  private static final int UPLOADS = 130;
  private static final List<String> KEYS = List.of("a.csv", "b.csv", "c.csv", "d e.csv");

  private final long seed = Long.getLong("seed", System.nanoTime());
  private final Random random = new Random(seed);
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  /** With it, the database is waited for for some seconds. */
  private static final Duration FUNCTION_TIME = Duration.ofSeconds(14);

  private static final Duration OUTAGE = Duration.ofSeconds(8);
  private static final int TRIES = 3;

  /** An event on its way. */
  private record Delivery(Upload upload, int tries, Duration functionTime) {}

  /** One upload and what its file holds. */
  private record Made(Upload upload, int number, boolean good) {}

  private final List<Made> made = new ArrayList<>();
  private final Queue<Delivery> deliveries = new ConcurrentLinkedQueue<>();

  /** Deliveries that are not done with: to come, waiting, being handled, or to be handled again. */
  private final AtomicInteger open = new AtomicInteger();

  private final List<Throwable> surprises = Collections.synchronizedList(new ArrayList<>());

  @Test
  void endsWithTheNewestGoodUploadWhateverHappens() throws Exception {
    fixture.set("S3_BUCKET_NAME", fixture.bucket);
    keepVersions();
    // The first load makes the history, before which nothing is caught up on.
    fixture.load(upload(0));
    try (Network one = network();
        Network two = network()) {
      AtomicBoolean over = new AtomicBoolean();
      Thread first = function(one, over);
      Thread second = function(two, over);
      List<Delivery> later = new ArrayList<>();
      Thread outage = new Thread(this::refuseConnections);
      for (int number = 1; number <= UPLOADS; number++) {
        Upload upload = upload(number);
        deliver(upload, later);
        disturb(one, two);
        if (number == UPLOADS / 2) {
          outage.start();
        }
      }
      // Lost or not, and by more than S3's list cuts off later than the others.
      LockSupport.parkNanos(Duration.ofMillis(1100).toNanos());
      Upload last = upload(UPLOADS + 1);
      if (random.nextBoolean()) {
        deliver(last, later);
      }
      outage.join();
      Collections.shuffle(later, random);
      deliveries.addAll(later);
      RunningLoad.await(() -> open.get() == 0 || !surprises.isEmpty());
      over.set(true);
      first.join();
      second.join();
    }
    fixture.set("DB_PORT", Integer.toString(Sandbox.shared().postgres().port()));
    List<LoadResult> caughtUp = fixture.catchUp();
    assertThat(caughtUp).hasSizeLessThanOrEqualTo(1);
    assertThat(fixture.catchUp()).isEmpty();
    String story = "seed " + seed + "\n" + fixture.log();
    assertThat(surprises).as(story).isEmpty();
    assertThat(fixture.rows("SELECT DISTINCT name FROM people"))
        .as(story)
        .containsExactly("upload" + expected().number);
    historyIsConsistent(story);
  }

  /** So that S3Mock does not write the new content over the old while somebody reads that. */
  private void keepVersions() {
    fixture
        .s3
        .client()
        .putBucketVersioning(
            request ->
                request
                    .bucket(fixture.bucket)
                    .versioningConfiguration(
                        versions -> versions.status(BucketVersioningStatus.ENABLED)));
  }

  /** The last upload is good and stays, so that nothing but it may be in the table. */
  private Made expected() {
    return made.stream()
        .filter(Made::good)
        .max(Comparator.comparing(upload -> upload.upload.eventTime().orElseThrow()))
        .orElseThrow();
  }

  private void historyIsConsistent(String story) {
    assertThat(
            fixture.rows(
                """
                SELECT object_key, sequencer FROM history.loads
                WHERE status = 'LOADED' AND sequencer IS NOT NULL
                GROUP BY 1, 2 HAVING count(*) > 1"""))
        .as("loaded twice; " + story)
        .isEmpty();
    assertThat(
            fixture.rows(
                """
                SELECT id FROM (
                  SELECT id, event_time < max(event_time) OVER (ORDER BY id) AS late
                  FROM history.loads WHERE status = 'LOADED' AND mode <> 'catch-up') AS loads
                WHERE late"""))
        .as("older after newer; " + story)
        .isEmpty();
    Map<String, Made> byEtag = new HashMap<>();
    made.forEach(upload -> byEtag.put(upload.upload.etag().orElseThrow(), upload));
    assertThat(
            fixture.rows(
                """
                SELECT etag, size_bytes, rows_loaded FROM history.loads
                WHERE status = 'LOADED' AND mode <> 'catch-up'"""))
        .as(story)
        .allSatisfy(
            row -> {
              String[] values = row.split("\\|");
              Made upload = byEtag.get(values[0]);
              assertThat(upload.good).isTrue();
              assertThat(values[1]).isEqualTo("" + content(upload.number, true).length());
              assertThat(values[2]).isEqualTo("" + rows(upload.number));
            });
  }

  private Upload upload(int number) {
    // The last ones are good, so that each key ends with a file that can be loaded; and the first.
    boolean good = number == 0 || number > UPLOADS - 2 * KEYS.size() || random.nextInt(6) > 0;
    String key = KEYS.get(random.nextInt(KEYS.size()));
    String etag = fixture.s3.put(fixture.bucket, key, content(number, good).getBytes());
    Upload upload =
        new Upload(
            new ObjectLocation(fixture.bucket, key),
            LoadFixture.REGION,
            Optional.of(sequencer(number)),
            Optional.of(Instant.now()),
            Optional.of(etag));
    made.add(new Made(upload, number, good));
    return upload;
  }

  /** Of different lengths, as S3 may send them. */
  private static String sequencer(int number) {
    String digits = "0065AB%04X".formatted(number);
    return number % 3 == 0 ? digits + "00" : digits;
  }

  private void deliver(Upload upload, List<Delivery> later) {
    Delivery delivery = new Delivery(upload, TRIES, FUNCTION_TIME);
    switch (random.nextInt(9)) {
      case 0 -> {} // The event is lost.
      case 1, 2 -> add(delivery, later);
      case 3, 4, 5 -> {
        add(delivery, deliveries);
        add(delivery, later);
      }
      default -> add(delivery, deliveries);
    }
  }

  private void add(Delivery delivery, Collection<Delivery> queue) {
    open.incrementAndGet();
    queue.add(delivery);
  }

  /** The database has no connection for us for a while. */
  private void refuseConnections() {
    limitConnections(0);
    LockSupport.parkNanos(OUTAGE.toNanos());
    limitConnections(-1);
  }

  private void limitConnections(int limit) {
    fixture.execute(
        "ALTER ROLE \"%s\" CONNECTION LIMIT %d".formatted(fixture.role(), limit),
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND usename <> 'postgres'""");
  }

  private void disturb(Network one, Network two) {
    LockSupport.parkNanos(Duration.ofMillis(random.nextInt(150)).toNanos());
    switch (random.nextInt(20)) {
      case 0 -> one.cut();
      case 1 -> two.cut();
      case 2 ->
          fixture.execute(
              """
              SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND usename <> 'postgres'""");
      case 3 -> one.before("COMMIT", one::cut);
      case 4 -> two.before("TRUNCATE", two::cut);
      default -> {}
    }
  }

  private Network network() throws IOException {
    return Network.to("localhost", Sandbox.shared().postgres().port());
  }

  /** Handles one delivery after the other, and puts those back that a retry can help. */
  private Thread function(Network network, AtomicBoolean over) {
    Loader loader = fixture.set("DB_PORT", Integer.toString(network.port())).loader();
    Thread thread =
        new Thread(
            () -> {
              while (!over.get()) {
                Delivery delivery = deliveries.poll();
                if (delivery == null) {
                  LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
                } else {
                  handle(loader, delivery).ifPresent(again -> add(again, deliveries));
                  open.decrementAndGet();
                }
              }
            },
            "function");
    thread.start();
    return thread;
  }

  /** The delivery that is to come again, if any. */
  private Optional<Delivery> handle(Loader loader, Delivery delivery) {
    try {
      loader.load(delivery.upload, Deadline.in(delivery.functionTime), "request");
      return Optional.empty();
    } catch (LoadException e) {
      return switch (e.code()) {
        case ROW_REJECTED -> Optional.empty();
        // Overwritten while it was loaded, or while S3Mock answered, which is not as atomic as S3.
        // The file may be good still.
        case OBJECT_UNREADABLE, IMPORT_UNAVAILABLE -> Optional.of(delivery);
        // This machine is slow.
        case OUT_OF_TIME ->
            Optional.of(
                new Delivery(
                    delivery.upload, delivery.tries, delivery.functionTime.multipliedBy(2)));
        default -> again(delivery, e);
      };
    } catch (RuntimeException e) {
      surprises.add(e);
      return Optional.empty();
    }
  }

  private Optional<Delivery> again(Delivery delivery, LoadException e) {
    if (!e.code().retryHelps()) {
      surprises.add(e);
    }
    return e.code().retryHelps() && delivery.tries > 1
        ? Optional.of(new Delivery(delivery.upload, delivery.tries - 1, delivery.functionTime))
        : Optional.empty();
  }

  private static int rows(int number) {
    return 1 + number % 7;
  }

  private static String content(int number, boolean good) {
    StringBuilder content = new StringBuilder("id,name\n");
    for (int row = 1; row <= rows(number); row++) {
      content.append(row).append(",upload").append(number).append('\n');
    }
    return good ? content.toString() : content + "x,bad\n";
  }
}
