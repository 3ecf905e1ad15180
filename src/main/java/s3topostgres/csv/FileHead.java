package s3topostgres.csv;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.StoredObject;
import s3topostgres.scan.FirstRecords;

/** The head of a file: its first records, read before the table is touched. */
public final class FileHead {
  private static final char BYTE_ORDER_MARK = '\ufeff';
  private static final Pattern LINE_BREAK = Pattern.compile("\\r\\n|[\\r\\n]");

  /** How many records are read, to see whether all of them begin with an operation. */
  static final int MANY = 100;

  private static final Pattern SEPARATOR_LINE = Pattern.compile("(?i)\"?sep=.\"?[\r\n]");

  private final CsvFormat format;
  private final int bytes;
  private final List<List<String>> records;

  private FileHead(CsvFormat format, int bytes, List<List<String>> records) {
    this.format = format;
    this.bytes = bytes;
    this.records = records;
  }

  /**
   * Reads the head of an object.
   *
   * @param unpacked whether the import unpacks the object
   * @throws LoadException {@code HEADER_MISMATCH} when the file is not CSV
   */
  public static FileHead read(StoredObject object, boolean unpacked, CsvFormat format) {
    Beginning beginning = beginning(object, unpacked);
    return new FileHead(format, beginning.bytes.length, records(beginning, format));
  }

  /**
   * The fields of the header.
   *
   * @throws LoadException {@code HEADER_MISMATCH} when it does not end within the head
   */
  public List<String> header() {
    return first();
  }

  /** The first rows that end within the head; at most {@value #MANY} with the header. */
  public List<List<String>> rows() {
    return records.subList(Math.min(headerRecords(), records.size()), records.size());
  }

  /** The number of the first row among the records, from 1. */
  public int firstRow() {
    return headerRecords() + 1;
  }

  private int headerRecords() {
    return format.header() == Header.NONE ? 0 : 1;
  }

