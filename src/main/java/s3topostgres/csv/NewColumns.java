package s3topostgres.csv;

import java.util.List;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/** Proposes names for the columns of a table for a file. */
final class NewColumns {
  /** Matches values that are no names: numbers, dates, times, addresses. */
  private static final Pattern VALUE =
      Pattern.compile("[-+]?\\d[\\d.,:/ TZ+-]*|.*@.*|[0-9a-f-]{36}");

  private NewColumns() {}

  /**
   * Proposes names that {@link ColumnMatch} finds again.
   *
   * @param header the fields of the first line
   * @throws LoadException {@code HEADER_MISMATCH} when a name is missing or repeated, or half of
   *     the fields look like values, which are not shown
   */
  static List<String> names(List<String> header) {
    List<String> names = header.stream().map(ColumnMatch.LENIENT).toList();
    for (int i = 0; i < names.size(); i++) {
      int first = names.indexOf(names.get(i));
      if (names.get(i).replace("_", "").isEmpty() || first < i) {
        throw ErrorCode.HEADER_MISMATCH.failure(
            "field %d of the first line has %s"
                .formatted(i + 1, first < i ? "the name of field " + (first + 1) : "no name"),
            "Give each field of the first line a name of its own.");
      }
    }
    long values = header.stream().filter(name -> VALUE.matcher(name.strip()).matches()).count();
    if (values * 2 >= header.size()) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the first line looks like values, not like names of columns",
          "Put a line with names first. For files without one, the operator sets CSV_HEADER=none.");
    }
    return names;
  }
}
