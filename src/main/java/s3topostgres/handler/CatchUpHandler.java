package s3topostgres.handler;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import s3topostgres.load.CatchUp;
import s3topostgres.postgres.Deadline;

/**
 * The third entry point of the package. A schedule calls it to load uploads that were never loaded;
 * an operator may call it, too.
 */
public final class CatchUpHandler implements RequestHandler<Map<String, Object>, LoadReport> {
  private final CatchUp catchUp;

  /**
   * Called by Lambda, once per process.
   *
   * @throws s3topostgres.LoadException {@code CONFIG_INVALID} with every problem in the settings
   */
  public CatchUpHandler() {
    catchUp = Wiring.of(System.getenv()).catchUp();
  }

  /**
   * @param event EventBridge's, of which {@code time} is read; without it, what was uploaded until
   *     now counts
   * @see <a
   *     href="https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html">Structure
   *     of events</a>
   */
  @Override
  public LoadReport handleRequest(Map<String, Object> event, Context context) {
    Deadline functionEnd = Deadline.in(Duration.ofMillis(context.getRemainingTimeInMillis()));
    Instant now = event.get("time") instanceof String time ? Instant.parse(time) : Instant.now();
    return new LoadReport(catchUp.run(now, functionEnd, context.getAwsRequestId()));
  }
}
