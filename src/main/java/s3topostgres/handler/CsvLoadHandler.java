package s3topostgres.handler;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.crac.Core;
import s3topostgres.LoadException;
import s3topostgres.aws.AwsHttp;
import s3topostgres.config.CaCertificate;
import s3topostgres.config.Password;
import s3topostgres.config.Settings;
import s3topostgres.load.LoadResult;
import s3topostgres.load.Loader;
import s3topostgres.load.Upload;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.Objects;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/**
 * The function: loads every CSV file that an S3 event announces, one transaction each. All records
 * of an event are tried; if any fails, the first failure is thrown with the others attached, so
 * that Lambda sends the event again, and what was loaded is then recognised.
 */
public final class CsvLoadHandler implements RequestStreamHandler {
  private final Loader loader;
  private final String region;

  /** Kept for the runtime, which calls its hooks and does not hold it itself. */
  private final Rehearsal rehearsal;

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
    AwsHttp aws = new AwsHttp(environment);
    Password password = new Password(settings.database(), aws);
    CaCertificate authorities = new CaCertificate(settings.database(), aws);
    Database database = new Database(settings.database(), password, authorities);
    this.loader = new Loader(settings.load(), settings.format(), new Objects(aws), database);
    this.rehearsal =
        new Rehearsal(
            loader,
            () -> {
              password.forget();
              authorities.forget();
              aws.forget();
            });
    if ("snap-start".equals(environment.get("AWS_LAMBDA_INITIALIZATION_TYPE"))) {
      Core.getGlobalContext().register(rehearsal);
    } else {
      rehearsal.run();
    }
  }

  @Override
  public void handleRequest(InputStream event, OutputStream answer, Context context)
      throws IOException {
    Deadline functionEnd = Deadline.in(Duration.ofMillis(context.getRemainingTimeInMillis()));
    List<LoadResult> loads = new ArrayList<>();
    List<LoadException> failures = new ArrayList<>();
    for (JsonNode record : S3Events.records(event)) {
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
    answer.write(new LoadReport(loads).json());
  }

  private LoadResult load(JsonNode record, Deadline functionEnd, String requestId) {
    Upload upload = S3Events.upload(record, region);
    return S3Events.isNewCsv(record, upload)
        ? loader.load(upload, functionEnd, requestId)
        : loader.ignore(upload, requestId);
  }
}
