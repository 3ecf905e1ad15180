package s3topostgres.scan;

import s3topostgres.config.CsvFormat;

/** Looks at the backslashes and the characters beyond ASCII of texts. */
final class TextMarks {
  private static final String ESCAPED =
      "Every backslash of this column looks like an escape, such as \\\\ or \\n, and is loaded as it is."
          + " Have the texts written without escapes, in double quotes.";
  private static final String BEFORE_LINE_END =
      "A backslash before a line break, in quotes, is loaded as a part of the text; MySQL writes line"
          + " breaks so. Have the file written without it, or remove it in AFTER_LOAD_SQL.";
  private static final String TWICE =
      "Texts such as \u00c3\u00bc look like UTF-8 that was taken for another encoding and written as"
          + " UTF-8 once more. Correct where the file is made.";
  private static final String CONTROLS =
      "Bytes from 0x80 to 0x9F are loaded as control characters; Windows programs write quotation"
          + " marks and the euro sign so. The operator sets CSV_ENCODING=WIN1252.";

  private final FileEncoding encoding;
  private final boolean isBackslashEscape;
  private final ColumnFindings findings;

  /** Whether the column has a backslash that escapes another one, which a path has seldom. */
  private boolean hasPairs;

  /** Whether the column has a backslash that is none of an escape. */
  private boolean hasOthers;

  TextMarks(CsvFormat format, ColumnFindings findings) {
    this.encoding = FileEncoding.of(format);
    this.isBackslashEscape = format.escape() == '\\';
    this.findings = findings;
  }

  /** Looks at a text that has some. */
  void look(byte[] bytes, int from, int to, long line) {
    boolean escapes = false;
    boolean control = false;
    boolean twice = false;
    boolean beforeLineEnd = false;
    boolean isJson = to > from && (bytes[from] == '{' || bytes[from] == '[');
    int at = from;
    while (at < to) {
      int b = bytes[at] & 0xFF;
      if (b == '\\' && at + 1 < to && isLineEnd(bytes[at + 1])) {
        beforeLineEnd = true;
      } else if (b == '\\' && !isJson) {
        int length = escape(bytes, at, to);
        hasPairs |= length == 2 && bytes[at + 1] == '\\';
        hasOthers |= length == 0;
        escapes |= length > 0;
        at += Math.max(0, length - 1);
      }
      control |= encoding.isControl(b);
      twice |= encoding.isUtf8() && isTwice(bytes, at, to);
      at++;
    }
    warn(escapes && !isBackslashEscape, ESCAPED, line);
    warn(beforeLineEnd, BEFORE_LINE_END, line);
    warn(control, CONTROLS, line);
    warn(twice, TWICE, line);
  }

  private void warn(boolean found, String warning, long line) {
    if (found) {
      findings.warn(warning, line);
    }
  }

  private static boolean isLineEnd(byte b) {
    return b == '\n' || b == '\r';
  }

  /** The length of the escape that begins there; 0 if it is none. */
  private static int escape(byte[] bytes, int at, int to) {
    int digits =
        switch (at + 1 < to ? bytes[at + 1] : ' ') {
          case '\\', 'n', 'r', 't', '0', 'b', 'f', 'N', '"' -> 0;
          case 'x' -> 2;
          case 'u' -> 4;
          default -> to;
        };
    boolean complete = at + 1 + digits < to;
    for (int i = at + 2; complete && i < at + 2 + digits; i++) {
      complete = Character.digit(bytes[i], 16) >= 0;
    }
    return complete ? 2 + digits : 0;
  }

  /** Whether a character of two bytes begins that is one of UTF-8, written as UTF-8 again. */
  private static boolean isTwice(byte[] bytes, int at, int to) {
    return at + 3 < to
        && (bytes[at] & 0xFF) == 0xC3
        && (bytes[at + 1] & 0xFE) == 0x82
        && (bytes[at + 2] & 0xFF) == 0xC2;
  }

  void end() {
    if (hasOthers || !hasPairs) {
      findings.withdraw(ESCAPED);
    }
  }
}
