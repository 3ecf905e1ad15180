package s3topostgres;

import java.util.Optional;

/**
 * A physical line of a file that is loaded.
 *
 * @param part the file, where several are loaded as one: its object key without the folder of all
 * @param number from 1; the header counts
 */
public record FileLine(Optional<String> part, long number) {

  /** The line for a message: {@code line 3}, {@code line 3 of part-00001.csv}. */
  @Override
  public String toString() {
    return "line " + number + part.map(" of "::concat).orElse("");
  }
}
