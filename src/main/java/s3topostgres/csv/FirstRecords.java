package s3topostgres.csv;

import java.util.ArrayList;
import java.util.List;
import s3topostgres.config.CsvFormat;

/**
 * The first records of a CSV file, split exactly as {@code COPY} splits them: quotes may begin in
 * the middle of a field, a quoted line break belongs to the field, and the first line break decides
 * which kind ends a record.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY, CSV format</a>
 */
final class FirstRecords {
  private final String text;
  private final CsvFormat format;
  private int position;
  private String lineBreak = "";
  private boolean inQuotes;

  private FirstRecords(String text, CsvFormat format) {
    this.text = text;
    this.format = format;
  }

  /**
   * Reads records that are there to their end. One with an open quote is not.
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
      boolean ended = reader.record(fields) || whole && !reader.inQuotes;
      if (!ended) {
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
      } else if ((c == '\n' || c == '\r') && endsRecord(c)) {
        fields.add(field.toString());
        return true;
      } else {
        field.append(c);
      }
    }
    fields.add(field.toString());
    return false;
  }

  /** Whether this line break is of the file's kind; COPY refuses others. Goes behind it. */
  private boolean endsRecord(char c) {
    boolean both = c == '\r' && text.startsWith("\n", position);
    String found = both ? "\r\n" : String.valueOf(c);
    if (lineBreak.isEmpty()) {
      lineBreak = found;
    }
    if (!found.equals(lineBreak)) {
      return false;
    }
    position += found.length() - 1;
    return true;
  }

  /** Adds what stands between two quotes, from behind the first to behind the second. */
  private void quoted(StringBuilder field) {
    inQuotes = true;
    while (position < text.length()) {
      char c = text.charAt(position++);
      char next = position < text.length() ? text.charAt(position) : 0;
      if (c == format.escape() && (next == format.escape() || next == format.quote())) {
        field.append(next);
        position++;
      } else if (c == format.quote()) {
        inQuotes = false;
        return;
      } else {
        field.append(c);
      }
    }
  }
}
