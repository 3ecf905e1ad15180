package s3topostgres.load;

import static java.util.stream.Collectors.joining;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Spelling;
import s3topostgres.config.CsvFormat;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Finds the column that each field of a header names: by its exact name first, then whatever the
 * case and the blanks around it, then with blanks and punctuation taken for underscores.
 */
final class ColumnMatch {
  /** Postgres cuts longer names, so a header may have a column's name from before the cut. */
  private static final int LONGEST_NAME_BYTES = 63;

  private static final int NEAR = 3;
  private static final Pattern NO_LETTER_OR_DIGIT = Pattern.compile("[^\\p{L}\\p{N}]+");
  private static final String NOT_DECODED = "\ufffd";

  private static final List<UnaryOperator<String>> FORMS =
      List.of(
          ColumnMatch::cut,
          name -> cut(name.strip()).toLowerCase(Locale.ROOT),
          name ->
              NO_LETTER_OR_DIGIT
                  .matcher(cut(name.strip()).toLowerCase(Locale.ROOT))
                  .replaceAll("_"));

  private final List<String> header;
  private final TargetTable table;
  private final Column[] matched;
  private final Set<String> problems = new LinkedHashSet<>();

  private ColumnMatch(List<String> header, TargetTable table) {
    this.header = header;
    this.table = table;
    this.matched = new Column[header.size()];
  }

  /**
   * @param header the fields of the header line
   * @return the columns in the order of the header
   * @throws LoadException {@code HEADER_MISMATCH} with everything that does not fit
   */
  static List<Column> match(List<String> header, CsvFormat format, TargetTable table) {
    ColumnMatch match = new ColumnMatch(header, table);
    FORMS.forEach(match::matchBy);
    match.refuseOtherDelimiter(format);
    match.refuseWhatDoesNotFit();
    return List.of(match.matched);
  }

  private void matchBy(UnaryOperator<String> form) {
    for (int i = 0; i < matched.length; i++) {
      String name = form.apply(header.get(i));
      List<Column> found =
          table.columns().stream()
              .filter(column -> form.apply(column.name()).equals(name))
              .filter(column -> !isMatched(column))
              .toList();
      if (matched[i] == null && found.size() == 1) {
        matched[i] = found.get(0);
      }
    }
  }

  private boolean isMatched(Column column) {
    return Arrays.asList(matched).contains(column);
  }

  private void refuseOtherDelimiter(CsvFormat format) {
    if (header.size() == 1 && matched[0] == null && table.columns().size() > 1) {
      for (char delimiter : new char[] {';', '\t', '|', ','}) {
        if (header.get(0).indexOf(delimiter) >= 0) {
          throw mismatch(
              "the first line looks delimited by %s, and CSV_DELIMITER is %s"
                  .formatted(shown(delimiter), shown(format.delimiter())),
              "Set CSV_DELIMITER=%s, or send the file delimited by %s."
                  .formatted(shown(delimiter), shown(format.delimiter())));
        }
      }
    }
  }

  private void refuseWhatDoesNotFit() {
    if (IntStream.range(0, matched.length).allMatch(i -> matched[i] == null)) {
      // The line may be no header at all but somebody's data, so nothing of it is shown.
      problems.add("none of its %d fields names a column".formatted(matched.length));
    } else {
      for (int i = 0; i < matched.length; i++) {
        checkField(i);
      }
    }
    table.columns().stream()
        .filter(column -> column.required() && !column.generated() && !isMatched(column))
        .forEach(
            column -> problems.add("column %s is required and missing".formatted(column.name())));
    if (!problems.isEmpty()) {
      throw mismatch(
          "the first line does not fit the table: " + String.join("; ", problems),
          "%s has the columns %s. Correct the first line, or set CSV_HEADER, CSV_DELIMITER and CSV_ENCODING to what the file has."
              .formatted(table.name(), names().stream().collect(joining(", "))));
    }
  }

  private void checkField(int i) {
    String name = header.get(i);
    if (matched[i] == null) {
      problems.add(unknown(i, name));
    } else if (matched[i].generated() || matched[i].identityAlways()) {
      problems.add("column %s is filled by the database".formatted(matched[i].name()));
    }
  }

  private String unknown(int i, String name) {
    if (name.isBlank()) {
      return "field %d has no name".formatted(i + 1);
    }
    if (name.contains(NOT_DECODED)) {
      return "field %d is not in the encoding that CSV_ENCODING names".formatted(i + 1);
    }
    UnaryOperator<String> lenient = FORMS.get(FORMS.size() - 1);
    List<String> meant =
        names().stream()
            .filter(column -> lenient.apply(column).equals(lenient.apply(name)))
            .toList();
    if (meant.size() > 1) {
      return "%s may be any of %s".formatted(shown(name), String.join(", ", meant));
    }
    if (meant.size() == 1) {
      return "%s is named twice".formatted(meant.get(0));
    }
    return "%s is no column%s"
        .formatted(
            shown(name),
            Spelling.nearest(lenient.apply(name), names(), NEAR)
                .map(near -> " (did you mean %s?)".formatted(near))
                .orElse(""));
  }

  private List<String> names() {
    return table.columns().stream().map(Column::name).toList();
  }

  private static LoadException mismatch(String why, String whatToDo) {
    return new LoadException(ErrorCode.HEADER_MISMATCH, why, whatToDo);
  }

  /** A delimiter as the setting has it. */
  static String shown(char delimiter) {
    return delimiter == '\t' ? "tab" : String.valueOf(delimiter);
  }

  private static String shown(String name) {
    return '"' + cut(name.replaceAll("\\p{Cntrl}", " ").strip()) + '"';
  }

  /** As much of a name as Postgres keeps. */
  private static String cut(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= LONGEST_NAME_BYTES) {
      return name;
    }
    int end = LONGEST_NAME_BYTES;
    while ((bytes[end] & 0xc0) == 0x80) {
      end--;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }
}
