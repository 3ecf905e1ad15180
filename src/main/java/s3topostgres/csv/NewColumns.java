package s3topostgres.csv;

import java.util.List;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/** Names for the columns of a table that a file is to have. */
final class NewColumns {
  /** A number, a date, a time, an address: what a first line has that is none of names. */
  private static final Pattern VALUE =
      Pattern.compile("[-+]?\\d[\\d.,:/ TZ+-]*|.*@.*|[0-9a-f-]{36}");

  private NewColumns() {}

  /**
   * The names as {@link ColumnMatch} finds them again.
   *
   * @param header the fields of the first line
   * @throws LoadException {@code HEADER_MISMATCH} when a name is missing or repeated, or half of
   *     them look like values, which are not to be shown
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
