package s3topostgres.scan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import s3topostgres.Fault;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;

/** What is told of a file, and what to do about it. */
class FileScanTest {
  private static final int VERSION = 17;

  private char delimiter = ',';
  private char quote = '"';
  private char escape = '"';
  private boolean isQuoted = true;
  private String nullText = "";
  private String encoding = "UTF8";
  private Charset charset = StandardCharsets.UTF_8;
  private int columns = 3;

  @Test
  void namesTheEscapeThatSparkWrites() {
    ScanResult result =
        scan("1,\"27\\\" screen\",199\n2,mouse,19\n3,desk,89\n4,\"24\\\" screen\",149\n");

    assertThat(told(result))
        .containsExactly(
            "line 2: text behind the quote that closes a field",
            "line 5: text behind the quote that closes a field");
    assertThat(result.whatToDo())
        .startsWith(
            "The quotes of this file are right with CSV_ESCAPE=\\: the operator sets it. Correct");
    assertThat(result.records()).isEqualTo(4);
    assertThat(result.malformed()).isEqualTo(2);
  }

  @Test
  void namesTheEscapeWhereItHidesInADoubledQuoteOrBeforeADelimiter() {
    assertThat(scan("1,\"27\\\"\",199\n2,\"mouse\",19\n").whatToDo())
        .contains("with CSV_ESCAPE=\\:");
    assertThat(scan("1,\"27\\\", new\",199\n2,\"mouse\",19\n").whatToDo())
        .contains("with CSV_ESCAPE=\\:");
    assertThat(scan("1,\"27\\\"\",199\n2,mouse,19\n").whatToDo()).contains("with CSV_ESCAPE=\\:");
  }

  @Test
  void doesNotNameTheEscapeWhereItIsNotTheRemedy() {
    List<String> files =
        List.of(
            // pandas with escapechar: the field does not begin with a quote.
            "1,27\\\" screen,199\n",
            // DataFusion escapes the quote, but not the backslash.
            "1,\"C:\\data\\\",a\n2,\"D:\\\",b\n3,\"5\\\" pipe\",c\n",
            // OUTFILE without an escape.
            "1,\"27\" screen\",199\n",
            // Quotes are doubled in one line and escaped in another.
            "1,\"5\"\" pipe\",1\n2,\"5\\\" pipe\",1\n",
            "1,\"5\\\" pipe\",1\n2,\"5\"\" pipe\",1\n");

    assertThat(files)
        .allSatisfy(
            file ->
                assertThat(scan(file).whatToDo())
                    .startsWith(
                        "No setting reads these lines as they are: put a field with a quote into"
                            + " quotes, and double it inside. Correct"));
  }

  @Test
  void namesTheDefaultEscapeWhereAnotherIsSet() {
    escape = '\\';

    assertThat(scan("1,\"5\"\" pipe\",1\n2,\"a\",2\n").whatToDo())
        .startsWith(
            "The quotes of this file are right without CSV_ESCAPE: the operator removes it.");
    assertThat(scan("1,\"a\\\"b\",1\n2,\"5\"\" pipe\",1\n").whatToDo())
        .startsWith("No setting reads these lines")
        .contains("write \\ before it inside");
    // cqlsh: unquoted beside quoted.
    assertThat(told(scan("1,say \\\"hi\\\" twice,x\n2,\"a \\\"b\\\", c\",y\n")))
        .containsExactly(
            "line 2: a quote behind a backslash, in a field that does not begin with a quote");
  }

  @Test
  void namesNoQuoteWhereNoFieldIsInQuotes() {
    ScanResult result = scan("1,27\" screen,199\n2,mouse,19\n3,24\" screen,149\n");

    assertThat(told(result))
        .containsExactly(
            "line 2: a quote inside a field that does not begin with one",
            "line 4: a quote inside a field that does not begin with one");
    assertThat(result.whatToDo())
        .contains("as no field of this file is in quotes, the operator sets CSV_QUOTE=none.");
  }

  @Test
  void doesNotNameNoQuoteWhereAFieldIsInQuotesOrTheFieldsWouldBeOthers() {
    assertThat(scan("1,27\" screen,199\n2,\"mouse\",19\n").whatToDo())
        .doesNotContain("CSV_QUOTE=none");
    assertThat(scan("1,say \"a,b\",199\n").whatToDo()).doesNotContain("CSV_QUOTE=none");
  }

