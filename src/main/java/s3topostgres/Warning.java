package s3topostgres;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Something in a file that was loaded, but probably not as it was meant. It holds no value of the
 * file.
 *
 * @param part the first file that has it, where several are loaded as one; null for one file
 * @param line the physical line of the first such value, from 1, the header counts; null where it
 *     is not known
 * @param column the column of the target table; null where no single one is meant
 * @param count how many values, or rows, there are
 * @param warning whole sentences: what was found, and what to do
 */
public record Warning(String part, Long line, String column, long count, String warning) {

  /** A warning about a file that is loaded alone. */
  public Warning(Long line, String column, long count, String warning) {
    this(null, line, column, count, warning);
  }

  /** Makes one warning of those of several files that say the same of a column. */
  public static List<Warning> together(Stream<Warning> warnings) {
    Map<List<String>, Warning> first = new LinkedHashMap<>();
    warnings.forEach(
        found ->
            first.merge(
                Arrays.asList(found.column, found.warning),
                found,
                (one, other) ->
                    new Warning(
                        one.part, one.line, one.column, one.count + other.count, one.warning)));
    return List.copyOf(first.values());
  }

  /** Names the file in a copy of the warning. */
  public Warning of(Optional<String> part) {
    return new Warning(part.orElse(null), line, column, count, warning);
  }
}
