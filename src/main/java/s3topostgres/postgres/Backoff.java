package s3topostgres.postgres;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Exponential backoff with jitter: pauses grow from 0.2 s to 4 s. Half of each pause is random, so
 * that loads that began together do not retry together.
 */
public final class Backoff {
  private static final Duration FIRST = Duration.ofMillis(200);
  private static final Duration LONGEST = Duration.ofSeconds(4);

  private Duration longest = FIRST;

  /**
   * Waits before the next attempt.
   *
   * @param latest when the pause ends at the latest
   * @throws s3topostgres.LoadException {@code OUT_OF_TIME} when the thread is interrupted
   */
  public void pause(Deadline latest) {
    long millis = longest.toMillis();
    longest = Collections.min(List.of(longest.multipliedBy(2), LONGEST));
    long random = ThreadLocalRandom.current().nextLong(millis / 2, millis + 1);
    latest.within(Duration.ofMillis(random)).sleep();
  }
}
