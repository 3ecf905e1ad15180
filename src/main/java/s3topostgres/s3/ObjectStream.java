package s3topostgres.s3;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.LoadException;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * All bytes of an object, in order. S3 may break off at any time, and does when we have not read
 * for some seconds; then the rest is asked for. The end is where the object's size says, and
 * nowhere before.
 */
final class ObjectStream extends InputStream {
  /** How often in a row S3 may give nothing; the SDK's own retries are within each. */
  private static final int TRIES = 5;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);

  private static final Logger log = LoggerFactory.getLogger(ObjectStream.class);

  private final long size;
  private final LongFunction<ResponseInputStream<GetObjectResponse>> restFrom;
  private final Supplier<Duration> left;

  private Optional<ResponseInputStream<GetObjectResponse>> rest = Optional.empty();
  private long position;
  private int failures;

  /**
   * @param restFrom asks S3 for the object from that byte on
   * @param left how much time there is, for all of it
   */
  ObjectStream(
      long size,
      LongFunction<ResponseInputStream<GetObjectResponse>> restFrom,
      Supplier<Duration> left) {
    this.size = size;
    this.restFrom = restFrom;
    this.left = left;
  }

  /** How many bytes were read so far. */
  long position() {
    return position;
  }

  @Override
  public int read() {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  /**
   * @throws LoadException {@code OBJECT_UNREADABLE} when S3 does not go on, or the object is not
   *     the same any more
   */
  @Override
  public int read(byte[] bytes, int offset, int length) {
    int most = (int) Math.min(length, size - position);
    while (position < size) {
      if (left.get().isZero()) {
        throw brokenOff();
      }
      int read = tryToRead(bytes, offset, most);
      if (read > 0 || length == 0) {
        position += read;
        failures = 0;
        return read;
      }
      breakOff();
    }
    return -1;
  }

  /** How many bytes came; none where S3 broke off. */
  private int tryToRead(byte[] bytes, int offset, int length) {
    try {
      if (rest.isEmpty()) {
        rest = Optional.of(restFrom.apply(position));
      }
      return rest.get().read(bytes, offset, length);
    } catch (IOException | SdkException e) {
      log.debug("S3 broke off: {}", e.getClass().getName());
      return -1;
    }
  }

  private void breakOff() {
    close();
    failures++;
    if (failures == TRIES) {
      throw brokenOff();
    }
    log.info("S3 broke off at byte {} of {}; asking for the rest", position, size);
    pause(FIRST_PAUSE.multipliedBy(1L << (failures - 1)));
  }

  private void pause(Duration pause) {
    try {
      Thread.sleep(Math.min(pause.toMillis(), left.get().toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw brokenOff();
    }
  }

  private LoadException brokenOff() {
    return Objects.unreadable(
        "S3 broke off at byte %d of %d, and did not go on".formatted(position, size),
        "Send the event again; if that does not help, look at the way to S3. The old rows are still"
            + " there.");
  }

  /** Not zero before the end: {@link java.util.zip.GZIPInputStream} would take that for the end. */
  @Override
  public int available() {
    return position < size ? 1 : 0;
  }

  /** Drops the connection if there is more to come, so that nobody reads that. */
  @Override
  public void close() {
    rest.ifPresent(ResponseInputStream::abort);
    rest = Optional.empty();
  }
}
