package s3topostgres.s3;

import java.io.EOFException;
import java.io.IOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/**
 * Decompresses an object that is stored with gzip, to its end or to an error. The JDK's class would
 * ignore whatever follows a member of the gzip and is not another member.
 */
final class GzipText extends GZIPInputStream {
  private static final int BUFFER_BYTES = 64 * 1024;

  /** The size of checksum and length, which follow the compressed data. */
  private static final int TRAILER_BYTES = 8;

  private final ObjectStream packed;

  /** The position of {@link #packed} after the inflater's buffer was last filled. */
  private long filledAt;

  /**
   * Reads the gzip's header.
   *
   * @throws IOException when it is none
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
   * Decompresses bytes.
   *
   * @throws LoadException {@code ROW_REJECTED} when the gzip is damaged or incomplete
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
    return ErrorCode.ROW_REJECTED.failure(
        "its gzip is damaged or incomplete",
        "Compress the file again and upload it; the old rows are still there.");
  }
}
