package s3topostgres;

import java.util.Optional;

/**
 * Something in a file that was loaded, but probably not as it was meant. It holds no value of the
 * file.
 *
 * @param part the file that has it, where several are loaded as one; null for one file
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

  /** Names the file in a copy of the warning. */
  public Warning of(Optional<String> part) {
    return new Warning(part.orElse(null), line, column, count, warning);
  }
}