  @Test
  void namesTheLineOnWhichAQuoteOpensThatIsNeverClosed() {
    ScanResult result = scan("1,a,\n2,\"b,\n3,c,\n4,d\n");

    assertThat(told(result))
        .containsExactly("line 3: a quote that is never closed", "line 5: 2 fields instead of 3");
    assertThat(result.whatToDo()).contains("put a field with a quote into quotes");
    assertThat(scan("1,a,\n2,\"b,\n3,c,\n").whatToDo())
        .startsWith("Close the quote, or send the whole file if it was cut off.");
  }

  @Test
  void looksAtTheLinesBehindAQuoteThatIsNeverClosedHoweverManyTheyAre() {
    String rest =
        IntStream.range(0, 30_000).mapToObj(i -> i + ",x,\n").collect(Collectors.joining());

    ScanResult result = scan("1,a,\n2,\"b,\n" + rest + "4,d\n");

    assertThat(told(result))
        .containsExactly(
            "line 3: a quote that is never closed", "line 30004: 2 fields instead of 3");
    assertThat(result.records()).isEqualTo(30_003);
  }

  @Test
  void tellsTheLineOfTheTextAndThatOfTheField() {
    assertThat(told(scan("1,\"a\nb\nc\" d,2\n")))
        .containsExactly(
            "line 4: text behind the quote that closes a field (the field begins on line 2)");
  }

  @Test
  void takesSpacesAroundQuotes() {
    assertThat(told(scan("1, \"a, b\" ,2\n 1 ,\"x\"  ,\t\"y\"\n"))).isEmpty();
  }

  @Test
  void knowsTheFormOfSpreadsheetsForLeadingZeros() {
    ScanResult result = scan("1,=\"00123\",2\n");

    assertThat(told(result)).containsExactly("line 2: a value written as a formula, =\"...\"");
    assertThat(result.whatToDo()).startsWith("Write a value without = before it. Correct");
  }

  @Test
  void tellsEveryLineWithTooManyOrTooFewFields() {
    ScanResult result = scan("1,2\n1,2,3,\n\n\"a\nb\",c\n1,2,3\n");

    assertThat(told(result))
        .containsExactly(
            "line 2: 2 fields instead of 3",
            "line 3: 4 fields instead of 3",
            "line 4: the line is blank",
            "line 5: 2 fields instead of 3");
    assertThat(result.whatToDo())
        .startsWith(
            "Put a field with the delimiter (,) or a line break into quotes. Delete blank lines. Correct");
  }

  @Test
  void keepsAThousandFaultsAndCountsAll() {
    ScanResult result = scan("x\n".repeat(5000));

    assertThat(result.count()).isEqualTo(5000);
    assertThat(result.faults()).hasSize(1000);
    assertThat(result.faults().get(999).line()).hasValue(1001);
  }

  @Test
  void tellsEveryLineWithBytesOfAnotherEncoding() {
    byte[] file = "a,b,c\nJürgen,1,2\nAna,1,2\nÅsa,1,2\n".getBytes(StandardCharsets.ISO_8859_1);

    ScanResult result = scan(file);

    assertThat(told(result))
        .containsExactly("line 2: bytes that are not UTF8", "line 4: bytes that are not UTF8");
    assertThat(result.whatToDo())
        .startsWith(
            "Save the file as UTF-8, or the operator sets CSV_ENCODING to what it is in, such as"
                + " WIN1252.");
  }

  @Test
  void tellsNulBytesAndCtrlZ() {
    ScanResult result = scan("1,\0,2\n\u001a");

    assertThat(told(result))
        .containsExactly(
            "line 2: a NUL byte, which Postgres does not accept",
            "line 3: only a Ctrl-Z, with which old programs end a file");
    assertThat(result.whatToDo())
        .startsWith("Leave out NUL bytes; bcp writes an empty text so. Delete the line with the");
  }

  @Test
  void tellsTheFirstLineThatEndsDifferently() {
    assertThat(told(scan("1,2,3\r\n1,2,3\n1,2,3\r\n")))
        .containsExactly(
            "line 2: the line ends differently from the lines before it (LF, CR or both)");
  }

