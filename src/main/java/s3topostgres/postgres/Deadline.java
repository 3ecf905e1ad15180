package s3topostgres.postgres;

import java.time.Duration;

/**
 * A moment by which work has to end, on the clock of {@link System#nanoTime}, which no correction
 * of the time of day moves.
 *
 * @param began when the time until then began
 */
public record Deadline(long began, long nanoTime) {

  public static Deadline in(Duration duration) {
    long now = System.nanoTime();
    return new Deadline(now, now + duration.toNanos());
  }

  /** The moment that is {@code margin} before this one. */
  public Deadline before(Duration margin) {
    return new Deadline(began, nanoTime - margin.toNanos());
  }

  /** The earlier of this moment and {@code limit} from now. */
  public Deadline within(Duration limit) {
    Deadline other = in(limit);
    return other.nanoTime - nanoTime < 0 ? other : this;
  }

  /** What is left until then; zero when it has passed. */
  public Duration left() {
    return Duration.ofNanos(Math.max(0, nanoTime - System.nanoTime()));
  }

  /** What has passed of the time until then. */
  public Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - began);
  }

  public boolean passed() {
    return left().isZero();
  }

  /**
   * Waits until then.
   *
   * @throws s3topostgres.LoadException {@code OUT_OF_TIME} when the thread is interrupted
   */
  public void sleep() {
    try {
      Thread.sleep(left().toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SqlErrors.outOfTime();
    }
  }
}
