package s3topostgres.handler;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import s3topostgres.ErrorCode;
import s3topostgres.check.CheckFailedException;
import s3topostgres.check.CheckResult;
import s3topostgres.check.DryRunResult;
import s3topostgres.check.SetupCheck;
import s3topostgres.config.Parameters;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.Upload;

/**
 * The second entry point, for operators: checks what a load needs, or tries a load of one object,
 * and changes nothing. It has the time and the memory of the loading function, which it checks,
 * too.
 */
public final class CheckHandler implements RequestHandler<Object, Object> {
  /**
   * Reserved for the answer. A silent database takes 2 s of it for the socket, and 2 s for the
   * rollback.
   */
  private static final Duration MARGIN = Duration.ofSeconds(6);

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
   * Checks, or tries a load.
   *
   * @param event {@code {"object": "people.csv"}} for a dry run, with the object key as it is, not
   *     form-encoded; anything else for the checks
   * @return an {@link Answer}, or the {@link DryRunResult}
   * @throws CheckFailedException if anything is missing, with the answer as a table
   * @throws s3topostgres.LoadException {@code CONFIG_INVALID} when the settings do not allow a dry
   *     run
   */
  @Override
  public Object handleRequest(Object event, Context context) {
    Duration time = Duration.ofMillis(context.getRemainingTimeInMillis());
    if (event instanceof Map<?, ?> fields && fields.get("object") instanceof String key) {
      return dryRun(key, Deadline.in(time.minus(MARGIN)));
    }
    List<CheckResult> results =
        SetupCheck.run(
            System.getenv(),
            S3Objects.connect(System.getenv()),
            Parameters.connect(),
            time,
            context.getMemoryLimitInMB(),
            Wiring::mode);
    CheckFailedException.throwIfAnyFailed(results);
    return new Answer(results.stream().map(CheckHandler::line).toList());
  }

  private static DryRunResult dryRun(String key, Deadline end) {
    Wiring wiring = Wiring.of(System.getenv());
    String bucket =
        wiring
            .settings()
            .load()
            .bucket()
            .orElseThrow(
                () ->
                    ErrorCode.CONFIG_INVALID.failure(
                        "S3_BUCKET_NAME is not set", "Name the bucket that the object is in."));
    return wiring
        .dryRun()
        .run(Upload.unannounced(new ObjectLocation(bucket, key), wiring.region()), end);
  }

  private static Answer.Line line(CheckResult result) {
    return new Answer.Line(
        result.item().label(), result.outcome().label(), result.what(), result.whatToDo());
  }
}
