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
import org.slf4j.LoggerFactory;
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
  /** Lambda allows ten seconds for the whole start-up. */
  private static final Duration WARM_UP = Duration.ofSeconds(4);

  private final Loader loader;
  private final String region;

  /** Held here, as Lambda holds it weakly; null without SnapStart. */
  private Snapshot snapshot;

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
    if ("snap-start".equals(environment.get("AWS_LAMBDA_INITIALIZATION_TYPE"))) {
      String bucket = settings.load().bucket().orElse("none");
      snapshot = new Snapshot(loader, bucket, region, aws, password, authorities);
      Core.getGlobalContext().register(snapshot);
    } else {
      warmUp(database);
    }
  }

  /**
   * Connects once for nothing. Lambda gives the start-up a whole processor and an invocation only a
   * share of one, so classes are loaded here, the password is read and TLS and login are done for
   * the first time. Whatever fails is left to the first load, which has an event to report it with.
   */
  private static void warmUp(Database database) {
    try {
      database.connectOnce(Deadline.in(WARM_UP)).close();
    } catch (LoadException e) {
      LoggerFactory.getLogger(CsvLoadHandler.class).debug("not warmed up: {}", e.getMessage());
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
