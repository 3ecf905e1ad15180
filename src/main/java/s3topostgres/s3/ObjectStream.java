package s3topostgres.s3;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Streams an object. When the connection breaks, it requests the rest; S3 drops connections, for
 * instance when nothing was read for some seconds. The stream never ends before the object's size.
 */
final class ObjectStream extends InputStream {
  /** The number of attempts in a row without a byte; within each the SDK itself retries. */
  private static final int ATTEMPTS = 5;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);

  private static final Logger log = LoggerFactory.getLogger(ObjectStream.class);

  private final long size;
  private final LongFunction<ResponseInputStream<GetObjectResponse>> restFrom;
  private final Supplier<Duration> left;

  private Optional<ResponseInputStream<GetObjectResponse>> rest = Optional.empty();
  private long position;
  private int failures;

  /**
   * Connects at the first read.
   *
   * @param restFrom requests the object from a byte on
   * @param left the time that is left for the whole stream
   */
  ObjectStream(
      long size,
      LongFunction<ResponseInputStream<GetObjectResponse>> restFrom,
      Supplier<Duration> left) {
    this.size = size;
    this.restFrom = restFrom;
    this.left = left;
  }

  /** The number of bytes read so far. */
  long position() {
    return position;
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  /**
   * @throws LoadException {@code S3_UNAVAILABLE} when S3 does not send the rest; {@code
   *     OBJECT_UNREADABLE} when the object is not the same any more
   */
  @Override
  public int read(byte[] bytes, int offset, int length) {
    int most = (int) Math.min(length, size - position);
    while (position < size) {
      if (left.get().isZero()) {
        throw broken();
      }
      int read = tryToRead(bytes, offset, most);
      if (read > 0 || length == 0) {
        position += read;
        failures = 0;
        return read;
      }
      disconnect();
    }
    return -1;
  }

  /** Skips bytes; those before the first one that is read are not requested. */
  @Override
  public long skip(long bytes) throws IOException {
    if (rest.isPresent()) {
      return super.skip(bytes);
    }
    long skipped = Math.max(0, Math.min(bytes, size - position));
    position += skipped;
    return skipped;
  }

  /** Reads bytes; returns their number, or -1 if the connection broke. */
  private int tryToRead(byte[] bytes, int offset, int length) {
    try {
      if (rest.isEmpty()) {
        rest = Optional.of(restFrom.apply(position));
      }
      return rest.get().read(bytes, offset, length);
    } catch (IOException | UncheckedIOException | SdkException e) {
      // The SDK's HTTP client wraps some exceptions of the network in unchecked ones.
      log.debug("the connection to S3 broke: {}", e.getClass().getName());
      return -1;
    }
  }

  private void disconnect() {
    close();
    failures++;
    if (failures == ATTEMPTS) {
      throw broken();
    }
    log.info("the connection to S3 broke at byte {} of {}; requesting the rest", position, size);
    pause(FIRST_PAUSE.multipliedBy(1L << (failures - 1)));
  }

  private void pause(Duration pause) {
    try {
      Thread.sleep(Math.min(pause.toMillis(), left.get().toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw broken();
    }
  }

  private LoadException broken() {
    return ErrorCode.S3_UNAVAILABLE.failure(
        "the connection to S3 broke at byte %d of %d, and S3 did not send the rest"
            .formatted(position, size),
        "If that lasts, check the route to S3. The old rows are still there.");
  }

  /** Returns 1 before the end: {@link java.util.zip.GZIPInputStream} treats 0 as the end. */
  @Override
  public int available() {
    return position < size ? 1 : 0;
  }

  /** Aborts the connection, so that the rest is not read. */
  @Override
  public void close() {
    rest.ifPresent(ResponseInputStream::abort);
    rest = Optional.empty();
  }
}
