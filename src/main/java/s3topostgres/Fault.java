package s3topostgres;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A fault of a file: why a row is refused. It holds no value of the file.
 *
 * @param part the file, where several are loaded as one: its object key without the folder of all
 * @param line the physical line on which the row ends, from 1, the header counts; empty where it is
 *     not known
 * @param column the column of the target table; empty where the row as a whole is meant
 * @param reason one clause without a full stop: {@code not a whole number}
 */
public record Fault(
    Optional<String> part, OptionalLong line, Optional<String> column, String reason) {

  /** A fault of the only file. */
  public Fault(OptionalLong line, Optional<String> column, String reason) {
    this(Optional.empty(), line, column, reason);
  }

  /** Names the file, where several are loaded as one. */
  public Fault of(Optional<String> part) {
    return new Fault(part, line, column, reason);
  }

  /** The fault for a message: {@code line 3, column age: not a whole number}. */
  @Override
  public String toString() {
    String place = place(part, line, column).collect(Collectors.joining(", "));
    return place.isEmpty() ? reason : place + ": " + reason;
  }

  /** The line; null where it is not known. */
  public Long lineOrNull() {
    return line.isPresent() ? line.getAsLong() : null;
  }

  /** The words for a place, some of which may be missing: {@code line 3}, {@code column age}. */
  static Stream<String> place(Optional<String> part, OptionalLong line, Optional<String> column) {
    return Stream.of(
            part.stream(),
            line.stream().mapToObj(number -> "line " + number),
            column.stream().map("column "::concat))
        .flatMap(words -> words);
  }
}
