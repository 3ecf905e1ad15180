package s3topostgres.scan;

/** The part of a file that is in memory. A place in it is an index of {@link #bytes}. */
final class Window {
  private static final int BLOCK = 64 * 1024;

  /** So many bytes can be looked at behind any place before the limit. */
  static final int AHEAD = FileEncoding.MOST_BYTES;

  private final int kept;
  final byte[] bytes;
  private long offset;
  private int limit;

  /**
   * @param kept how many bytes before the current place have to stay at the most
   */
  Window(int kept) {
    this.kept = kept;
    this.bytes = new byte[kept + BLOCK + AHEAD];
  }

  /** Behind the last byte. */
  int limit() {
    return limit;
  }

  /** Where a place is in the file. */
  long offset(int at) {
    return offset + at;
  }

  boolean isFull() {
    return limit == bytes.length - AHEAD;
  }

  /** Takes the file's next bytes, as many as there is room for, and returns how many. */
  int append(byte[] source, int from, int length) {
    int taken = Math.min(length, bytes.length - AHEAD - limit);
    System.arraycopy(source, from, bytes, limit, taken);
    limit += taken;
    return taken;
  }

  /** Puts zeros behind the file's end. */
  void end() {
    for (int i = 0; i < AHEAD; i++) {
      bytes[limit + i] = 0;
    }
  }

  /** Drops the bytes before a place, which then is 0. */
  void dropBefore(int at) {
    System.arraycopy(bytes, at, bytes, 0, limit - at);
    offset += at;
    limit -= at;
  }

  /** Drops everything; the next byte is that of the file. */
  void restart(long offset) {
    this.offset = offset;
    limit = 0;
  }

  /** The place, or a negative number if something is longer than what is kept for sure. */
  int kept(int from, int to) {
    return to - from <= kept ? from : -1;
  }

  /** Whether there is nothing but spaces. */
  boolean isBlank(int from, int to) {
    int at = from;
    while (at >= 0 && at < to && (bytes[at] == ' ' || bytes[at] == '\t')) {
      at++;
    }
    return at == to;
  }

  /** Whether the character would be escaped if the backslash were the escape. */
  boolean isBehindBackslash(int at) {
    int from = at;
    while (from > 0 && bytes[from - 1] == '\\') {
      from--;
    }
    return (at - from) % 2 == 1;
  }

  /** Whether a line {@code \.} begins. */
  boolean isEndMark(int at) {
    return bytes[at] == '\\'
        && bytes[at + 1] == '.'
        && (bytes[at + 2] == '\n' || bytes[at + 2] == '\r');
  }

  /** Whether the byte-order mark of UTF-8 is there. */
  boolean isMark(int at) {
    return bytes[at] == (byte) 0xEF && bytes[at + 1] == (byte) 0xBB && bytes[at + 2] == (byte) 0xBF;
  }
}
