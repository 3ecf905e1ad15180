package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import s3topostgres.config.CsvFormat;

/** Looks for texts that stand for something else: a missing value, a number, another text. */
final class TextRule implements FieldRule {
  private static final String IN_QUOTES =
      "The word %s, in quotes, is loaded as a text; CSV_NULL never means a value in quotes. If it"
          + " stands for a missing value, write nothing between the delimiters.";
  private static final String WITHOUT_QUOTES =
      "The word %1$s is loaded as a text. If it stands for a missing value, the operator sets"
          + " CSV_NULL=%1$s.";
  private static final String SHORTENED =
      "Numbers such as 2.34601E+20 are loaded as texts; a spreadsheet has cut off their other digits."
          + " Export the column as text.";
  private static final String FORMULA =
      "Values written as formulas, =\"...\", are loaded with the equals sign and the quotes. Write the"
          + " value alone.";

  private static final List<byte[]> WORDS =
      List.of("NULL", "null", "NA", "N/A", "#N/A", "NaN", "None").stream()
          .map(word -> word.getBytes(ISO_8859_1))
          .toList();

  private static final int LONGEST_WORD = 4;
  private static final Pattern SCIENTIFIC = Pattern.compile("-?\\d\\.\\d+E\\+\\d\\d");

  private final ColumnFindings findings;
  private final TextMarks marks;

  /** Whether the column has other values like {@code NA}, such as country codes. */
  private boolean hasCodes;

  /** Whether the column has other values like {@code None}, such as names. */
  private boolean hasNames;

  TextRule(CsvFormat format, ColumnFindings findings) {
    this.findings = findings;
    this.marks = new TextMarks(format, findings);
  }

  @Override
  public void look(byte[] bytes, int from, int to, boolean quoted, boolean marked, long line) {
    if (marked) {
      marks.look(bytes, from, to, line);
    }
    int length = to - from;
    if (length >= 2 && length <= LONGEST_WORD) {
      Optional<String> word = word(bytes, from, to);
      if (word.isPresent()) {
        missing(word.get(), quoted, line);
        return;
      }
      hasCodes |= length == 2 && isUpper(bytes[from]) && isUpper(bytes[from + 1]);
    } else if (length > LONGEST_WORD && bytes[to - 4] == 'E' && bytes[to - 3] == '+') {
      shortened(new String(bytes, from, length, ISO_8859_1), line);
    } else if (quoted && length > 2 && bytes[from] == '=' && bytes[from + 1] == '"') {
      findings.warn(FORMULA, line);
    }
    hasNames = hasNames || isName(bytes, from, to);
  }

  private void shortened(String text, long line) {
    if (SCIENTIFIC.matcher(text).matches()) {
      findings.warn(SHORTENED, line);
    }
  }

  private static Optional<String> word(byte[] bytes, int from, int to) {
    for (byte[] word : WORDS) {
      if (word[0] == bytes[from] && Arrays.equals(word, 0, word.length, bytes, from, to)) {
        return Optional.of(new String(word, ISO_8859_1));
      }
    }
    return Optional.empty();
  }

  private void missing(String word, boolean quoted, long line) {
    if (!quoted) {
      findings.warn(WITHOUT_QUOTES.formatted(word), line);
    } else if (word.equalsIgnoreCase("NULL")) {
      findings.warn(IN_QUOTES.formatted(word), line);
    }
  }

  private static boolean isUpper(byte b) {
    return b >= 'A' && b <= 'Z';
  }

  private static boolean isName(byte[] bytes, int from, int to) {
    boolean name = to - from > 1 && isUpper(bytes[from]);
    for (int at = from + 1; name && at < to; at++) {
      name = bytes[at] >= 'a' && bytes[at] <= 'z';
    }
    return name;
  }

  @Override
  public void end() {
    if (hasCodes) {
      findings.withdraw(WITHOUT_QUOTES.formatted("NA"));
    }
    if (hasNames) {
      findings.withdraw(WITHOUT_QUOTES.formatted("None"));
    }
    marks.end();
  }
}
