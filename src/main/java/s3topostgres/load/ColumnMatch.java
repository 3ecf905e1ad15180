package s3topostgres.load;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/** Finds the column that each field of a header names. */
final class ColumnMatch {
  private static final Pattern NO_LETTER_OR_DIGIT = Pattern.compile("[^\\p{L}\\p{N}]+");

  /** From the strictest way of comparing names to the most lenient. */
  private static final List<UnaryOperator<String>> FORMS =
      List.of(
          name -> name,
          name -> name.strip().toLowerCase(Locale.ROOT),
          name -> NO_LETTER_OR_DIGIT.matcher(name.toLowerCase(Locale.ROOT)).replaceAll("_"));

  private ColumnMatch() {}

  /**
   * @param header the fields of the header line
   * @return the columns in the order of the header
   * @throws LoadException {@code HEADER_MISMATCH} with everything that does not fit
   */
  static List<Column> match(List<String> header, TargetTable table) {
    List<Column> matched = new ArrayList<>();
    Set<String> problems = new LinkedHashSet<>();
    for (int i = 0; i < header.size(); i++) {
      String name = header.get(i);
      List<Column> found = find(name, table.columns());
      if (name.isBlank()) {
        problems.add("field %d has no name".formatted(i + 1));
      } else if (found.size() != 1) {
        problems.add("\"%s\" is no column of the table".formatted(shown(name)));
      } else if (matched.contains(found.get(0))) {
        problems.add("column \"%s\" is named twice".formatted(found.get(0).name()));
      } else if (!found.get(0).writable()) {
        problems.add("column \"%s\" is made by the database".formatted(found.get(0).name()));
      } else {
        matched.add(found.get(0));
      }
    }
    if (matched.isEmpty()) {
      // The line may be no header at all but somebody's data, so nothing of it is shown.
      problems.clear();
      problems.add("none of its %d fields names a column of the table".formatted(header.size()));
    }
    table.columns().stream()
        .filter(column -> column.required() && column.writable() && !matched.contains(column))
        .forEach(
            column ->
                problems.add("column \"%s\" is required and missing".formatted(column.name())));
    if (!problems.isEmpty()) {
      throw mismatch(
          String.join("; ", problems),
          "%s has the columns %s. Correct the first line, or set CSV_HEADER and CSV_DELIMITER to what the file has."
              .formatted(
                  table.name(),
                  table.columns().stream().map(Column::name).collect(Collectors.joining(", "))));
    }
    return matched;
  }

  private static List<Column> find(String name, List<Column> columns) {
    for (UnaryOperator<String> form : FORMS) {
      List<Column> found =
          columns.stream()
              .filter(column -> form.apply(column.name()).equals(form.apply(name)))
              .toList();
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  static LoadException mismatch(String why, String whatToDo) {
    return new LoadException(ErrorCode.HEADER_MISMATCH, why, whatToDo);
  }

  private static String shown(String name) {
    String line = name.replaceAll("\\p{Cntrl}", " ").strip();
    return line.length() <= 63 ? line : line.substring(0, 60) + "...";
  }
}
