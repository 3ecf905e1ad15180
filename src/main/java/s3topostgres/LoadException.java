package s3topostgres;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A load that failed, described for the person who has to act. Made by {@link ErrorCode#failure}.
 * The message is {@code CODE: s3://bucket/key, line N, column C: why. What to do.}, with the name
 * of the part before the line where several files are loaded as one; what is not known is left out.
 *
 * <p>Postgres quotes cells and whole lines in its errors, so none of its exceptions is ever a cause
 * of this one: every word of the message is ours.
 */
public final class LoadException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private String why;
  private String whatToDo;
  private Retry retry;
  private transient Optional<String> repeated = Optional.empty();
  private transient Optional<String> object = Optional.empty();
  private transient Optional<String> part = Optional.empty();
  private transient OptionalLong line = OptionalLong.empty();
  private transient Optional<String> column = Optional.empty();
  private transient Optional<String> sqlState = Optional.empty();
  private transient List<Fault> faults = List.of();

  LoadException(ErrorCode code, String why, String whatToDo) {
    this.code = code;
    this.why = why;
    this.whatToDo = whatToDo;
    this.retry = code.retry();
  }

  LoadException(ErrorCode code, String message) {
    this(code, message, "");
    this.repeated = Optional.of(message);
  }

  private LoadException copy() {
    LoadException copy = new LoadException(code, why, whatToDo);
    copy.retry = retry;
    copy.repeated = repeated;
    copy.object = object;
    copy.part = part;
    copy.line = line;
    copy.column = column;
    copy.sqlState = sqlState;
    copy.faults = faults;
    copy.setStackTrace(getStackTrace());
    for (Throwable suppressed : getSuppressed()) {
      copy.addSuppressed(suppressed);
    }
    return copy;
  }

  /** Names the object, given as {@code s3://bucket/key}, in a copy of the failure. */
  public LoadException about(String object) {
    LoadException copy = copy();
    copy.object = Optional.of(object);
    return copy;
  }

  /**
   * Names the place in the file in a copy of the failure.
   *
   * @param line the physical line, 1 is the first, the header counts
   * @param column the column of the target table
   */
  public LoadException at(OptionalLong line, Optional<String> column) {
    LoadException copy = copy();
    copy.line = line;
    copy.column = column;
    return copy;
  }

  /** Names the line, and no column, in a copy of the failure. */
  public LoadException at(long line) {
    return at(OptionalLong.of(line), Optional.empty());
  }

  /** Names the line, and the column if there is one, in a copy of the failure. */
  public LoadException at(FileLine line, Optional<String> column) {
    return at(OptionalLong.of(line.number()), column).ofPart(line.part());
  }

  /** Names the file, where several are loaded as one, in a copy of the failure. */
  public LoadException ofPart(Optional<String> part) {
    LoadException copy = copy();
    copy.part = part;
    return copy;
  }

  /** Adds the SQLSTATE that Postgres gave, which may be null, to a copy of the failure. */
  public LoadException sqlState(String sqlState) {
    LoadException copy = copy();
    copy.sqlState = Optional.ofNullable(sqlState);
    return copy;
  }

  /** Says in a copy of the failure when its upload is tried again. */
  public LoadException retry(Retry retry) {
    LoadException copy = copy();
    copy.retry = retry;
    return copy;
  }

  /** Replaces the advice in a copy of the failure. */
  public LoadException advising(String whatToDo) {
    return faults().isEmpty() ? advised(whatToDo) : listing(why, whatToDo, faults());
  }

  private LoadException advised(String whatToDo) {
    LoadException copy = copy();
    copy.whatToDo = whatToDo;
    return copy;
  }

  /**
   * Lists the file's faults in a copy of the failure. The first is its place.
   *
   * @param why names all faults, if there are several
   * @param faults at least one, in the order of the file; perhaps only the first of them
   */
  public LoadException listing(String why, String whatToDo, List<Fault> faults) {
    LoadException copy = advised(whatToDo);
    copy.why = why;
    copy.part = faults.get(0).part();
    copy.line = faults.get(0).line();
    copy.column = faults.get(0).column();
    copy.faults = faults;
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

  @Override
  public String getMessage() {
    if (repeated.isPresent()) {
      return repeated.get();
    }
    String place =
        Stream.concat(
                object.stream(),
                // The places of several stand in the words.
                faults.size() > 1 ? Stream.empty() : Fault.place(part, line, column))
            .collect(Collectors.joining(", "));
    return code + ": " + (place.isEmpty() ? "" : place + ": ") + why + ". " + whatToDo;
  }

  public ErrorCode code() {
    return code;
  }

  /** Whether an earlier attempt of the same request failed so, and nothing was tried again. */
  public boolean isRepeated() {
    return repeated.isPresent();
  }

  /** When the upload is tried again. */
  public Retry retry() {
    return retry;
  }

  /** One clause without a full stop. */
  public String why() {
    return why;
  }

  /** One or more whole sentences. */
  public String whatToDo() {
    return whatToDo;
  }

  /** The file's faults, or the first of them; empty for other codes than {@code ROW_REJECTED}. */
  public List<Fault> faults() {
    return faults.isEmpty() && code == ErrorCode.ROW_REJECTED
        ? List.of(new Fault(part, line, column, why))
        : faults;
  }

  /** The object, as {@code s3://bucket/key}; empty until {@link #about} names it. */
  public Optional<String> object() {
    return object;
  }

  /** The file, where several are loaded as one: its object key without the folder of all. */
  public Optional<String> part() {
    return part;
  }

  public OptionalLong line() {
    return line;
  }

  public Optional<String> column() {
    return column;
  }

  /** The five characters that Postgres gave. */
  public Optional<String> sqlState() {
    return sqlState;
  }
}
