package s3topostgres.load;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.StoredObject;

/** What the beginning of a file says about it, before the table is touched. */
final class FileHead {
  private static final char BYTE_ORDER_MARK = '\ufeff';

  private FileHead() {}

  /**
   * The columns that the file's fields belong to.
   *
   * @return in the order of the fields; empty for all columns in the table's order
   * @throws LoadException {@code HEADER_MISMATCH} when the file is no CSV, or does not fit
   */
  static List<Column> columns(StoredObject object, CsvFormat format, TargetTable table) {
    byte[] head = unpacked(object);
    otherFormat(head)
        .ifPresent(
            kind -> {
              throw mismatch(
                  "the file is %s, not CSV".formatted(kind),
                  "Save or export it as CSV in UTF-8 and upload that.");
            });
    String text = new String(head, format.charset());
    boolean marked = !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
    if (marked && format.header() == Header.NONE) {
      throw mismatch(
          "the file begins with a byte-order mark, which Postgres would put into the first field",
          "Save it without one (UTF-8 instead of UTF-8 with BOM), or send a header line and set"
              + " CSV_HEADER=match or skip.");
    }
    boolean whole = object.head().length == object.size();
    List<List<String>> records =
        FirstRecords.read(marked ? text.substring(1) : text, whole, format, 2);
    if (format.header() == Header.MATCH) {
      return ColumnMatch.match(header(records, object), format, table);
    }
    int first = format.header() == Header.SKIP ? 1 : 0;
    if (records.size() > first) {
      refuseOtherNumber(records.get(first).size(), first + 1, format, table);
    }
    return List.of();
  }

  private static List<String> header(List<List<String>> records, StoredObject object) {
    if (records.isEmpty()) {
      throw mismatch(
          "the first line does not end within the first %d bytes".formatted(object.head().length),
          "Close every quote in it (CSV_QUOTE), and end it with a line break.");
    }
    return records.get(0);
  }

  private static void refuseOtherNumber(
      int fields, int record, CsvFormat format, TargetTable table) {
    int columns = table.positional().size();
    if (fields != columns) {
      throw mismatch(
          "record %d has %d %s, and %s has %d columns"
              .formatted(record, fields, fields == 1 ? "field" : "fields", table.name(), columns),
          "Send the fields in the table's order, all of them, or a header line with CSV_HEADER=match;"
              + " CSV_DELIMITER is %s.".formatted(ColumnMatch.shown(format.delimiter())));
    }
  }

  /** The first bytes of the text, also where the object is stored with gzip. */
  private static byte[] unpacked(StoredObject object) {
    if (object.contentEncoding().filter("gzip"::equalsIgnoreCase).isEmpty()) {
      return object.head();
    }
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (InputStream gzip = new GZIPInputStream(new ByteArrayInputStream(object.head()))) {
      byte[] buffer = new byte[8192];
      for (int read = gzip.read(buffer); read >= 0; read = gzip.read(buffer)) {
        text.write(buffer, 0, read);
      }
    } catch (EOFException e) {
      // The object goes on behind its first bytes.
    } catch (IOException e) {
      throw mismatch(
          "the object says Content-Encoding: gzip, but is not gzip",
          "Upload it without that header, or compressed.");
    }
    return text.toByteArray();
  }

  /** What the file is, when it is one of those that are often sent instead of CSV. */
  private static Optional<String> otherFormat(byte[] head) {
    String start = new String(head, 0, Math.min(head.length, 512), StandardCharsets.ISO_8859_1);
    String lower = start.stripLeading().toLowerCase(Locale.ROOT);
    if (start.startsWith("PK\3\4")) {
      return Optional.of("a ZIP archive or an Excel workbook (.xlsx)");
    }
    if (start.startsWith("\u00d0\u00cf\u0011\u00e0")) {
      return Optional.of("an old Excel workbook (.xls)");
    }
    if (start.startsWith("\u001f\u008b")) {
      return Optional.of("gzip without the header Content-Encoding: gzip");
    }
    if (start.startsWith("%PDF-")) {
      return Optional.of("a PDF document");
    }
    if (lower.startsWith("<!doctype html") || lower.startsWith("<html")) {
      return Optional.of("a web page (HTML), perhaps an expired download link");
    }
    if (start.startsWith("\u00ff\u00fe")
        || start.startsWith("\u00fe\u00ff")
        || start.chars().limit(64).filter(c -> c == 0).count() > 1) {
      return Optional.of("in UTF-16, which Postgres does not read");
    }
    return Optional.empty();
  }

  private static LoadException mismatch(String why, String whatToDo) {
    return new LoadException(ErrorCode.HEADER_MISMATCH, why, whatToDo);
  }
}
