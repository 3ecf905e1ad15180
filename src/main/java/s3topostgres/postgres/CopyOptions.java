package s3topostgres.postgres;

import static java.util.stream.Collectors.joining;

import java.util.List;
import java.util.Locale;
import s3topostgres.config.CsvFormat;

/**
 * What {@code COPY} has to know of a file, whoever calls it.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY</a>
 */
final class CopyOptions {
  private CopyOptions() {}

  /** Columns written as in SQL, with commas. */
  static String columns(List<TargetTable.Column> columns) {
    return columns.stream().map(TargetTable.Column::quoted).collect(joining(", "));
  }

  /** The options as {@code COPY} takes them, all of them, so that no default is left to guess. */
  static String of(CsvFormat format) {
    return "(FORMAT csv, HEADER %s, DELIMITER %s, QUOTE %s, ESCAPE %s, NULL %s, ENCODING %s)"
        .formatted(
            format.header() == CsvFormat.Header.NONE ? "false" : "true",
            literal(String.valueOf(format.delimiter())),
            literal(String.valueOf(format.quote())),
            literal(String.valueOf(format.escape())),
            literal(format.nullText()),
            literal(format.encoding().toUpperCase(Locale.ROOT)));
  }

  /** A string constant; backslashes stand for themselves, as the standard has it. */
  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }
}
