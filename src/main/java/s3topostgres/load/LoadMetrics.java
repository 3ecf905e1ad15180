package s3topostgres.load;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import s3topostgres.LoadException;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;

/**
 * The line from which CloudWatch makes metrics of a load, printed where the function runs in
 * Lambda. It holds numbers and the names of the function, the table and the code.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html">Embedded
 *     metric format</a>
 */
final class LoadMetrics {
  private static final String NAMESPACE = "S3CsvToPostgres";
  private static final List<String> OF_TABLE = List.of("service", "table");
  private static final List<String> OF_CODE = List.of("service", "table", "code");

  private static final Map<String, String> UNITS =
      Map.of(
          "Loads", "Count",
          "Failures", "Count",
          "Rows", "Count",
          "Bytes", "Bytes",
          "Duration", "Milliseconds");

  private LoadMetrics() {}

  /** Nothing is printed for what was not loaded because it need not be. */
  static void ended(LoadResult result) {
    if (result.status() == LoadResult.Status.LOADED) {
      Map<String, Long> metrics = new LinkedHashMap<>();
      metrics.put("Loads", 1L);
      metrics.put("Rows", result.rows());
      metrics.put("Bytes", result.bytes());
      metrics.put("Duration", result.millis());
      print(Map.of("table", result.table()), List.of(OF_TABLE), metrics);
    }
  }

  static void failed(Attempt attempt, LoadException failure) {
    Map<String, Long> metrics = new LinkedHashMap<>();
    metrics.put("Failures", 1L);
    metrics.put("Duration", attempt.millis());
    print(
        Map.of("table", attempt.table(), "code", failure.code().name()),
        List.of(OF_TABLE, OF_CODE),
        metrics);
  }

  private static void print(
      Map<String, String> dimensions, List<List<String>> sets, Map<String, Long> metrics) {
    String service = System.getenv("AWS_LAMBDA_FUNCTION_NAME");
    if (service != null) {
      Map<String, String> all = new LinkedHashMap<>(dimensions);
      all.put("service", service);
      byte[] line =
          (line(System.currentTimeMillis(), all, sets, metrics) + "\n")
              .getBytes(StandardCharsets.UTF_8);
      PrintStream out = System.out;
      out.write(line, 0, line.length);
      out.flush();
    }
  }

  /** One line of JSON. */
  static String line(
      long timestampMillis,
      Map<String, String> dimensions,
      List<List<String>> sets,
      Map<String, Long> metrics) {
    try (JsonWriter json = JsonWriter.create()) {
      json.writeStartObject().writeFieldName("_aws").writeStartObject();
      json.writeFieldName("Timestamp").writeValue(timestampMillis);
      json.writeFieldName("CloudWatchMetrics").writeStartArray().writeStartObject();
      json.writeFieldName("Namespace").writeValue(NAMESPACE);
      json.writeFieldName("Dimensions").writeStartArray();
      for (List<String> set : sets) {
        json.writeStartArray();
        set.forEach(json::writeValue);
        json.writeEndArray();
      }
      json.writeEndArray().writeFieldName("Metrics").writeStartArray();
      metrics.keySet().forEach(name -> define(json, name));
      json.writeEndArray().writeEndObject().writeEndArray().writeEndObject();
      dimensions.forEach((name, value) -> json.writeFieldName(name).writeValue(ascii(value)));
      metrics.forEach((name, value) -> json.writeFieldName(name).writeValue(value));
      json.writeEndObject();
      return new String(json.getBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void define(JsonWriter json, String name) {
    json.writeStartObject();
    json.writeFieldName("Name").writeValue(name);
    json.writeFieldName("Unit").writeValue(UNITS.get(name));
    json.writeEndObject();
  }

  /**
   * A dimension's value may have printable ASCII only.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html">Dimension</a>
   */
  private static String ascii(String value) {
    return value.replaceAll("[^ -~]", "?");
  }
}
