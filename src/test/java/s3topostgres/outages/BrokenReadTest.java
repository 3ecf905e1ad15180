package s3topostgres.outages;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;

/**
 * S3 that breaks off, falls silent, dawdles or gets another version of the object, at random places
 * while a load reads it: in the end the table holds one version, whole, or what it held before. A
 * failure names the seed; {@code -Dseed=...} takes it.
 */
@Tag("slow")
class BrokenReadTest {
  private static final int ROWS = 100_000;
  private static final String WHOLE = "SELECT count(*), min(name), max(name), sum(id) FROM people";

  private final long seed = Long.getLong("seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final AtomicInteger version = new AtomicInteger(1);
  @AutoClose private final LoadFixture fixture = new LoadFixture().set("IMPORT_WITH", "copy");
  private final Network network = fixture.networkToS3();

  @RepeatedTest(3)
  void neverLoadsAWrongRow() {
    loadsOneVersionOrNone();
  }

  @RepeatedTest(50)
  @Tag("thorough")
  void neverLoadsAWrongRowInManyTries() {
    loadsOneVersionOrNone();
  }

  private void loadsOneVersionOrNone() {
    Upload upload = fixture.upload("people.csv", content(1));
    network.before("bytes=0-\r", this::plan);
    try {
      assertThat(fixture.load(upload).rows()).as("seed %d", seed).isEqualTo(ROWS);
      // The first fault came after the look, so what is loaded is what was there then.
      assertThat(fixture.rows(WHOLE)).as("seed %d", seed).containsExactly(sums(1));
    } catch (LoadException e) {
      assertThat(e.code()).as("seed %d: %s", seed, e).isEqualTo(ErrorCode.OBJECT_UNREADABLE);
      assertThat(version).as("seed %d: %s", seed, e).hasValueGreaterThan(1);
      assertThat(fixture.people()).as("seed %d", seed).containsExactly("0|old|null");
      network.after(Long.MAX_VALUE, () -> {});
      assertThat(fixture.load(upload).rows()).as("seed %d", seed).isEqualTo(ROWS);
      assertThat(fixture.rows(WHOLE)).as("seed %d", seed).containsExactly(sums(version.get()));
    }
  }

  /** The next fault comes after so many bytes. */
  private void plan() {
    network.after(1 + random.nextInt(600_000), this::disturb);
  }

  private void disturb() {
    switch (random.nextInt(12)) {
      case 0 -> overwrite();
      case 1 -> {
        overwrite();
        network.cut();
      }
      case 2 -> {
        network.stall();
        resumeIn(random.nextInt(5000));
      }
      case 3 -> {
        network.slowAnswers(20_000);
        resumeIn(random.nextInt(1000));
      }
      default -> network.cut();
    }
    plan();
  }

  private void overwrite() {
    fixture.upload("people.csv", content(version.incrementAndGet()));
  }

  private void resumeIn(int millis) {
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(network::resume);
  }

  /** Of one size in every version, so that the size gives nothing away. */
  private static String content(int version) {
    return IntStream.rangeClosed(1, ROWS)
        .mapToObj(i -> "%d,version %03d\n".formatted(i, version))
        .collect(joining("", "id,name\n", ""));
  }

  private static String sums(int version) {
    return "%1$d|version %2$03d|version %2$03d|%3$d"
        .formatted(ROWS, version, (long) ROWS * (ROWS + 1) / 2);
  }
}
