package s3topostgres.check;

import static java.util.stream.Collectors.joining;

import java.util.List;

/**
 * Reports that a load would fail. The message is a table with a line for each item. It is thrown to
 * Lambda, because only a failed invocation stops a deployment.
 */
public final class CheckFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private CheckFailedException(List<CheckResult> results) {
    // The stack trace tells the operator nothing.
    super(
        results.stream()
            .map(CheckFailedException::line)
            .collect(joining("\n", "something that a load needs is missing\n", "")),
        null,
        false,
        false);
  }

  /**
   * Reports the results if a check failed.
   *
   * @throws CheckFailedException with all results, when at least one check failed
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
