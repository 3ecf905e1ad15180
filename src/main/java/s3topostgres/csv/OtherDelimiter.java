package s3topostgres.csv;

import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;

/** Recognises records whose fields another delimiter separates than {@code CSV_DELIMITER}. */
final class OtherDelimiter {
  /** What Hive writes between fields by default. */
  private static final char CTRL_A = 1;

  /** Matches a delimiter of several characters, such as {@code +|} of {@code bcp}. */
  private static final Pattern BETWEEN = Pattern.compile("[^\\p{L}\\p{N}\\p{C}_\\s\"']{2,}");

  private OtherDelimiter() {}

  /**
   * Refuses a record that only another delimiter would split.
   *
   * @param columns how many fields it should have
   */
  static void refuse(List<String> record, CsvFormat format, int columns) {
    String text = String.join("", record);
    List<String> between = BETWEEN.matcher(text).results().map(MatchResult::group).toList();
    if (record.size() == 1 && between.size() + 1 == columns && Set.copyOf(between).size() == 1) {
      throw longDelimiter(between.get(0), format);
    }
    for (char delimiter : new char[] {';', '\t', '|', ',', CTRL_A}) {
      long found = text.chars().filter(c -> c == delimiter).count();
      String twice = String.valueOf(delimiter).repeat(2);
      if (record.size() == 1 && found > 0 && text.replace(twice, "").indexOf(delimiter) < 0) {
        throw longDelimiter(delimiter == '\t' ? "two tabs" : twice, format);
      }
      if (delimiter != format.delimiter()
          && (found + 1 == columns || found > 0 && record.size() == 1)
          && columns > 1) {
        throw ErrorCode.HEADER_MISMATCH.failure(
            "the file looks delimited by %s, and %s is expected (CSV_DELIMITER)"
                .formatted(shown(delimiter), shown(format.delimiter())),
            "Send the file delimited by %s, or have the operator set CSV_DELIMITER=%s."
                .formatted(shown(format.delimiter()), shown(delimiter)));
      }
    }
  }

  private static LoadException longDelimiter(String delimiter, CsvFormat format) {
    return ErrorCode.HEADER_MISMATCH.failure(
        "the file looks delimited by %s, and Postgres takes a delimiter of one character"
            .formatted(delimiter),
        "Have the program that writes it delimit by %s.".formatted(shown(format.delimiter())));
  }

  /** A delimiter as the setting has it. */
  static String shown(char delimiter) {
    return switch (delimiter) {
      case '\t' -> "tab";
      case CTRL_A -> "U+0001 (Ctrl-A)";
      default -> String.valueOf(delimiter);
    };
  }
}
