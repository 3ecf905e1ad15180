package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.util.Locale;
import s3topostgres.config.CsvFormat;

/**
 * How a file's encoding writes characters beyond ASCII: which bytes belong together, and which
 * never occur. UTF8 and single-byte encodings are judged here, as Postgres does; of the others only
 * the length of a character is known, and the database judges the bytes.
 *
 * @see <a
 *     href="https://github.com/postgres/postgres/blob/REL_17_STABLE/src/common/wchar.c">wchar.c</a>
 */
final class FileEncoding {
  /** Longer than any character. */
  static final int MOST_BYTES = 4;

  private enum Kind {
    UTF8,
    SINGLE_BYTE,
    /** No byte of a character beyond ASCII can be taken for ASCII: EUC, and SQL_ASCII. */
    NOT_JUDGED,
    /** Half-width katakana are single bytes. */
    SHIFT_JIS,
    /** Any byte beyond ASCII begins a pair. */
    PAIRS,
    JOHAB,
    GB18030
  }

  private final Kind kind;
  private final boolean[] undefined = new boolean[256];
  private final boolean[] control = new boolean[256];

  private FileEncoding(Kind kind) {
    this.kind = kind;
  }

  static FileEncoding of(CsvFormat format) {
    Charset charset = format.charset();
    if (isSqlAscii(format)) {
      return new FileEncoding(Kind.NOT_JUDGED);
    }
    if (charset.equals(UTF_8)) {
      return new FileEncoding(Kind.UTF8);
    }
    if (charset.newEncoder().maxBytesPerChar() == 1) {
      return singleByte(charset);
    }
    return new FileEncoding(
        switch (charset.name()) {
          case "Shift_JIS", "windows-31j", "x-SJIS_0213" -> Kind.SHIFT_JIS;
          case "Big5", "GBK", "x-windows-949" -> Kind.PAIRS;
          case "x-Johab" -> Kind.JOHAB;
          case "GB18030" -> Kind.GB18030;
          default -> Kind.NOT_JUDGED;
        });
  }

  /** Whether a file may begin with the byte-order mark of UTF-8. */
  static boolean mayHaveMark(CsvFormat format) {
    return format.charset().equals(UTF_8);
  }

  /** Whether a byte is a control character beyond ASCII, of which the LATIN encodings have some. */
  boolean isControl(int b) {
    return control[b];
  }

  boolean isUtf8() {
    return kind == Kind.UTF8;
  }

  private static boolean isSqlAscii(CsvFormat format) {
    return format.encoding().toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "").equals("sqlascii");
  }

  private static FileEncoding singleByte(Charset charset) {
    FileEncoding encoding = new FileEncoding(Kind.SINGLE_BYTE);
    for (int b = 128; b < 256; b++) {
      char decoded = charset.decode(one(b)).get(0);
      encoding.undefined[b] = decoded == '\ufffd';
      encoding.control[b] = Character.isISOControl(decoded);
    }
    return encoding;
  }

  private static ByteBuffer one(int b) {
    return ByteBuffer.wrap(new byte[] {(byte) b});
  }

  /** Whether a byte beyond ASCII needs {@link #length}; if not, it is a character of its own. */
  boolean isSpecial(int b) {
    return switch (kind) {
      case SINGLE_BYTE -> undefined[b];
      case NOT_JUDGED -> false;
      default -> true;
    };
  }

  /**
   * How many bytes the character has whose first byte is that one; 0 if it is none.
   *
   * @param bytes so many behind the first that the longest character ends in them; beyond the end
   *     of the file they are zero
   */
  int length(byte[] bytes, int at) {
    int first = bytes[at] & 0xFF;
    return switch (kind) {
      case UTF8 -> utf8Length(bytes, at, first);
      case SINGLE_BYTE -> 0;
      case NOT_JUDGED -> 1;
      case SHIFT_JIS -> first >= 0xA1 && first <= 0xDF ? 1 : 2;
      case PAIRS -> 2;
      case JOHAB -> first == 0x8F ? 3 : 2;
      case GB18030 -> bytes[at + 1] >= '0' && bytes[at + 1] <= '9' ? 4 : 2;
    };
  }

  /** As {@code pg_utf8_islegal} judges: no overlong form, no surrogate, nothing beyond U+10FFFF. */
  private static int utf8Length(byte[] bytes, int at, int first) {
    int second = bytes[at + 1] & 0xFF;
    if (first < 0xC2 || first > 0xF4 || second < 0x80 || second > 0xBF) {
      return 0;
    }
    if (first < 0xE0) {
      return 2;
    }
    if (isNotContinued(bytes[at + 2])) {
      return 0;
    }
    if (first < 0xF0) {
      return first == 0xE0 && second < 0xA0 || first == 0xED && second > 0x9F ? 0 : 3;
    }
    boolean beyond = first == 0xF0 && second < 0x90 || first == 0xF4 && second > 0x8F;
    return beyond || isNotContinued(bytes[at + 3]) ? 0 : 4;
  }

  private static boolean isNotContinued(byte b) {
    return (b & 0xC0) != 0x80;
  }
}
