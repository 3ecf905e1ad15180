package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;

/**
 * A file in a dialect, made of what matters to {@code COPY}: either records that are nearly right,
 * or anything.
 */
record RandomFile(CsvFormat format, int columns, byte[] bytes) {
  /** Postgres' name, Java's, characters beyond ASCII, and bytes that are none. */
  private enum Encoding {
    UTF8(
        "UTF-8",
        "é€表🚀",
        "\u00c3",
        "\u00c0\u00af",
        "\u00ed\u00a0\u0080",
        "\u00f4\u0090\u0080\u0080"),
    LATIN1("ISO-8859-1", "éÿ"),
    WIN1252("windows-1252", "é€", "\u0081"),
    WIN1251("windows-1251", "яЖ", "\u0098"),
    KOI8R("KOI8-R", "яЖ"),
    ISO_8859_7("ISO-8859-7", "ωΔ", "\u00ff"),
    EUC_JP("EUC-JP", "表ソ"),
    SJIS("Shift_JIS", "表ソ能ｱ"),
    SHIFT_JIS_2004("x-SJIS_0213", "表ソ能ｱ"),
    BIG5("Big5", "功能許"),
    GBK("GBK", "乗乱亅"),
    GB18030("GB18030", "乗ÿ🚀"),
    UHC("x-windows-949", "갂똠"),
    // Postgres takes no second byte for it that is ASCII, and has given it up in version 19.
    JOHAB("x-Johab", "힝");

    private final Charset charset;
    private final String characters;
    private final String[] undefined;

    Encoding(String charset, String characters, String... undefined) {
      this.charset = Charset.forName(charset);
      this.characters = characters;
      this.undefined = undefined;
    }
  }

  static RandomFile of(Random random) {
    Encoding encoding = random.nextInt(3) == 0 ? Encoding.UTF8 : one(random, Encoding.values());
    boolean isQuoted = random.nextInt(8) > 0;
    char delimiter = one(random, ',', ',', ';', '\t', '|', '\u0001', ' ', '.');
    char quote = !isQuoted ? '\u0006' : one(random, '"', '"', '\'', '\u0002', '\\');
    char escape = isQuoted && random.nextInt(3) == 0 ? one(random, '\\', '*') : quote;
    String nullText = one(random, "", "", "NULL", "\\N", "-");
    CsvFormat format =
        new CsvFormat(
            one(random, Header.values()),
            delimiter,
            quote,
            isQuoted,
            escape,
            nullText.indexOf(quote) >= 0 ? "" : nullText,
            encoding.name(),
            encoding.charset,
            false,
            Optional.empty(),
            Optional.empty());
    int columns = 1 + random.nextInt(4);
    return new RandomFile(format, columns, new Maker(random, encoding, format).make(columns));
  }

  /** The default format without a header. */
  static CsvFormat standard() {
    return new CsvFormat(
        Header.NONE,
        ',',
        '"',
        true,
        '"',
        "",
        "UTF8",
        UTF_8,
        false,
        Optional.empty(),
        Optional.empty());
  }

  /** Makes the bytes. */
  private record Maker(Random random, Encoding encoding, CsvFormat format) {
    byte[] make(int columns) {
      List<byte[]> pieces = new ArrayList<>();
      byte[] lineEnd = ascii(one(random, "\n", "\n", "\r\n", "\r"));
      if (format.header() != Header.NONE && random.nextInt(8) == 0) {
        pieces.add("\ufeff".getBytes(encoding.charset));
      }
      if (random.nextInt(3) == 0) {
        for (int i = random.nextInt(40); i >= 0; i--) {
          pieces.add(random.nextInt(6) == 0 ? lineEnd : piece());
        }
      } else {
        for (int record = random.nextInt(8); record >= 0; record--) {
          for (int field = 0; field < columns; field++) {
            pieces.add(ascii(field == 0 ? "" : String.valueOf(format.delimiter())));
            value(pieces);
          }
          pieces.add(record == 0 && random.nextBoolean() ? ascii("") : lineEnd);
        }
        for (int fault = random.nextInt(4) - 1; fault > 0; fault--) {
          pieces.set(random.nextInt(pieces.size()), piece());
        }
      }
      return joined(pieces);
    }

    private void value(List<byte[]> pieces) {
      boolean inQuotes = format.isQuoted() && random.nextInt(3) == 0;
      byte[] quote = ascii(String.valueOf(format.quote()));
      pieces.add(ascii(inQuotes ? one(random, "", "", " ") : ""));
      pieces.add(inQuotes ? quote : ascii(""));
      for (int i = random.nextInt(4); i > 0; i--) {
        pieces.add(inQuotes ? quotedPiece() : plainPiece());
      }
      pieces.add(inQuotes ? quote : ascii(""));
    }

    private byte[] plainPiece() {
      return random.nextInt(4) == 0 ? character() : ascii(one(random, "a", "bc", "1", "x y"));
    }

    private byte[] quotedPiece() {
      String escaped = "" + format.escape() + one(random, format.quote(), format.escape());
      return random.nextInt(3) == 0
          ? plainPiece()
          : ascii(one(random, escaped, "\n", "\r\n", "\r", "" + format.delimiter()));
    }

    private byte[] piece() {
      String quote = String.valueOf(format.quote());
      if (random.nextInt(12) == 0 && encoding.undefined.length > 0) {
        return ascii(one(random, encoding.undefined));
      }
      return switch (random.nextInt(20)) {
        case 0, 1, 2, 3 -> ascii(String.valueOf(format.delimiter()));
        case 4, 5, 6 -> ascii(quote);
        case 7 -> ascii(quote + quote);
        case 8 -> ascii(String.valueOf(format.escape()));
        case 9 -> ascii("\\");
        case 10 -> ascii(one(random, "\n", "\r", "\r\n"));
        case 11 -> ascii(one(random, "\n\\.\n", "\\.", "\\N", "\u001a", "\n\u001a\n"));
        case 12 -> ascii(one(random, "\0", "\t", "="));
        case 13 -> ascii(one(random, " ", "  "));
        case 14 -> ascii(format.nullText());
        case 15 -> character();
        default -> ascii(one(random, "a", "b", "12"));
      };
    }

    private byte[] character() {
      int[] all = encoding.characters.codePoints().toArray();
      return Character.toString(all[random.nextInt(all.length)]).getBytes(encoding.charset);
    }
  }

  /** Bytes, each by the character of its number. */
  private static byte[] ascii(String text) {
    return text.getBytes(ISO_8859_1);
  }

  private static byte[] joined(List<byte[]> pieces) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    pieces.forEach(bytes::writeBytes);
    return bytes.toByteArray();
  }

  @SafeVarargs
  private static <T> T one(Random random, T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** Shows the file in an assertion that failed. */
  @Override
  public String toString() {
    StringBuilder shown = new StringBuilder(format + " " + columns + " columns: ");
    for (byte b : bytes) {
      shown.append(b > 31 && b < 127 ? "" + (char) b : "<%02X>".formatted(b));
    }
    return shown.toString();
  }
}
