package s3topostgres.load;

import java.util.ArrayList;
import java.util.List;
import s3topostgres.config.CsvFormat;

/**
 * The first records of a CSV file, split exactly as {@code COPY} splits them: quotes may begin in
 * the middle of a field, and a quoted line break belongs to the field.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY, CSV format</a>
 */
final class FirstRecords {
  private final String text;
  private final CsvFormat format;
  private int position;

  private FirstRecords(String text, CsvFormat format) {
    this.text = text;
    this.format = format;
  }

  /**
   * Reads records that are there to their end.
   *
   * @param text the beginning of the file, without a byte-order mark
   * @param whole whether that is all of the file, so that its end ends the last record
   * @param most how many records to read at the most
   * @return each record's fields, without quotes
   */
  static List<List<String>> read(String text, boolean whole, CsvFormat format, int most) {
    FirstRecords reader = new FirstRecords(text, format);
    List<List<String>> records = new ArrayList<>();
    while (records.size() < most && reader.position < text.length()) {
      List<String> fields = new ArrayList<>();
      boolean ended = reader.record(fields);
      if (!ended && !whole) {
        break;
      }
      records.add(fields);
    }
    return records;
  }

  /** Adds one record's fields; false when the text ends before the record does. */
  private boolean record(List<String> fields) {
    StringBuilder field = new StringBuilder();
    while (position < text.length()) {
      char c = text.charAt(position++);
      if (c == format.quote()) {
        quoted(field);
      } else if (c == format.delimiter()) {
        fields.add(field.toString());
        field.setLength(0);
      } else if (c == '\n' || c == '\r') {
        if (c == '\r' && position < text.length() && text.charAt(position) == '\n') {
          position++;
        }
        fields.add(field.toString());
        return true;
      } else {
        field.append(c);
      }
    }
    fields.add(field.toString());
    return false;
  }

  /** Adds what stands between two quotes, from behind the first to behind the second. */
  private void quoted(StringBuilder field) {
    while (position < text.length()) {
      char c = text.charAt(position++);
      char next = position < text.length() ? text.charAt(position) : 0;
      if (c == format.escape() && (next == format.escape() || next == format.quote())) {
        field.append(next);
        position++;
      } else if (c == format.quote()) {
        return;
      } else {
        field.append(c);
      }
    }
  }
}
