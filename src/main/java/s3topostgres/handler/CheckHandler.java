package s3topostgres.handler;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Duration;
import java.util.List;
import s3topostgres.check.Check;
import s3topostgres.check.CheckFailedException;
import s3topostgres.check.Checks;
import s3topostgres.config.Parameters;
import s3topostgres.s3.Objects;

/**
 * The second entry of the package, for people: says what is missing for a load, and changes
 * nothing. It runs with the time and the memory of the function that loads, which it judges.
 */
public final class CheckHandler implements RequestHandler<Object, CheckHandler.Answer> {

  /** The function's answer, which Lambda's runtime writes as JSON. */
  public record Answer(List<Line> checks) {

    /**
     * One thing that a load needs.
     *
     * @param result {@code ok}, {@code failed} or {@code not checked}
     * @param whatToDo empty when there is nothing to do
     */
    public record Line(String check, String result, String what, String whatToDo) {}
  }

  /**
   * @param event anything
   * @throws CheckFailedException if anything is missing, with the same as a table
   */
  @Override
  public Answer handleRequest(Object event, Context context) {
    Duration time = Duration.ofMillis(context.getRemainingTimeInMillis());
    List<Check> checks =
        Checks.run(
            System.getenv(),
            Objects.connect(System.getenv()),
            Parameters.connect(),
            time,
            context.getMemoryLimitInMB());
    CheckFailedException.throwIfAnyFailed(checks);
    return new Answer(checks.stream().map(CheckHandler::line).toList());
  }

  private static Answer.Line line(Check check) {
    return new Answer.Line(
        check.item().label(), check.result().label(), check.what(), check.whatToDo());
  }
}
