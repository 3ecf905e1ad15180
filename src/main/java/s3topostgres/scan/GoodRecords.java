package s3topostgres.scan;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A file without its malformed records. */
final class GoodRecords extends FilterInputStream {
  private final MalformedRecords malformed;
  private long position;
  private int next;

  GoodRecords(InputStream file, MalformedRecords malformed) {
    super(file);
    this.malformed = malformed;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    while (next < malformed.count() && position == malformed.start(next)) {
      in.skipNBytes(malformed.end(next) - position);
      position = malformed.end(next);
      next++;
    }
    boolean behindAll = next == malformed.count();
    if (behindAll && !malformed.areAll()) {
      return -1;
    }
    long most = behindAll ? length : Math.min(length, malformed.start(next) - position);
    int read = in.read(bytes, offset, (int) most);
    position += Math.max(0, read);
    return read;
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
