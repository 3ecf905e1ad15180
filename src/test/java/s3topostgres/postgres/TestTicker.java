package s3topostgres.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Time that stands still until a test lets some of it pass. */
public final class TestTicker implements Ticker {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private final List<Long> alarms = new ArrayList<>();
  private long now;

  @Override
  public synchronized long nanoTime() {
    return now;
  }

  @Override
  public synchronized void sleep(Duration duration) throws InterruptedException {
    Long alarm = now + duration.toNanos();
    alarms.add(alarm);
    notifyAll();
    while (alarm > now) {
      wait();
    }
    alarms.remove(alarm);
  }

  /** Lets that much time pass. */
  public synchronized void pass(Duration duration) {
    now += duration.toNanos();
    notifyAll();
  }

  /** Waits until somebody sleeps who has to wait for more time to pass. */
  public synchronized void awaitSleeper() {
    long limit = System.nanoTime() + LIMIT.toNanos();
    while (alarms.stream().noneMatch(alarm -> alarm > now)) {
      long left = limit - System.nanoTime();
      assertThat(left).as("nobody sleeps").isPositive();
      try {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }
}
