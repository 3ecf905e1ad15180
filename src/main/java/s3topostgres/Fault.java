package s3topostgres;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * One thing in a file that the table does not take. It holds no value of the file.
 *
 * @param line the physical line of the file on which the row ends, 1 is the first, the header
 *     counts; empty where Postgres does not tell
 * @param column the column of the target table; empty where the row as a whole is meant
 * @param reason one clause without a full stop: {@code not a whole number}
 */
public record Fault(OptionalLong line, Optional<String> column, String reason) {

  /** For people: {@code line 3, column age: not a whole number}. */
  @Override
  public String toString() {
    return place() + reason;
  }

  private String place() {
    String place =
        (line.isPresent() ? "line " + line.getAsLong() : "")
            + (line.isPresent() && column.isPresent() ? ", " : "")
            + column.map("column "::concat).orElse("");
    return place.isEmpty() ? "" : place + ": ";
  }
}
