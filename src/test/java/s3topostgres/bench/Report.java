package s3topostgres.bench;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The benchmarks' tables, in Markdown. */
final class Report {
  private final PrintStream out;

  Report(PrintStream out) {
    this.out = out;
  }

  /** The head of a table of {@link #compared}. */
  void compare(String title) {
    table(title, "figure", "ours, s", "CPU, s", "reference", "its figure, s", "CPU, s", "ratio");
  }

  /** One figure of ours beside that of a reference. */
  void compared(String figure, Series ours, String reference, Series its) {
    row(
        figure,
        ours.spread(),
        ours.cpu(),
        reference,
        its.spread(),
        its.cpu(),
        "%.2f".formatted(ours.median() / its.median()));
  }

  void table(String title, String... columns) {
    out.printf("%n%s%n%n", title);
    row(columns);
    row(Arrays.stream(columns).map(column -> "---").toArray(String[]::new));
  }

  void row(String... cells) {
    out.println(List.of(cells).stream().collect(Collectors.joining(" | ", "| ", " |")));
  }

  void line(String line) {
    out.println(line);
  }
}
