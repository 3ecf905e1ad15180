package s3topostgres.config;

import java.nio.charset.Charset;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Maps Postgres' names of encodings to Java's charsets.
 *
 * @see <a href="https://www.postgresql.org/docs/current/multibyte.html">Character Set Support</a>
 */
final class PostgresEncoding {
  private static final Pattern NOT_COMPARED = Pattern.compile("[^a-z0-9]");
  private static final Pattern NUMBERED =
      Pattern.compile("(iso8859)([1-9]|1[03456])|(win)(125[0-8])");

  /** By Postgres' name, reduced as Postgres compares names: lower-case letters and digits. */
  private static final Map<String, String> CHARSETS =
      Map.ofEntries(
          Map.entry("utf8", "UTF-8"),
          Map.entry("unicode", "UTF-8"),
          // COPY takes the bytes for the database's own encoding, nearly always UTF-8.
          Map.entry("sqlascii", "UTF-8"),
          Map.entry("latin1", "ISO-8859-1"),
          Map.entry("latin2", "ISO-8859-2"),
          Map.entry("latin3", "ISO-8859-3"),
          Map.entry("latin4", "ISO-8859-4"),
          Map.entry("latin5", "ISO-8859-9"),
          Map.entry("latin7", "ISO-8859-13"),
          Map.entry("latin9", "ISO-8859-15"),
          Map.entry("koi8", "KOI8-R"),
          Map.entry("koi8r", "KOI8-R"),
          Map.entry("koi8u", "KOI8-U"),
          Map.entry("win866", "IBM866"),
          Map.entry("win874", "x-windows-874"),
          Map.entry("win932", "windows-31j"),
          Map.entry("win936", "GBK"),
          Map.entry("win949", "x-windows-949"),
          Map.entry("win950", "Big5"),
          Map.entry("sjis", "Shift_JIS"),
          Map.entry("shiftjis", "Shift_JIS"),
          Map.entry("mskanji", "Shift_JIS"),
          Map.entry("shiftjis2004", "x-SJIS_0213"),
          Map.entry("eucjp", "EUC-JP"),
          Map.entry("euccn", "GB2312"),
          Map.entry("euckr", "EUC-KR"),
          Map.entry("euctw", "EUC-TW"),
          Map.entry("uhc", "x-windows-949"),
          Map.entry("johab", "x-Johab"),
          Map.entry("big5", "Big5"),
          Map.entry("gbk", "GBK"),
          Map.entry("gb18030", "GB18030"));

  private PostgresEncoding() {}

  /** Finds Java's charset for Postgres' name; empty when Postgres has no such encoding. */
  static Optional<Charset> charset(String encoding) {
    String name =
        NOT_COMPARED
            .matcher(encoding.toLowerCase(Locale.ROOT))
            .replaceAll("")
            .replaceFirst("^windows", "win");
    return Optional.ofNullable(CHARSETS.get(name))
        .or(() -> numbered(name))
        .filter(Charset::isSupported)
        .map(Charset::forName);
  }

  private static Optional<String> numbered(String name) {
    Matcher matcher = NUMBERED.matcher(name);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return Optional.of(
        matcher.group(1) == null ? "windows-" + matcher.group(4) : "ISO-8859-" + matcher.group(2));
  }
}
