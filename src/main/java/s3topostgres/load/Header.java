package s3topostgres.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import s3topostgres.config.CsvFormat;

/**
 * The first record of a CSV file, split into fields exactly as {@code COPY} splits it: quotes may
 * begin in the middle of a field, and a quoted line break belongs to the field.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY, CSV format</a>
 */
final class Header {
  private static final String BYTE_ORDER_MARK = "\ufeff";

  private Header() {}

  /**
   * @param head the file's first bytes
   * @param whole whether that is all of the file
   * @return the fields, without quotes; empty when the record does not end within {@code head}
   */
  static Optional<List<String>> fields(byte[] head, boolean whole, CsvFormat format) {
    String text = new String(head, format.charset());
    int start = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted) {
        char next = i + 1 < text.length() ? text.charAt(i + 1) : 0;
        if (c == format.escape() && (next == format.escape() || next == format.quote())) {
          field.append(next);
          i++;
        } else if (c == format.quote()) {
          quoted = false;
        } else {
          field.append(c);
        }
      } else if (c == format.quote()) {
        quoted = true;
      } else if (c == format.delimiter()) {
        fields.add(field.toString());
        field.setLength(0);
      } else if (c == '\n' || c == '\r') {
        fields.add(field.toString());
        return Optional.of(fields);
      } else {
        field.append(c);
      }
    }
    fields.add(field.toString());
    return whole && !quoted ? Optional.of(fields) : Optional.empty();
  }
}
