package s3topostgres.postgres;

import java.time.Duration;

/**
 * A moment by which work has to end.
 *
 * @param ticker the clock
 * @param began when the deadline was set, in nanoseconds of the clock
 * @param nanoTime the moment itself, in nanoseconds of the clock
 */
public record Deadline(Ticker ticker, long began, long nanoTime) {

  /** The moment that is {@code duration} from now. */
  public static Deadline in(Duration duration) {
    return in(duration, Ticker.SYSTEM);
  }

  /** The moment that is {@code duration} from now on that clock. */
  public static Deadline in(Duration duration, Ticker ticker) {
    long now = ticker.nanoTime();
    return new Deadline(ticker, now, now + duration.toNanos());
  }

  /** The moment that is {@code margin} before this one. */
  public Deadline before(Duration margin) {
    return new Deadline(ticker, began, nanoTime - margin.toNanos());
  }

  /** The earlier of this deadline and {@code limit} from now. */
  public Deadline within(Duration limit) {
    Deadline other = in(limit, ticker);
    return other.nanoTime - nanoTime < 0 ? other : this;
  }

  /** What is left until then; zero when it has passed. */
  public Duration left() {
    return Duration.ofNanos(Math.max(0, nanoTime - ticker.nanoTime()));
  }

  /** What has passed of the time until then. */
  public Duration elapsed() {
    return Duration.ofNanos(ticker.nanoTime() - began);
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
      ticker.sleep(left());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SqlErrors.outOfTime();
    }
  }
}
