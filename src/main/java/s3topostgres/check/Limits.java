package s3topostgres.check;

import java.time.Duration;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/**
 * The function's time and memory.
 *
 * @param time for one load
 * @param megabytes of memory
 */
record Limits(Duration time, int megabytes) {
  /** The least memory; a load needs 180 MB, whatever the file's size. */
  private static final int LEAST_MEGABYTES = 256;

  private static final int MOST_OF_THE_TIME_PERCENT = 80;

  /**
   * Checks whether time and memory are enough for loads like the last ones.
   *
   * @param longest the duration of the longest of the last loads; empty when none is recorded
   * @return what was found, for a message
   * @throws LoadException {@code OUT_OF_TIME} when they are not enough
   */
  String judge(Optional<Duration> longest) {
    if (megabytes < LEAST_MEGABYTES) {
      throw ErrorCode.OUT_OF_TIME.failure(
          "the function has %d MB of memory, and a load needs %d"
              .formatted(megabytes, LEAST_MEGABYTES),
          "Raise memorySize in serverless.yml.");
    }
    if (longest.isEmpty()) {
      return "no load is recorded; the function has %d s and %d MB of memory"
          .formatted(time.toSeconds(), megabytes);
    }
    String found =
        "the longest of the last loads took %d s of the %d s that the function has"
            .formatted(longest.get().toSeconds(), time.toSeconds());
    if (longest.get().toMillis() * 100 > time.toMillis() * MOST_OF_THE_TIME_PERCENT) {
      throw ErrorCode.OUT_OF_TIME.failure(
          found, "Raise FUNCTION_TIMEOUT_SECONDS (1800 at most), or send smaller files.");
    }
    return found + ", and %d MB of memory".formatted(megabytes);
  }
}
