package s3topostgres.handler;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.S3Event;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3EventNotificationRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.load.LoadResult;
import s3topostgres.load.Loader;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.Upload;

/**
 * The function: loads every CSV file that an S3 event announces, one transaction each. All records
 * are tried. If any fails, the first failure is thrown with the others attached. Lambda then sends
 * the event again, and the history recognises what was loaded.
 */
public final class CsvLoadHandler implements RequestHandler<S3Event, LoadReport> {
  private static final Duration WARM_UP = Duration.ofSeconds(4);

  private final Loader loader;
  private final String region;

  /**
   * Called by Lambda, once per process.
   *
   * @throws LoadException {@code CONFIG_INVALID} with every problem in the settings
   */
  public CsvLoadHandler() {
    Wiring wiring = Wiring.of(System.getenv());
    loader = wiring.loader();
    region = wiring.region();
    warmUp(wiring.database(), wiring.objects(), wiring.settings().load());
  }

  /**
   * Reads the parameter, connects, and asks S3, as the first load will. Lambda gives the start-up a
   * whole processor, an invocation only a share of one, and kills a start-up after ten seconds.
   * What does not answer in time is left to the first load.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html">Lambda's
   *     execution environment</a>
   */
  private static void warmUp(Database database, S3Objects objects, LoadSettings settings) {
    Deadline end = Deadline.in(WARM_UP);
    try {
      database.connectOnce(end).close();
      String absent = settings.objectKeys().prefix() + "s3-csv-to-postgres-warm-up";
      settings.bucket().ifPresent(name -> objects.checkAccess(name, absent, end.left()));
    } catch (RuntimeException e) {
      LoggerFactory.getLogger(CsvLoadHandler.class).debug("the warm-up failed");
    }
  }

  @Override
  public LoadReport handleRequest(S3Event event, Context context) {
    Deadline functionEnd = Deadline.in(Duration.ofMillis(context.getRemainingTimeInMillis()));
    List<LoadResult> loads = new ArrayList<>();
    List<LoadException> failures = new ArrayList<>();
    for (S3EventNotificationRecord record : records(event)) {
      try {
        loads.add(load(new EventRecord(record), functionEnd, context.getAwsRequestId()));
      } catch (LoadException e) {
        failures.add(e);
      }
    }
    LoadException.throwFirst(failures);
    return new LoadReport(loads);
  }

  private static List<S3EventNotificationRecord> records(S3Event event) {
    return Optional.ofNullable(event)
        .map(S3Event::getRecords)
        .filter(records -> !records.isEmpty())
        .orElseGet(
            () -> {
              // After the constructor, which sets the level.
              Logger log = LoggerFactory.getLogger(CsvLoadHandler.class);
              log.warn(
                  "the event has no records, so nothing is loaded. S3's test event has none. If a"
                      + " file was uploaded, have the bucket notify this function directly, not"
                      + " through SNS, SQS or EventBridge");
              return List.of();
            });
  }

  private LoadResult load(EventRecord record, Deadline functionEnd, String requestId) {
    Upload upload;
    try {
      upload = record.upload(region);
    } catch (LoadException e) {
      throw loader.refuse(e, functionEnd, requestId);
    }
    return record.isNewObject()
        ? loader.load(upload, functionEnd, requestId)
        : loader.ignore(upload, "it is not a new object", requestId);
  }
}
