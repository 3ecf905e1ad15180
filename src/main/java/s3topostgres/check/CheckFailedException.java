package s3topostgres.check;

import static java.util.stream.Collectors.joining;

import java.util.List;

/**
 * Something that a load needs is missing. The message is a table of all that was checked, one line
 * each. It is thrown to Lambda, because an invocation that fails is what stops a deployment.
 */
public final class CheckFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private CheckFailedException(List<Check> checks) {
    // Where it was thrown helps nobody.
    super(
        checks.stream()
            .map(CheckFailedException::line)
            .collect(joining("\n", "something that a load needs is missing\n", "")),
        null,
        false,
        false);
  }

  /**
   * Finds out whether all is well.
   *
   * @throws CheckFailedException if it is not
   */
  public static void throwIfAnyFailed(List<Check> checks) {
    if (checks.stream().anyMatch(check -> check.result() == Check.Result.FAILED)) {
      throw new CheckFailedException(checks);
    }
  }

  private static String line(Check check) {
    return "%-11s | %-33s | %s"
        .formatted(
            check.result().label(),
            check.item().label(),
            check.whatToDo().isEmpty() ? check.what() : check.what() + ". " + check.whatToDo());
  }
}
