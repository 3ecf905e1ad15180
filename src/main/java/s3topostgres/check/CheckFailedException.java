package s3topostgres.check;

import static java.util.stream.Collectors.joining;

import java.util.List;

/**
 * Something that a load needs is missing. The message is a table of all that was checked, one line
 * each. It is thrown to Lambda, because an invocation that fails is what stops a deployment.
 */
public final class CheckFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private CheckFailedException(List<CheckResult> results) {
    // Where it was thrown helps nobody.
    super(
        results.stream()
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
  public static void throwIfAnyFailed(List<CheckResult> results) {
    if (results.stream().anyMatch(result -> result.outcome() == CheckResult.Outcome.FAILED)) {
      throw new CheckFailedException(results);
    }
  }

  private static String line(CheckResult result) {
    return "%-11s | %-33s | %s"
        .formatted(
            result.outcome().label(),
            result.item().label(),
            result.whatToDo().isEmpty() ? result.what() : result.what() + ". " + result.whatToDo());
  }
}
