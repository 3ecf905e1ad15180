package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.regex.Pattern;

/** Looks for numbers in forms that are rarely meant. */
final class NumberRule implements FieldRule {
  private static final String LITERAL =
      "Numbers in another base, or with underscores, were read as such: 0x1F is 31. If they are codes,"
          + " the column should be text.";
  private static final String NOT_A_NUMBER =
      "NaN and infinity are loaded as they are, and make sums and averages NaN or infinite. If they"
          + " stand for a missing value, leave it empty, or the operator sets CSV_NULL to the word.";
  private static final String COMMA =
      "A comma in an amount of money was read as a separator of thousands, but its digits are not"
          + " in threes. Write a decimal point: 1234.50.";

  private static final String SHORTENED =
      "Numbers such as 1.23457E+11 are loaded as 123457000000; a spreadsheet has cut off their other"
          + " digits. Format the column as a number without decimals, and export it again.";

  /** A spreadsheet shows five decimals; programs that cut off nothing seldom have so many. */
  private static final Pattern SCIENTIFIC = Pattern.compile("-?\\d\\.\\d{5}E\\+\\d\\d");

  private static final Pattern INFINITE =
      Pattern.compile("[+-]?(nan|inf|infinity)", Pattern.CASE_INSENSITIVE);
  private static final Pattern DECIMAL_COMMA = Pattern.compile("[^,]*,\\d{1,2}\\D?");

  /** The first version that reads other bases and underscores. */
  private static final int WITH_LITERALS = 16;

  private final boolean isMoney;
  private final boolean isExact;
  private final boolean takesLiterals;
  private final ColumnFindings findings;

  /**
   * @param type of the column, in one word
   */
  NumberRule(String type, int serverVersion, ColumnFindings findings) {
    this.isMoney = type.equals("money");
    this.isExact = type.equals("numeric");
    boolean isFloat = type.equals("real") || type.equals("double");
    this.takesLiterals = !isMoney && (isFloat || serverVersion >= WITH_LITERALS);
    this.findings = findings;
  }

  @Override
  public void look(byte[] bytes, int from, int to, boolean quoted, boolean marked, long line) {
    if (to - from < 3) {
      return;
    }
    byte first = bytes[from];
    byte second = bytes[from + 1];
    boolean isDigit = first >= '0' && first <= '9';
    if (takesLiterals && (first == '0' && isBase(second) || hasUnderscore(bytes, from, to))) {
      findings.warn(LITERAL, line);
    } else if (isExact && bytes[to - 3] == '+' && isShortened(bytes, from, to)) {
      findings.warn(SHORTENED, line);
    } else if (isMoney || !isDigit && second >= 'A') {
      String text = new String(bytes, from, to - from, ISO_8859_1).strip();
      if (INFINITE.matcher(text).matches()) {
        findings.warn(NOT_A_NUMBER, line);
      } else if (isMoney && DECIMAL_COMMA.matcher(text).matches()) {
        findings.warn(COMMA, line);
      }
    }
  }

  /** Whether one of the places has it that separate a day, a month, or thousands. */
  private static boolean hasUnderscore(byte[] bytes, int from, int to) {
    return bytes[to - 2] == '_' || bytes[to - 3] == '_' || bytes[Math.max(from, to - 4)] == '_';
  }

  private static boolean isShortened(byte[] bytes, int from, int to) {
    return SCIENTIFIC.matcher(new String(bytes, from, to - from, ISO_8859_1)).matches();
  }

  private static boolean isBase(byte letter) {
    return "xXoObB".indexOf(letter) >= 0;
  }
}
