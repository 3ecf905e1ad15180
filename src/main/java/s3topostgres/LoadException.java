package s3topostgres;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A load that failed, described for the person who has to act. The message is {@code CODE:
 * s3://bucket/key, line N, column C: why. What to do.}; what is not known is left out.
 *
 * <p>Postgres quotes cells and whole lines in its errors, so none of its exceptions is ever a cause
 * of this one: every word of the message is ours.
 */
public final class LoadException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * What is known of a failure.
   *
   * @param object the object as {@code s3://bucket/key}; empty while it is not known
   * @param line the physical line of the file, 1 is the first, the header counts
   * @param column the column of the target table
   * @param sqlState the five characters that Postgres gave
   * @param why one clause without a full stop
   * @param whatToDo one or more whole sentences
   * @param faults what the file has that the table does not accept, the first of them
   */
  private record Failure(
      ErrorCode code,
      Optional<String> object,
      OptionalLong line,
      Optional<String> column,
      Optional<String> sqlState,
      String why,
      String whatToDo,
      List<Fault> faults) {

    String message() {
      String place =
          Stream.concat(
                  object.stream(),
                  // The places of several stand in the words.
                  faults.size() > 1 ? Stream.empty() : Fault.place(line, column))
              .collect(Collectors.joining(", "));
      return code + ": " + (place.isEmpty() ? "" : place + ": ") + why + ". " + whatToDo;
    }
  }

  private final transient Failure failure;

  /**
   * @param why one clause without a full stop
   * @param whatToDo one or more whole sentences
   */
  public LoadException(ErrorCode code, String why, String whatToDo) {
    this(
        new Failure(
            code,
            Optional.empty(),
            OptionalLong.empty(),
            Optional.empty(),
            Optional.empty(),
            why,
            whatToDo,
            List.of()));
  }

  private LoadException(Failure failure) {
    super(failure.message());
    this.failure = failure;
  }

  /** The same failure with the object it is about, given as {@code s3://bucket/key}. */
  public LoadException about(String object) {
    return with(
        new Failure(
            failure.code,
            Optional.of(object),
            failure.line,
            failure.column,
            failure.sqlState,
            failure.why,
            failure.whatToDo,
            failure.faults));
  }

  /** The same failure with its place in the file. */
  public LoadException at(OptionalLong line, Optional<String> column) {
    return with(
        new Failure(
            failure.code,
            failure.object,
            line,
            column,
            failure.sqlState,
            failure.why,
            failure.whatToDo,
            failure.faults));
  }

  /** The same failure with the SQLSTATE that Postgres gave; may be null. */
  public LoadException sqlState(String sqlState) {
    return with(
        new Failure(
            failure.code,
            failure.object,
            failure.line,
            failure.column,
            Optional.ofNullable(sqlState),
            failure.why,
            failure.whatToDo,
            failure.faults));
  }

  /**
   * The same failure with what the file has that the table does not accept. The first is its place.
   *
   * @param why names them all, if there are several
   * @param faults at least one, in the order of the file; perhaps only the first of them
   */
  public LoadException listing(String why, String whatToDo, List<Fault> faults) {
    Fault first = faults.get(0);
    return with(
        new Failure(
            failure.code,
            failure.object,
            first.line(),
            first.column(),
            failure.sqlState,
            why,
            whatToDo,
            faults));
  }

  private LoadException with(Failure changed) {
    LoadException copy = new LoadException(changed);
    copy.setStackTrace(getStackTrace());
    for (Throwable suppressed : getSuppressed()) {
      copy.addSuppressed(suppressed);
    }
    return copy;
  }

  /**
   * Reports failures after which the work went on.
   *
   * @throws LoadException the first one, if there is any, with the others attached
   */
  public static void throwFirst(List<LoadException> failures) {
    if (!failures.isEmpty()) {
      LoadException first = failures.get(0);
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
  }

  public ErrorCode code() {
    return failure.code;
  }

  /** One clause without a full stop. */
  public String why() {
    return failure.why;
  }

  /** One or more whole sentences. */
  public String whatToDo() {
    return failure.whatToDo;
  }

  /**
   * What the file has that the table does not accept, the first of them; empty for other failures.
   */
  public List<Fault> faults() {
    return failure.faults.isEmpty() && failure.code == ErrorCode.ROW_REJECTED
        ? List.of(new Fault(failure.line, failure.column, failure.why))
        : failure.faults;
  }

  public OptionalLong line() {
    return failure.line;
  }

  public Optional<String> column() {
    return failure.column;
  }

  public Optional<String> sqlState() {
    return failure.sqlState;
  }
}
