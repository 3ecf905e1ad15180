package s3topostgres.scan;

import java.util.Arrays;
import s3topostgres.config.CsvFormat;

/**
 * What each byte means, by where the splitter is: one table of 256 classes for each of its states.
 */
final class ByteClasses {
  /** A byte of a value, of which nothing else has to be known. */
  static final byte ORDINARY = 0;

  static final byte DELIMITER = 1;
  static final byte LINE_FEED = 2;
  static final byte CARRIAGE_RETURN = 3;
  static final byte QUOTE = 4;

  /** The escape, where it is another character than the quote. */
  static final byte ESCAPE = 5;

  /** Something that may not stand behind a closing quote. */
  static final byte STRAY = 6;

  /** The first byte of a character beyond ASCII whose length has to be found out. */
  static final byte CHARACTER = 7;

  static final byte NUL = 8;

  /** With {@code CSV_QUOTE=none}, the character that {@code COPY} is told to be the quote. */
  static final byte STAND_IN = 9;

  /** A backslash, or another character that makes a closer look at the field worthwhile. */
  static final byte MARK = 10;

  final byte[] unquoted;
  final byte[] quoted;

  /** Behind the closing quote of a field. */
  final byte[] closed;

  /** In the rest of a field with a fault: quotes are characters like any other. */
  final byte[] literal;

  ByteClasses(CsvFormat format, FileEncoding encoding) {
    literal = values(encoding);
    literal['\n'] = LINE_FEED;
    literal['\r'] = CARRIAGE_RETURN;
    quoted = literal.clone();
    literal[format.delimiter()] = DELIMITER;
    unquoted = literal.clone();
    unquoted[format.quote()] = format.isQuoted() ? QUOTE : STAND_IN;
    quoted[format.escape()] = ESCAPE;
    quoted[format.quote()] = QUOTE;
    closed = new byte[256];
    Arrays.fill(closed, STRAY);
    closed[' '] = ORDINARY;
    closed['\t'] = ORDINARY;
    closed[format.quote()] = STRAY;
    for (char end : new char[] {'\n', '\r', format.delimiter()}) {
      closed[end] = literal[end];
    }
  }

  private static byte[] values(FileEncoding encoding) {
    byte[] values = new byte[256];
    values[0] = NUL;
    values['\\'] = MARK;
    for (int b = 128; b < 256; b++) {
      values[b] = encoding.isSpecial(b) ? CHARACTER : encoding.isControl(b) ? MARK : ORDINARY;
    }
    return values;
  }
}
