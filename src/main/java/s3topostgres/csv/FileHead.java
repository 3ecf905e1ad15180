package s3topostgres.csv;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;
import s3topostgres.config.Mode;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.DmsFile;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.StoredObject;

/** What the beginning of a file says about it, before the table is touched. */
public final class FileHead {
  private static final char BYTE_ORDER_MARK = '\ufeff';
  private static final Pattern LINE_BREAK = Pattern.compile("\\r\\n|[\\r\\n]");

  /** So many records tell whether all of them begin with an operation. */
  private static final int MANY = 100;

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
   * Reads it once.
   *
   * @param unpacked whether the import unpacks the object
   * @throws LoadException {@code HEADER_MISMATCH} when the file is no CSV
   */
  public static FileHead read(StoredObject object, boolean unpacked, CsvFormat format) {
    Beginning beginning = beginning(object, unpacked);
    return new FileHead(format, beginning.bytes.length, records(beginning, format));
  }

  /**
   * The columns that the file's fields belong to, and others for fields that have none, which only
   * a stage can take.
   *
   * @param written by AWS DMS, for {@code LOAD_MODE=changes} only
   * @return in the order of the fields
   * @throws LoadException {@code HEADER_MISMATCH} when the fields do not fit
   */
  public List<Column> columns(Mode mode, TargetTable table, Optional<DmsFile> written) {
    if (format.header() == Header.MATCH) {
      List<String> header = first();
      Column[] beside =
          written
              .map(file -> Fields.besideColumns(records, table, file))
              .orElseGet(() -> new Column[header.size()]);
      return ColumnMatch.match(header, beside, format, mode, table);
    }
    int first = format.header() == Header.SKIP ? 1 : 0;
    List<List<String>> rows = records.subList(Math.min(first, records.size()), records.size());
    List<Column> fields =
        written
            .map(file -> Fields.positional(rows, first + 1, format, table, file))
            .orElseGet(() -> Fields.positional(format, mode, table));
    if (!rows.isEmpty()) {
      refuseOtherNumber(rows.get(0), first + 1, format, table, fields.size(), written.isPresent());
    }
    return fields;
  }

  /** The first records of what can be a CSV file. */
  private static List<List<String>> records(Beginning beginning, CsvFormat format) {
    FileKind.refuseOtherThanCsv(beginning.bytes);
    refuseMarkInOtherEncoding(beginning.bytes, format);
    String text = new String(beginning.bytes, format.charset());
    boolean marked = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
    if (marked && format.header() == Header.NONE) {
      throw mismatch(
          "the file begins with a byte-order mark, which Postgres would put into the first field",
          "Save it without one (UTF-8 instead of UTF-8 with BOM), or send a header line and set"
              + " CSV_HEADER=match or skip.");
    }
    String unmarked = marked ? text.substring(1) : text;
    refuseSeparatorLine(unmarked, format);
    return FirstRecords.read(unmarked, beginning.whole, format, MANY);
  }

  /** How many physical lines come before the first row; a name may have line breaks. */
  public int headerLines() {
    if (format.header() == Header.NONE) {
      return 0;
    }
    return records.isEmpty()
        ? 1
        : 1 + (int) LINE_BREAK.matcher(String.join(",", records.get(0))).results().count();
  }

  /**
   * The names that the columns of a table for the file may have: as the header has them, in lower
   * case and with underscores for blanks and punctuation; or numbered where there is no header.
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

  /** Whether the file has a record besides its header. */
  public static boolean hasRows(StoredObject object, CsvFormat format) {
    Beginning beginning = beginning(object, object.saysGzip());
    int first = format.header() == Header.NONE ? 0 : 1;
    List<List<String>> records =
        FirstRecords.read(
            new String(beginning.bytes, format.charset()), beginning.whole, format, first + 1);
    // Up to Postgres 17 "\." ends the data. A record without an end in the first bytes has it
    // later.
    return records.size() > first ? !records.get(first).equals(List.of("\\.")) : !beginning.whole;
  }

  private List<String> first() {
    if (records.isEmpty()) {
      throw mismatch(
          "the first line does not end within the first %d bytes".formatted(bytes),
          "Close every quote in it (CSV_QUOTE), and end it with a line break.");
    }
    return records.get(0);
  }

  private static void refuseOtherNumber(
      List<String> record,
      int number,
      CsvFormat format,
      TargetTable table,
      int columns,
      boolean written) {
    // Bytes of another encoding may hide a delimiter, and Postgres will say that they are there.
    boolean decoded = !String.join("", record).contains(ColumnMatch.NOT_DECODED);
    if (record.size() != columns && decoded) {
      ColumnMatch.refuseOtherDelimiter(record, format, columns);
      throw mismatch(
          "record %d has %d %s, and %s %d %s"
              .formatted(
                  number,
                  record.size(),
                  record.size() == 1 ? "field" : "fields",
                  written || format.columns().isPresent() ? "not" : table.name() + " has",
                  columns,
                  written || format.columns().isPresent() ? "as expected" : "columns"),
          written
              ? "Name the fields in CSV_COLUMNS if they are not the table's columns behind Op. If the"
                  + " file has changes of several tables, set PreserveTransactions=false and no"
                  + " CdcPath for the S3 endpoint of DMS."
              : "Send the fields in the order of the table, or of CSV_COLUMNS, all of them, or a header"
                  + " line with CSV_HEADER=match; CSV_DELIMITER is %s."
                      .formatted(ColumnMatch.shown(format.delimiter())));
    }
  }

  /** In another encoding the mark of UTF-8 is three letters, and so is every umlaut behind it. */
  private static void refuseMarkInOtherEncoding(byte[] bytes, CsvFormat format) {
    boolean utf8 =
        new String(bytes, 0, Math.min(3, bytes.length), StandardCharsets.UTF_8)
            .startsWith(String.valueOf(BYTE_ORDER_MARK));
    if (utf8 && !format.charset().equals(StandardCharsets.UTF_8)) {
      throw mismatch(
          "the file begins with the byte-order mark of UTF-8, and CSV_ENCODING is "
              + format.encoding(),
          "Set CSV_ENCODING=UTF8, or save the file as " + format.encoding() + ".");
    }
  }

  private static void refuseSeparatorLine(String text, CsvFormat format) {
    if (SEPARATOR_LINE.matcher(text).lookingAt()) {
      throw mismatch(
          "the first line is a sep= line, which only Excel understands",
          "Remove that line; CSV_DELIMITER is %s."
              .formatted(ColumnMatch.shown(format.delimiter())));
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
      // No more than of other objects: a few bytes can hold a gigabyte of blanks.
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
      throw mismatch(
          "the object says Content-Encoding: gzip, but is not gzip",
          "Upload it without that header, or compressed.");
    }
    return new Beginning(text.toByteArray(), whole);
  }

  private static Beginning plain(StoredObject object) {
    return new Beginning(object.head(), object.head().length == object.size());
  }

  private static LoadException mismatch(String why, String whatToDo) {
    return new LoadException(ErrorCode.HEADER_MISMATCH, why, whatToDo);
  }
}