  @Test
  void tellsTheColumnOfANullMark() {
    ScanResult result = scan("1,\\N,3\n\"\\N\",\\NN,\\N\n");

    assertThat(told(result))
        .containsExactly(
            "line 2, column c2: \\N, which would be a text",
            "line 3, column c3: \\N, which would be a text");
    assertThat(result.whatToDo()).contains("the operator sets CSV_NULL=\\N.");
    assertThat(result.malformed()).isZero();
    nullText = "\\N";
    assertThat(told(scan("1,\\N,3\n"))).isEmpty();
  }

  @Test
  void tellsTheLineAtWhichPostgresWouldEnd() {
    columns = 1;

    assertThat(told(scan("a\n\\.\nb\n")))
        .containsExactly("line 3: only \\., at which this version of Postgres would end the file");
    assertThat(told(scan("a\n\"\\.\"\n\\.x\n\\."))).isEmpty();
    FileScan since18 = new FileScan(format(), Scans.columns(18, 1));
    byte[] file = bytes("h\n\\.\nb\n");
    since18.accept(file, 0, file.length);
    since18.end();
    assertThat(since18.hasFaults()).isFalse();
  }

  @Test
  void takesAQuoteForACharacterLikeAnyOther() {
    isQuoted = false;
    quote = '\u0006';
    escape = quote;

    assertThat(told(scan("1,27\" screen,\"x\n2,\"a\",b\n"))).isEmpty();
    ScanResult result = scan("1,a\u0006b,c\n1,2\n");
    assertThat(told(result))
        .containsExactly("line 2: the control character U+0006", "line 3: 2 fields instead of 3");
    assertThat(result.whatToDo())
        .contains(
            "With CSV_QUOTE=none, no field can have the delimiter (,) or a line break.",
            "With CSV_QUOTE=none, a file cannot have the character U+0006.");
  }

  @Test
  void looksAtTheHeaderForWhatWouldHideLines() {
    assertThat(told(scan(bytes("id,size (\"),x\n1,2,3\n"))))
        .containsExactly("line 1: a quote inside a field that does not begin with one");
    assertThat(told(scan(bytes("junk of another number,\\N\n1,2,3\n")))).isEmpty();
  }

  @Test
  void countsLinesAsAnEditorDoes() {
    assertThat(told(scan("\"a\r\nb\rc\nd\",2,3\nx\n")))
        .containsExactly("line 6: 1 field instead of 3");
  }

  @Test
  void stepsOverWholeCharacters() {
    encoding = "SJIS";
    charset = Charset.forName("Shift_JIS");
    delimiter = '|';
    // The second byte of the first is a bar, that of the other a backslash.
    byte[] file = "a|b|c\nポ|\"ソ\"|1\n".getBytes(charset);

    assertThat(told(scan(file))).isEmpty();
  }

  @Test
  void givesTheLinesOfTheWellFormedRecords() throws IOException {
    String file = "h,h,h\n1\n3,x,\n\"4\n\"\n6,x,\n7,\"\n\",\n9\n10,x,\n11";
    MalformedRecords places = scan(bytes(file)).places();
    String good = new String(places.without(new ByteArrayInputStream(bytes(file))).readAllBytes());

    assertThat(good).isEqualTo("h,h,h\n3,x,\n6,x,\n7,\"\n\",\n10,x,\n");
    assertThat(IntStream.rangeClosed(1, 4).mapToObj(places::linesBefore))
        .containsExactly(1L, 3L, 3L, 4L);
  }

  /** The result for a header and records. */
  private ScanResult scan(String records) {
    return scan(bytes("a,b,c\n" + records));
  }

  private ScanResult scan(byte[] file) {
    return Scans.scan(file, format(), VERSION, columns, new Random(file.length));
  }

  private CsvFormat format() {
    return new CsvFormat(
        Header.SKIP,
        delimiter,
        quote,
        isQuoted,
        escape,
        nullText,
        encoding,
        charset,
        false,
        Optional.empty(),
        Optional.empty());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> told(ScanResult result) {
    assertThat(result.count()).isEqualTo(result.faults().size());
    return result.faults().stream().map(Fault::toString).toList();
  }
}
