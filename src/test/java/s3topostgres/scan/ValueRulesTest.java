package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import s3topostgres.Fault;
import s3topostgres.Warning;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;
import s3topostgres.postgres.ScanTarget;

/** What is said of values, by the types of their columns; and of what nothing is said. */
class ValueRulesTest {
  private int version = 17;
  private char escape = '"';
  private String encoding = "UTF8";
  private Charset charset = UTF_8;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // Words for missing values are in warnings.yaml.
        "text | 2.34601E+20 | Numbers such as 2.34601E+20",
        "text | \"=\"\"00123\"\"\" | Values written as formulas",
        "text | JÃ¼rgen | Texts such as Ã¼ look like UTF-8",
        "text | \"line 1\\⏎line 2\" | A backslash before a line break",
        "text | C:\\\\data | Every backslash of this column looks like an escape",
        "text | a\\\\b\\n\\t\\x0A\\u00e4\\N\\0 | Every backslash of this column looks like an escape",
        "date | epoch | The word epoch",
        "date | 2024.065 | Numbers such as 2024.065",
        "date | 1-01-01 | Years of one or two digits",
        "date | 13/5/24 | Years of one or two digits",
        "date | 04-JUN-65 | Years of one or two digits",
        "date | 010224 | Years of one or two digits",
        "timestamp without time zone | 2024-06-01T12:00:00+02:00 | Offsets and time zones were dropped",
        "timestamp without time zone | 2024-06-01 12:00:00 IST | Offsets and time zones were dropped",
        "timestamp without time zone | 2024-06-01 12:00 Europe/Berlin | Offsets and time zones were dropped",
        "timestamp without time zone | 20240601T120000+0200 | Offsets and time zones were dropped",
        "time without time zone | 10:00:00+02 | Offsets and time zones were dropped",
        "time without time zone | 10:00 CET | Offsets and time zones were dropped",
        "date | 2024-05-31T22:00:00Z | Times of day were dropped",
        "date | 2024-05-31 00:00:01 | Times of day were dropped",
        "date | \"Jun 1, 2024 11:30 PM\" | Times of day were dropped",
        "timestamp without time zone | 9999-12-31 23:59:59.9999999 | Times were rounded up",
        "timestamp with time zone | 2024-06-01 12:00:00 IST | The letters of a time zone",
        "timestamp with time zone | Tue Mar 05 14:15:16 CST 2024 | The letters of a time zone",
        "timestamp with time zone | 2024-06-01 12:00:00 UTC+2 | In UTC+2, Postgres takes the sign",
        "time without time zone | 1:58⏎1:58.3 | 1:58 was read as hours and minutes",
        "interval | 1:58⏎1:58.3 | 1:58 was read as hours and minutes",
        "interval | 1500 | Numbers without a unit",
        "integer | 0x1F | Numbers in another base",
        "numeric | 1.23457E+11 | Numbers such as 1.23457E+11",
        "integer | 2024_01 | Numbers in another base",
        "integer | 2024_1 | Numbers in another base",
        "numeric(10,2) | 1_000 | Numbers in another base",
        "double precision | 0x1F | Numbers in another base",
        "numeric | NaN | NaN and infinity",
        "real | -inf | NaN and infinity",
        "money | \"1234,50\" | A comma in an amount of money",
        "bytea | 48656C6C6F | Bytes written in hexadecimal without",
        "bytea | 0x48656C6C6F | Bytes written in hexadecimal without",
        "bytea | AP8= | Bytes written in hexadecimal without",
        "bytea | \\x00AB⏎hello | Bytes such as \\x00AB",
      })
  void warns(String type, String values, String words) {
    List<Warning> warnings = scan(type, values).warnings();

    assertThat(warnings).singleElement();
    assertThat(warnings.get(0).warning()).startsWith(words);
    assertThat(warnings.get(0).line()).isEqualTo(values.startsWith("\"line 1") ? 3 : 2);
    assertThat(warnings.get(0).column()).isEqualTo("c");
    assertThat(warnings.get(0).count()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "text | 2.34601E-20⏎5743e5⏎ABCE+20",
        "text | \"= 5\"",
        "text | Jürgen⏎SÃO PAULO⏎São⏎Größe⏎日本",
        "text | C:\\data\\new⏎C:\\\\data",
        "text | \\d+\\\\.\\d*",
        "text | a\\nb",
        "text | \"{\"\"a\"\": \"\"b\\\\n\"\"}\"",
        "text | []\\\\",
        "text | \"line 1⏎line 2\"",
        "date | 2024-03-05⏎20240305⏎infinity⏎\"Mar 5, 2024\"⏎5-Mar-2024⏎2024/03/05⏎0101-01-01⏎2024-06-01 00:00:00⏎2024-06-01T00:00:00.000+02:00⏎2024-06-01 00:00⏎2024-06-01+02:00",
        "date | 13/6/2024 12:00:00 AM",
        "timestamp without time zone | 2024-06-01T12:00:00Z⏎2024-06-01 12:00:00+00⏎2024-06-01 12:00:00.123456⏎2024-06-01⏎2024-06-01 12:00 PM⏎0044-03-15 12:00:00 BC⏎2024-06-01 12:00:00.9999999⏎Sat Jun  1 12:00:00 2024⏎20240601T120000Z",
        "timestamp with time zone | 2024-06-01T12:00:00Z⏎2024-06-01 12:00:00+02⏎2024-06-01 12:00:00.123 +0200⏎2024-06-01 12:00 UTC⏎2024-06-01 12:00:00 GMT⏎2024-06-01 12:00 Europe/Berlin⏎2024-06-01⏎Sat Jun  1 12:00:00 2024⏎20240601T120000+0200",
        "time without time zone | 1:58⏎12:00⏎10:00:00Z⏎10:00+00⏎10:00 PM⏎10:00:00.123",
        "time with time zone | 10:00:00+02",
        "interval | 1:58⏎1 day⏎PT5M⏎1500 ms⏎0⏎0.0",
        "interval minute to second | 1:58⏎1:58.3",
        "integer | 0⏎10⏎-5⏎1000",
        "numeric | 0e0⏎0.5⏎1E5⏎-1.5⏎1E+10⏎1.5E+20⏎1.23457e+11",
        "double precision | 1.23457E+11",
        "money | \"$1,234.50\"⏎\"1,234\"⏎5",
        "bytea | \\x48656C6C6F⏎\\x00AB",
        "bytea | hello world⏎abc\\000",
        "json | NULL⏎null",
      })
  void doesNotWarn(String type, String values) {
    assertThat(scan(type, values).warnings()).isEmpty();
    assertThat(scan(type, values).faults()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "date | today | a word for the day of the load",
        "date | \"Yesterday\" | a word for the day of the load",
        "timestamp with time zone | tomorrow 10:00 | a word for the day of the load",
        "time without time zone | NOW | a word for the day of the load",
        "date | 05.03.2024 | a date with dots",
        "timestamp with time zone | Tue Mar 05 2024 14:15:16 GMT+0100 | an offset such as GMT+0100",
        "integer | \\N | \\N, which would be a text",
      })
  void refuses(String type, String values, String words) {
    List<Fault> faults = scan(type, values).faults();

    assertThat(faults).singleElement();
    assertThat(faults.get(0).reason()).startsWith(words);
    assertThat(faults.get(0).line()).hasValue(2);
    assertThat(faults.get(0).column()).contains("c");
  }

  @Test
  void knowsWhatTheVersionReads() {
    version = 15;

    assertThat(scan("integer", "0x1F").warnings()).isEmpty();
  }

  @Test
  void knowsThatABackslashEscapes() {
    escape = '\\';

    assertThat(scan("text", "\"C:\\\\data\\n\"").warnings()).isEmpty();
  }

  @Test
  void warnsOfControlCharactersBeyondAscii() {
    encoding = "LATIN1";
    charset = Charset.forName("ISO-8859-1");

    assertThat(scan("text", "It\u0092s\n\u00e9").warnings())
        .singleElement()
        .extracting(Warning::warning)
        .asString()
        .endsWith("The operator sets CSV_ENCODING=WIN1252.");
    assertThat(scan("text", "\u00e9\u00a0").warnings()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "text | ----⏎A1  | 2 | The line under the header has nothing but dashes",
        "text | a⏎(1 rows affected) | 3 | The last line, (... rows affected)",
        "text | a⏎ | 3 | The last line is blank",
      })
  void warnsOfLinesThatAreNoRows(String type, String values, long line, String words) {
    List<Warning> warnings = scan(type, values).warnings();

    assertThat(warnings).singleElement();
    assertThat(warnings.get(0).warning()).startsWith(words);
    assertThat(warnings.get(0).line()).isEqualTo(line);
  }

  @Test
  void warnsOfTypesUnderTheHeader() {
    assertThat(rows("\"Int32\",\"Nullable(String)\"\n1,a\n").warnings())
        .singleElement()
        .extracting(Warning::warning)
        .asString()
        .startsWith("The line under the header has names of types");
    assertThat(rows("1,String\n2,-\n").warnings()).isEmpty();
  }

  private ScanResult rows(String rows) {
    return Scans.scan(
        ("a,b\n" + rows).getBytes(charset), format(), Scans.columns(17, 2), new Random(1));
  }

  private ScanResult scan(String type, String values) {
    ScanTarget target =
        new ScanTarget(version, List.of(new ScanTarget.Field("c", type)), true, false);
    byte[] file = ("c\n" + values.replace("⏎", "\n") + "\n").getBytes(charset);
    return Scans.scan(file, format(), target, new Random(values.length()));
  }

  private CsvFormat format() {
    return new CsvFormat(
        Header.MATCH,
        ',',
        '"',
        true,
        escape,
        "",
        encoding,
        charset,
        false,
        Optional.empty(),
        Optional.empty());
  }
}
