package s3topostgres.config;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many rows must be, or may be.
 *
 * @param number of rows; with {@code percent}, a percentage of others
 */
public record RowLimit(long number, boolean percent) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,10})|([1-9]\\d?|100)%");

  static Optional<RowLimit> read(Environment environment, String name) {
    Optional<String> value = environment.optional(name);
    if (value.isEmpty()) {
      return Optional.empty();
    }
    Matcher form = FORM.matcher(value.get());
    if (!form.matches()) {
      environment.problem(
          "%s is \"%s\"; it takes a whole number, or one from 1%% to 100%%"
              .formatted(name, value.get()));
      return Optional.empty();
    }
    boolean percent = form.group(2) != null;
    return Optional.of(new RowLimit(Long.parseLong(form.group(percent ? 2 : 1)), percent));
  }

  /**
   * Computes the number of rows that must be, at least 1 where it is a percentage.
   *
   * @param last rows of the table's last load; empty when there is none
   */
  public long least(OptionalLong last) {
    if (!percent) {
      return number;
    }
    // Rounded up, and never nothing.
    return last.isEmpty() ? 1 : Math.max(1, (last.getAsLong() * number + 99) / 100);
  }

  /** Computes how many of so many rows may be, rounded down where it is a percentage. */
  public long most(long rows) {
    return percent ? rows * number / 100 : number;
  }
}
