package s3topostgres.handler;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.S3Event;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3EventNotificationRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import s3topostgres.LoadException;
import s3topostgres.config.Password;
import s3topostgres.config.Settings;
import s3topostgres.load.LoadResult;
import s3topostgres.load.Loader;
import s3topostgres.load.Upload;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.Objects;

/**
 * The function: loads every CSV file that an S3 event announces, one transaction each. All records
 * of an event are tried; if any fails, the first failure is thrown with the others attached, so
 * that Lambda sends the event again, and what was loaded is then recognised.
 */
public final class CsvLoadHandler implements RequestHandler<S3Event, LoadReport> {
  private final Loader loader;
  private final String region;

  /**
   * Called by Lambda, once a process.
   *
   * @throws LoadException {@code CONFIG_INVALID} with every problem in the settings
   */
  public CsvLoadHandler() {
    Map<String, String> environment = System.getenv();
    Settings settings = Settings.read(environment);
    // Before the first logger of ours is made; the level of others' stays at warnings.
    System.setProperty("org.slf4j.simpleLogger.log.s3topostgres", settings.logLevel());
    System.setProperty("org.slf4j.simpleLogger.log.load", settings.logLevel());
    this.region = environment.getOrDefault("AWS_REGION", "");
    this.loader =
        new Loader(
            settings.load(),
            settings.format(),
            new Objects(environment),
            new Database(settings.database(), new Password(settings.database())));
  }

  @Override
  public LoadReport handleRequest(S3Event event, Context context) {
    Deadline functionEnd = Deadline.in(Duration.ofMillis(context.getRemainingTimeInMillis()));
    List<LoadResult> loads = new ArrayList<>();
    List<LoadException> failures = new ArrayList<>();
    for (S3EventNotificationRecord record : S3Events.records(event)) {
      try {
        loads.add(load(record, functionEnd, context.getAwsRequestId()));
      } catch (LoadException e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      LoadException first = failures.get(0);
      failures.stream().skip(1).forEach(first::addSuppressed);
      throw first;
    }
    return new LoadReport(loads);
  }

  private LoadResult load(
      S3EventNotificationRecord record, Deadline functionEnd, String requestId) {
    Upload upload = S3Events.upload(record, region);
    return S3Events.isNewCsv(record, upload)
        ? loader.load(upload, functionEnd, requestId)
        : loader.ignore(upload, requestId);
  }
}
