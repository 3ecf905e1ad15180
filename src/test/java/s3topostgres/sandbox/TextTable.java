package s3topostgres.sandbox;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Rows of text as an aligned table, each cell on one line. */
final class TextTable {
  private static final int WIDEST = 40;

  private TextTable() {}

  /**
   * The table's lines.
   *
   * @param rows the first one holds the columns' names; a {@code null} is shown as {@code NULL}
   */
  static List<String> lines(List<List<String>> rows) {
    int[] widths =
        IntStream.range(0, rows.get(0).size())
            .map(
                column ->
                    rows.stream().mapToInt(row -> width(cell(row.get(column)))).max().orElse(0))
            .toArray();
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      lines.add(
          IntStream.range(0, widths.length)
              .mapToObj(column -> padded(cell(row.get(column)), widths[column]))
              .collect(joining(" | "))
              .stripTrailing());
    }
    lines.add(1, IntStream.of(widths).mapToObj("-"::repeat).collect(joining("-+-")));
    return lines;
  }

  private static String cell(String value) {
    String text = value == null ? "NULL" : value.replaceAll("\\p{Cntrl}", " ");
    return width(text) <= WIDEST
        ? text
        : text.substring(0, text.offsetByCodePoints(0, WIDEST - 1)) + "…";
  }

  private static String padded(String text, int width) {
    return text + " ".repeat(width - width(text));
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }
}
