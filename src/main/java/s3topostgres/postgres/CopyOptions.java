package s3topostgres.postgres;

import static java.util.stream.Collectors.joining;

import java.util.List;
import java.util.Locale;
import s3topostgres.config.CsvFormat;

/**
 * Writes the columns and options of {@code COPY}, for both ways of importing.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY</a>
 */
final class CopyOptions {
  private CopyOptions() {}

  /** The columns as a comma-separated list in SQL. */
  static String columns(List<TargetTable.Column> columns) {
    return columns.stream().map(TargetTable.Column::quoted).collect(joining(", "));
  }

  /**
   * All options in parentheses; none is left to a default.
   *
   * @param columns of the file
   * @param freeze whether to write frozen rows
   */
  static String of(CsvFormat format, List<TargetTable.Column> columns, boolean freeze) {
    List<TargetTable.Column> emptyIsNull =
        columns.stream().filter(TargetTable.Column::emptyIsNull).toList();
    return "(FORMAT csv, HEADER %s, DELIMITER %s, QUOTE %s, ESCAPE %s, NULL %s, ENCODING %s%s%s)"
        .formatted(
            format.header() == CsvFormat.Header.NONE ? "false" : "true",
            literal(String.valueOf(format.delimiter())),
            literal(String.valueOf(format.quote())),
            literal(String.valueOf(format.escape())),
            literal(format.nullText()),
            literal(format.encoding().toUpperCase(Locale.ROOT)),
            emptyIsNull.isEmpty() ? "" : ", FORCE_NULL (%s)".formatted(columns(emptyIsNull)),
            freeze ? ", FREEZE true" : "");
  }

  /** A string constant of standard SQL, in which a backslash is an ordinary character. */
  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }
}
