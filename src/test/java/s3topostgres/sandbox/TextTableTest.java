package s3topostgres.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextTableTest {
  @Test
  void alignsColumns() {
    assertThat(
            TextTable.lines(
                List.of(
                    List.of("id", "name"),
                    List.of("1", "Zoë \uD83D\uDE00"),
                    Arrays.asList("100", null),
                    List.of("2", "two\nlines"),
                    List.of("3", "x".repeat(41)))))
        .containsExactly(
            "id  | name",
            "----+-----------------------------------------",
            "1   | Zoë \uD83D\uDE00",
            "100 | NULL",
            "2   | two lines",
            "3   | " + "x".repeat(39) + "…");
  }
}
