package s3topostgres.s3;

import java.io.EOFException;
import java.io.IOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/**
 * The content of an object that is stored with gzip: all of it, or an error. The JDK's class treats
 * whatever follows a member of the gzip, unless it is another member, as the end.
 */
final class GzipText extends GZIPInputStream {
  private static final int BUFFER_BYTES = 64 * 1024;

  /** Behind the compressed data: checksum and length. */
  private static final int TRAILER_BYTES = 8;

  private final ObjectStream packed;

  /** Where {@link #packed} was when the last bytes were taken for the inflater. */
  private long filledAt;

  /**
   * @throws IOException when it does not begin as gzip
   */
  GzipText(ObjectStream packed) throws IOException {
    super(packed, BUFFER_BYTES);
    this.packed = packed;
  }

  @Override
  protected void fill() throws IOException {
    super.fill();
    filledAt = packed.position();
  }

  /**
   * @throws LoadException {@code ROW_REJECTED} when the gzip is damaged or not complete
   */
  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    int read;
    try {
      read = super.read(bytes, offset, length);
    } catch (EOFException | ZipException e) {
      throw damaged();
    }
    long behindTheData = packed.position() - filledAt + inf.getRemaining();
    if (read < 0 && (packed.available() > 0 || behindTheData != TRAILER_BYTES)) {
      throw damaged();
    }
    return read;
  }

  static LoadException damaged() {
    return new LoadException(
        ErrorCode.ROW_REJECTED,
        "its gzip is damaged or incomplete",
        "Compress the file again and upload it; the old rows are still there.");
  }
}
