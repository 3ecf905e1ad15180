package s3topostgres.scan;

import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import s3topostgres.ErrorCode;
import s3topostgres.config.CsvFormat;

/**
 * A CSV file with some of its fields only. They stay as they are in the file, quotes included. Each
 * record, the header too, begins with a word instead of the others.
 */
public final class SomeFields extends FilterInputStream {
  private final Set<Integer> kept;
  private final byte delimiter;
  private final byte[] word;
  private final RecordSplitter splitter;
  private final ByteArrayOutputStream found = new ByteArrayOutputStream();
  private final byte[] piece = new byte[64 * 1024];
  private byte[] ready = new byte[0];
  private int at;
  private boolean ended;

  /**
   * @param file from its first byte on; is closed with this stream
   * @param kept the numbers of the fields that are kept, from 0
   * @param word of ASCII letters and digits
   */
  public SomeFields(InputStream file, CsvFormat format, Set<Integer> kept, String word) {
    super(file);
    this.kept = kept;
    this.delimiter = (byte) format.delimiter();
    this.word = word.getBytes(StandardCharsets.US_ASCII);
    this.splitter = new RecordSplitter(format, Integer.MAX_VALUE, false, new Records());
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  /**
   * Reads bytes of the kept fields.
   *
   * @throws s3topostgres.LoadException {@code ROW_REJECTED} when a kept field is longer than 64 KB
   */
  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    while (at == ready.length && !ended) {
      splitNextPiece();
    }
    int read = Math.min(length, ready.length - at);
    System.arraycopy(ready, at, bytes, offset, read);
    at += read;
    return read == 0 ? -1 : read;
  }

  private void splitNextPiece() throws IOException {
    int read = in.read(piece);
    int taken = 0;
    while (taken < read) {
      taken += splitter.accept(piece, taken, read - taken);
    }
    if (read < 0) {
      splitter.end();
      ended = true;
    }
    ready = found.toByteArray();
    at = 0;
    found.reset();
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  private final class Records implements RecordListener {
    @Override
    public void field(byte[] bytes, int from, int to, int index, long line) {
      if (index == 0) {
        found.writeBytes(word);
      }
      if (kept.contains(index)) {
        if (from < 0) {
          throw ErrorCode.ROW_REJECTED.failure(
              "a value of its row key is longer than 64 KB", "Choose another row key (LOAD_KEY).");
        }
        found.write(delimiter);
        found.write(bytes, from, to - from);
      }
    }

    @Override
    public void record(byte[] bytes, int from, int to, int fields, long line) {
      found.write('\n');
    }

    @Override
    public void fault(FormFault fault, long line, long fieldLine) {
      // The file was loaded.
    }
  }
}