  /** The first records of what can be a CSV file. */
  private static List<List<String>> records(Beginning beginning, CsvFormat format) {
    FileKind.refuseOtherThanCsv(beginning.bytes);
    refuseMarkInOtherEncoding(beginning.bytes, format);
    String text = new String(beginning.bytes, format.charset());
    boolean marked = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
    if (marked && format.header() == Header.NONE) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the file begins with a byte-order mark, which Postgres would put into the first field",
          "Save it without one (UTF-8 instead of UTF-8 with BOM). For files with a header line, the"
              + " operator sets CSV_HEADER=match or skip.");
    }
    refuseSeparatorLine(marked ? text.substring(1) : text, format);
    return FirstRecords.read(beginning.bytes, beginning.whole, format, MANY);
  }

  /** The number of physical lines before the first row; a name may have line breaks. */
  public int headerLines() {
    if (format.header() == Header.NONE) {
      return 0;
    }
    return records.isEmpty() ? 1 : lines(records.get(0));
  }

  /**
   * The physical line on which a row begins, from 1.
   *
   * @param index of the row, from 0
   */
  public int lineOfRow(int index) {
    return 1 + records.subList(0, headerRecords() + index).stream().mapToInt(FileHead::lines).sum();
  }

  private static int lines(List<String> record) {
    return 1 + (int) LINE_BREAK.matcher(String.join(",", record)).results().count();
  }

  /**
   * Proposes names for the columns of a table for the file: the header's in lower case, with spaces
   * and punctuation as underscores, or numbered names where there is no header.
   *
   * @throws LoadException {@code HEADER_MISMATCH} when a name is missing or repeated
   */
  public List<String> namesForColumns() {
    List<String> first = first();
    return format.header() == Header.NONE
        ? format
            .columns()
            .orElseGet(
                () -> IntStream.rangeClosed(1, first.size()).mapToObj(i -> "column_" + i).toList())
        : NewColumns.names(first);
  }

  /** Whether the file has not a single byte, which a packed one does not show in its size. */
  static boolean isEmpty(StoredObject object) {
    Beginning beginning = beginning(object, object.isGzip());
    return beginning.whole && beginning.bytes.length == 0;
  }

  /** Whether the file has a record besides its header. */
  public static boolean hasRows(StoredObject object, CsvFormat format) {
    Beginning beginning = beginning(object, object.isGzip());
    int first = format.header() == Header.NONE ? 0 : 1;
    List<List<String>> records =
        FirstRecords.read(beginning.bytes, beginning.whole, format, first + 1);
    // Up to Postgres 17 "\." ends the data. A record without an end in the first bytes has it
    // later.
    return records.size() > first ? !records.get(first).equals(List.of("\\.")) : !beginning.whole;
  }

  private List<String> first() {
    if (bytes == 0) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the file is empty", "Upload it again, with its first line.");
    }
    if (records.isEmpty()) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the first line does not end within the first %d bytes".formatted(bytes),
          "Close every quote in it, and end it with a line break. The operator sets the quote character (CSV_QUOTE).");
    }
    return records.get(0);
  }

  /**
   * Refuses a file whose rows have another number of fields; a single row is left to the scan.
   *
   * @param expectation says that so many are expected, with a place for the number
   * @throws LoadException {@code HEADER_MISMATCH}
   */
  public void requireFields(int expected, String expectation, String whatToDo) {
    if (rows().isEmpty()) {
      return;
    }
    List<String> row = rows().get(0);
    // Bytes of another encoding may hide a delimiter, and Postgres will say that they are there.
    boolean decoded = !String.join("", row).contains(ColumnMatch.NOT_DECODED);
    if (decoded && rows().stream().noneMatch(other -> other.size() == expected)) {
      OtherDelimiter.refuse(row, format, expected);
      throw ErrorCode.HEADER_MISMATCH.failure(
          "record %d has %d %s, and %s"
              .formatted(
                  firstRow(),
                  row.size(),
                  row.size() == 1 ? "field" : "fields",
                  expectation.formatted(expected)),
          whatToDo);
    }
  }

  /**
   * Refuses a byte-order mark of UTF-8 where another encoding is expected: all umlauts would be
   * wrong.
   */
  private static void refuseMarkInOtherEncoding(byte[] bytes, CsvFormat format) {
    boolean utf8 =
        new String(bytes, 0, Math.min(3, bytes.length), StandardCharsets.UTF_8)
            .startsWith(String.valueOf(BYTE_ORDER_MARK));
    if (utf8 && !format.charset().equals(StandardCharsets.UTF_8)) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the file begins with the byte-order mark of UTF-8, and %s is expected (CSV_ENCODING)"
              .formatted(format.encoding()),
          "Save the file as %s, or have the operator set CSV_ENCODING=UTF8."
              .formatted(format.encoding()));
    }
  }

  private static void refuseSeparatorLine(String text, CsvFormat format) {
    if (SEPARATOR_LINE.matcher(text).lookingAt()) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the first line is a sep= line, which only Excel understands",
          "Remove that line; the operator has set the delimiter to %s (CSV_DELIMITER)."
              .formatted(OtherDelimiter.shown(format.delimiter())));
    }
  }

  /**
   * The first bytes of the text.
   *
   * @param whole whether that is all of it
   */
  private record Beginning(byte[] bytes, boolean whole) {}

  /** The first bytes, unpacked if the object is stored with gzip. */
  private static Beginning beginning(StoredObject object, boolean unpacked) {
    if (!unpacked) {
      return plain(object);
    }
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    boolean whole = false;
    try (InputStream gzip = new GZIPInputStream(new ByteArrayInputStream(object.head()))) {
      byte[] buffer = new byte[8192];
      int read = gzip.read(buffer);
      // No more than of other objects: a few bytes can hold a gigabyte of spaces.
      while (read >= 0 && text.size() < S3Objects.HEAD_BYTES) {
        text.write(buffer, 0, read);
        read = gzip.read(buffer);
      }
      whole = read < 0;
    } catch (EOFException e) {
      // The object continues after its first bytes.
    } catch (IOException e) {
      if (!object.saysGzip()) {
        return plain(object);
      }
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the object says Content-Encoding: gzip, but is not gzip",
          "Upload it without that header, or compressed.");
    }
    return new Beginning(text.toByteArray(), whole);
  }

  private static Beginning plain(StoredObject object) {
    return new Beginning(object.head(), object.head().length == object.size());
  }
}
