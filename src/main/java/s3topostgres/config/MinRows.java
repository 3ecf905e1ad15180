package s3topostgres.config;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The least number of rows that a file must have.
 *
 * @param number of rows; with {@code percent}, a percentage of the rows of the table's last load
 */
public record MinRows(long number, boolean percent) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,10})|([1-9]\\d?|100)%");

  static MinRows read(Environment environment) {
    String value = environment.optional("MIN_ROWS").orElse("1");
    Matcher form = FORM.matcher(value);
    if (!form.matches()) {
      environment.problem(
          "MIN_ROWS is \"%s\"; it takes a whole number, or one from 1%% to 100%%".formatted(value));
      return new MinRows(1, false);
    }
    boolean percent = form.group(2) != null;
    return new MinRows(Long.parseLong(form.group(percent ? 2 : 1)), percent);
  }

  /**
   * Computes the number of rows, at least 1 where it is a percentage.
   *
   * @param last rows of the table's last load; empty when there is none
   */
  public long after(OptionalLong last) {
    if (!percent) {
      return number;
    }
    // Rounded up, and never nothing.
    return last.isEmpty() ? 1 : Math.max(1, (last.getAsLong() * number + 99) / 100);
  }
}
