package s3topostgres.scan;

import java.util.ArrayList;
import java.util.List;
import s3topostgres.config.CsvFormat;

/**
 * The first records of a CSV file, split exactly as {@code COPY} splits them: quotes may begin in
 * the middle of a field, a quoted line break belongs to the field, and the first line break decides
 * which kind ends a record.
 */
public final class FirstRecords implements RecordListener {
  /** Stands for what comes behind the beginning, so that the splitter goes on to its end. */
  private static final byte[] UNKNOWN = new byte[FileEncoding.MOST_BYTES];

  private final CsvFormat format;
  private final int most;
  private final List<List<String>> records = new ArrayList<>();
  private List<String> fields = new ArrayList<>();

  private FirstRecords(CsvFormat format, int most) {
    this.format = format;
    this.most = most;
  }

  /**
   * Reads the records that are there to their end. One with an open quote is not.
   *
   * @param bytes the beginning of the file
   * @param whole whether that is all of the file, so that its end ends the last record
   * @param most how many records to read at the most
   * @return each record's fields, without quotes; a field of more than 64 KB is empty
   */
  public static List<List<String>> read(byte[] bytes, boolean whole, CsvFormat format, int most) {
    FirstRecords reader = new FirstRecords(format, most);
    RecordSplitter splitter = new RecordSplitter(format, Integer.MAX_VALUE, false, reader);
    int at = 0;
    while (at < bytes.length && reader.records.size() < most) {
      at += splitter.accept(bytes, at, bytes.length - at);
    }
    if (whole) {
      splitter.end();
    } else {
      splitter.accept(UNKNOWN, 0, UNKNOWN.length);
    }
    return reader.records;
  }

  @Override
  public void field(byte[] bytes, int from, int to, int index, long line) {
    if (records.size() < most) {
      fields.add(
          from < 0 ? "" : unquoted(new String(bytes, from, to - from, format.charset()), format));
    }
  }

  @Override
  public void record(byte[] bytes, int from, int to, int count, long line) {
    if (records.size() < most) {
      records.add(fields);
      fields = new ArrayList<>();
    }
  }

  @Override
  public void fault(FormFault fault, long line, long fieldLine) {
    // The database will say so.
  }

  /** A field's value: without the quotes that begin and end quoted parts, and without escapes. */
  static String unquoted(String field, CsvFormat format) {
    if (field.indexOf(format.quote()) < 0 || !format.isQuoted()) {
      return field;
    }
    StringBuilder value = new StringBuilder(field.length());
    boolean inQuotes = false;
    for (int at = 0; at < field.length(); at++) {
      char c = field.charAt(at);
      char next = at + 1 < field.length() ? field.charAt(at + 1) : 0;
      boolean escapes =
          inQuotes && c == format.escape() && (next == format.escape() || next == format.quote());
      if (escapes) {
        value.append(next);
        at++;
      } else if (c == format.quote()) {
        inQuotes = !inQuotes;
      } else {
        value.append(c);
      }
    }
    return value.toString();
  }
}
