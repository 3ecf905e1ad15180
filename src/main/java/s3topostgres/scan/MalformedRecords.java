package s3topostgres.scan;

import java.io.InputStream;
import java.util.Arrays;

/**
 * Where the malformed records of a file are, so that {@code COPY} can be given the others, and what
 * line each of those is on. Of the header, only the line end is given.
 */
public final class MalformedRecords {
  /** Of so many the places are known; the file is taken to end behind them. */
  static final int MOST = 100_000;

  private int count;
  private long[] starts = new long[16];
  private long[] ends = new long[16];
  private long[] lines = new long[16];
  private long[] goodBefore = new long[16];

  MalformedRecords() {}

  /**
   * Adds one behind the others.
   *
   * @param start the place of its first byte in the file
   * @param end the place behind its last byte
   * @param lines how many physical lines go with it
   * @param good how many well-formed records are before it, without the header
   */
  void add(long start, long end, long lines, long good) {
    if (count == MOST) {
      return;
    }
    if (count == starts.length) {
      int more = Math.min(MOST, 2 * count);
      starts = Arrays.copyOf(starts, more);
      ends = Arrays.copyOf(ends, more);
      this.lines = Arrays.copyOf(this.lines, more);
      goodBefore = Arrays.copyOf(goodBefore, more);
    }
    starts[count] = start;
    ends[count] = end;
    this.lines[count] = lines + (count == 0 ? 0 : this.lines[count - 1]);
    goodBefore[count] = good;
    count++;
  }

  /**
   * Whether all of the file's malformed records are known; if not, the rest of the file is cut off.
   */
  public boolean areAll() {
    return count < MOST;
  }

  /**
   * Counts the lines that are left out before a well-formed record.
   *
   * @param record its number in the stream of {@link #without}, 1 is the first behind the header
   */
  public long linesBefore(long record) {
    int first = 0;
    int end = count;
    while (first < end) {
      int middle = (first + end) >>> 1;
      if (goodBefore[middle] < record) {
        first = middle + 1;
      } else {
        end = middle;
      }
    }
    return first == 0 ? 0 : lines[first - 1];
  }

  /**
   * Leaves the malformed records out of the file.
   *
   * @param file from its first byte on; is closed with the returned stream
   */
  public InputStream without(InputStream file) {
    return new GoodRecords(file, this);
  }

  int count() {
    return count;
  }

  long start(int index) {
    return starts[index];
  }

  long end(int index) {
    return ends[index];
  }
}
