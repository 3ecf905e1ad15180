package s3topostgres.load;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.LoadException;
import s3topostgres.history.Verdict;
import s3topostgres.order.LoadProgress;
import software.amazon.cloudwatchlogs.emf.environment.LambdaEnvironment;
import software.amazon.cloudwatchlogs.emf.logger.MetricsLogger;
import software.amazon.cloudwatchlogs.emf.model.DimensionSet;
import software.amazon.cloudwatchlogs.emf.model.Unit;

/**
 * Prints the line from which CloudWatch makes metrics of a load, where the function runs in Lambda.
 * The line has numbers and the names of the function, the table and the code.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html">Embedded
 *     metric format</a>
 */
final class LoadMetrics {
  private static final Logger log = LoggerFactory.getLogger(LoadMetrics.class);

  private LoadMetrics() {}

  /** Puts figures of the service, or of a table. */
  @FunctionalInterface
  private interface Figures {
    void putInto(MetricsLogger metrics, DimensionSet of) throws Exception;
  }

  /** Prints whether the bucket does not notify the function: 1, or 0 if it does. */
  static void notifications(boolean missing) {
    print(
        (metrics, ofService) ->
            metrics
                .setDimensions(ofService)
                .putMetric("NotificationsMissing", missing ? 1 : 0, Unit.COUNT));
  }

  /** Prints metrics of a load that was committed, and nothing where nothing had to be loaded. */
  static void ended(LoadResult result) {
    if (result.status() == Verdict.LOADED) {
      print(
          result.table(),
          (metrics, ofTable) -> {
            metrics
                .setDimensions(ofTable)
                .putMetric("Loads", 1, Unit.COUNT)
                .putMetric("Rows", result.rows(), Unit.COUNT)
                .putMetric("Bytes", result.bytes(), Unit.BYTES)
                .putMetric("Duration", result.millis(), Unit.MILLISECONDS);
            if (result.inserted() != null) {
              metrics
                  .putMetric("Inserted", result.inserted(), Unit.COUNT)
                  .putMetric("Updated", result.updated(), Unit.COUNT)
                  .putMetric("Deleted", result.deleted(), Unit.COUNT);
            }
            if (result.rejected() != null) {
              metrics.putMetric("Rejected", result.rejected(), Unit.COUNT);
            }
            if (result.warnings() != null) {
              metrics.putMetric("Warnings", result.warnings().size(), Unit.COUNT);
            }
          });
    }
  }

  static void failed(LoadProgress progress, LoadException failure) {
    print(
        progress.table(),
        (metrics, ofTable) ->
            metrics
                .setDimensions(ofTable, DimensionSet.of("code", failure.code().name()).add(ofTable))
                .putMetric("Failures", 1, Unit.COUNT)
                .putMetric("Duration", progress.millis(), Unit.MILLISECONDS));
  }

  private static void print(String table, Figures figures) {
    print(
        (metrics, ofService) ->
            figures.putInto(metrics, ofService.add(DimensionSet.of("table", ascii(table)))));
  }

  private static void print(Figures figures) {
    // Loads of the backlog are counted with the other loads.
    String service =
        Optional.ofNullable(System.getenv("LOAD_FUNCTION"))
            .orElse(System.getenv("AWS_LAMBDA_FUNCTION_NAME"));
    if (service != null) {
      try {
        MetricsLogger metrics = new MetricsLogger(new LambdaEnvironment());
        metrics.setNamespace("S3CsvToPostgres");
        figures.putInto(metrics, DimensionSet.of("service", service));
        metrics.flush();
      } catch (Exception e) {
        log.warn("the load's metrics could not be printed: {}", e.getClass().getName());
      }
    }
  }

  /**
   * Replaces characters that a dimension may not have: all but printable ASCII.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html">Dimension</a>
   */
  static String ascii(String value) {
    return value.replaceAll("[^ -~]", "?");
  }
}
