package s3topostgres.csv;

import java.io.IOException;
import java.io.InputStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;

/**
 * A scan in a thread of its own. Closing it interrupts the thread, which ends at its next read.
 *
 * @param <T> what the scan ends with
 */
final class RunningScan<T> implements AutoCloseable {
  /** Shorter than the time after which the server ends an idle transaction. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(2);

  private static final int PIECE_BYTES = 64 * 1024;

  private final FutureTask<T> result;

  private RunningScan(FutureTask<T> result) {
    this.result = result;
  }

  static <T> RunningScan<T> start(Callable<T> scan) {
    FutureTask<T> result = new FutureTask<>(scan);
    Thread thread = new Thread(result, "scan");
    thread.setDaemon(true);
    thread.start();
    return new RunningScan<>(result);
  }

  /**
   * Reads a stream to its end, for what looks at its bytes.
   *
   * @throws InterruptedException when the scan is closed
   */
  static void readToEnd(InputStream content) throws IOException, InterruptedException {
    byte[] piece = new byte[PIECE_BYTES];
    while (content.read(piece) >= 0) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  /**
   * Waits for the end of the scan. Meanwhile the session's transaction is kept open.
   *
   * @throws s3topostgres.LoadException what the scan failed with; {@code OUT_OF_TIME} when it does
   *     not end before the session's deadline
   */
  T await(Session session) throws SQLException {
    while (true) {
      try {
        return result.get(HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        session.execute("SELECT 1");
      } catch (ExecutionException e) {
        throw thrownBy(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw SqlErrors.outOfTime();
      }
    }
  }

  private static RuntimeException thrownBy(ExecutionException e) {
    if (e.getCause() instanceof Error error) {
      throw error;
    }
    return e.getCause() instanceof RuntimeException thrown
        ? thrown
        : new IllegalStateException(e.getCause());
  }

  @Override
  public void close() {
    result.cancel(true);
  }
}
