package s3topostgres.csv;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import s3topostgres.scan.FileScan;

/** The bytes of a file, each of which a scan looks at before it is read. */
final class ScannedStream extends FilterInputStream {
  private final FileScan scan;

  private final boolean untilFault;
  private boolean ended;

  /**
   * @param untilFault whether the stream fails at the first fault, and ends the scan at its end
   */
  ScannedStream(InputStream file, FileScan scan, boolean untilFault) {
    super(file);
    this.scan = scan;
    this.untilFault = untilFault;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  /**
   * Reads bytes that are scanned.
   *
   * @throws s3topostgres.LoadException {@code ROW_REJECTED} when there is a fault in them
   */
  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int read = in.read(bytes, offset, length);
    if (read > 0) {
      scan.accept(bytes, offset, read);
    }
    if (untilFault) {
      if (read < 0 && !ended) {
        ended = true;
        scan.end();
      }
      scan.refuseFaults();
    }
    return read;
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
