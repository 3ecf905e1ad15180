package s3topostgres.scan;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import s3topostgres.config.CsvFormat;

class FirstRecordsTest {
  private static final CsvFormat STANDARD = format('"', '"');

  @Test
  void endAtALineBreakOfAnyKind() {
    for (String end : List.of("\n", "\r\n", "\r")) {
      assertThat(read("id,name" + end + "1,x" + end))
          .containsExactly(List.of("id", "name"), List.of("1", "x"));
    }
  }

  @Test
  void endWithTheFileWhenItIsWhole() {
    assertThat(read("id,name\n1,x")).containsExactly(List.of("id", "name"), List.of("1", "x"));
    assertThat(FirstRecords.read(bytes("id,name\n1,x"), false, STANDARD, 2))
        .containsExactly(List.of("id", "name"));
  }

  @Test
  void doNotEndWithTheFileInsideQuotes() {
    assertThat(read("id,name\n1,\"x\n2,y\n")).containsExactly(List.of("id", "name"));
  }

  @Test
  void endAsTheFirstOneDoes() {
    assertThat(read("id\na\rb\r\n")).containsExactly(List.of("id"), List.of("a\rb\r"));
    assertThat(read("id\r\na\nb\r\n")).containsExactly(List.of("id"), List.of("a\nb"));
  }

  @Test
  void keepDelimitersQuotesAndLineBreaksThatAreQuoted() {
    assertThat(read("\"a,b\",\"c\"\"d\",\"e\nf\"\n"))
        .containsExactly(List.of("a,b", "c\"d", "e\nf"));
  }

  @Test
  void letQuotesBeginInsideAField() {
    assertThat(read("a\"b,c\"d,e\n")).containsExactly(List.of("ab,cd", "e"));
  }

  @Test
  void keepEmptyFieldsAndEmptyLines() {
    assertThat(read(",a,\n\n")).containsExactly(List.of("", "a", ""), List.of(""));
  }

  @Test
  void takeTheEscapeOnlyInsideQuotes() {
    assertThat(FirstRecords.read(bytes("a\\b,'c\\'d','e\\\\'\n"), true, format('\'', '\\'), 2))
        .containsExactly(List.of("a\\b", "c'd", "e\\"));
  }

  @Test
  void areNoMoreThanAskedFor() {
    assertThat(FirstRecords.read(bytes("a\nb\nc\n"), true, STANDARD, 2)).hasSize(2);
  }

  private static List<List<String>> read(String file) {
    return FirstRecords.read(bytes(file), true, STANDARD, 2);
  }

  private static byte[] bytes(String file) {
    return file.getBytes(StandardCharsets.UTF_8);
  }

  private static CsvFormat format(char quote, char escape) {
    return new CsvFormat(
        CsvFormat.Header.MATCH,
        ',',
        quote,
        true,
        escape,
        "",
        "UTF8",
        StandardCharsets.UTF_8,
        false,
        Optional.empty(),
        Optional.empty());
  }
}
