package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import s3topostgres.Warning;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;

/** Looks for lines that are loaded as rows, and that a program added above or below the rows. */
final class RowRules {
  private static final String DASHES =
      "The line under the header has nothing but dashes, as sqlcmd draws them, and is loaded as a row."
          + " Have the file written without it.";
  private static final String TYPES =
      "The line under the header has names of types, as ClickHouse's CSVWithNamesAndTypes writes them,"
          + " and is loaded as a row. Export with CSVWithNames.";
  private static final String BLANK =
      "The last line is blank, and is loaded as a row with a missing value. Delete it.";
  private static final String COUNT =
      "The last line, (... rows affected), is loaded as a row. Have the file written without it:"
          + " SET NOCOUNT ON.";

  private static final Pattern TYPE =
      Pattern.compile(
          "(Nullable\\(|LowCardinality\\(|Array\\()*(U?Int\\d+|Float\\d+|String|FixedString\\(\\d+\\)"
              + "|Date(32)?|DateTime(64)?(\\([^)]*\\))?|Decimal\\d*(\\([^)]*\\))?|UUID|Bool)\\)*");
  private static final Pattern ROWS_AFFECTED = Pattern.compile("\\(\\d+ rows? affected\\)");

  private final CsvFormat format;
  private final List<Warning> warnings = new ArrayList<>();
  private boolean isFirst;

  /** The line of the last record, if that is its only field and blank; otherwise 0. */
  private long blankLine;

  /** The line of the last record, if a program has counted the rows there; otherwise 0. */
  private long countLine;

  RowRules(CsvFormat format) {
    this.format = format;
    this.isFirst = format.header() != Header.NONE;
  }

  /**
   * Looks at a record behind the header.
   *
   * @param bytes hold it as it is in the file; only during the call
   * @param from its first byte; negative where it is too long to be looked at
   * @param to behind its last byte
   * @param fields how many it has
   * @param line on which it begins
   */
  void look(byte[] bytes, int from, int to, int fields, long line) {
    if (isFirst && from >= 0) {
      first(new String(bytes, from, to - from, ISO_8859_1).replace("\"", ""), fields, line);
    }
    isFirst = false;
    blankLine = fields == 1 && from == to ? line : 0;
    countLine = fields == 1 && from >= 0 && isCount(bytes, from, to) ? line : 0;
  }

  private static boolean isCount(byte[] bytes, int from, int to) {
    return from < to
        && bytes[from] == '('
        && ROWS_AFFECTED.matcher(new String(bytes, from, to - from, ISO_8859_1)).matches();
  }

  private void first(String record, int fields, long line) {
    String delimiter = String.valueOf(format.delimiter());
    if (record.contains("---") && record.replace(delimiter, "").matches("[- ]+")) {
      warnings.add(new Warning(line, null, 1, DASHES));
    } else if (fields > 1
        && Stream.of(record.split(Pattern.quote(delimiter), -1))
            .allMatch(name -> TYPE.matcher(name).matches())) {
      warnings.add(new Warning(line, null, 1, TYPES));
    }
  }

  /** Tells what only the last record shows. */
  void end() {
    if (blankLine > 0 && format.nullText().isEmpty()) {
      warnings.add(new Warning(blankLine, null, 1, BLANK));
    }
    if (countLine > 0) {
      warnings.add(new Warning(countLine, null, 1, COUNT));
    }
  }

  List<Warning> warnings() {
    return warnings;
  }
}
