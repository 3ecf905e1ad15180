package s3topostgres.postgres;

import java.time.Duration;

/** Where the time of a {@link Deadline} comes from: the machine, or a test that moves it. */
public interface Ticker {
  /** The time that no correction of the time of day moves. */
  Ticker SYSTEM =
      new Ticker() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
          Thread.sleep(duration.toMillis());
        }
      };

  /** Returns nanoseconds since some fixed moment, as {@link System#nanoTime} does. */
  long nanoTime();

  /** Waits until that much time has passed. */
  void sleep(Duration duration) throws InterruptedException;
}
