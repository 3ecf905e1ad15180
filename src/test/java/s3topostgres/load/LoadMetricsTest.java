package s3topostgres.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The line as CloudWatch reads it; that it is printed is seen with the package in Lambda. */
class LoadMetricsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void isOneLineOfEmbeddedMetricFormat() throws Exception {
    String line =
        LoadMetrics.line(
            1_790_000_000_000L,
            Map.of("service", "people-load", "table", "public.people", "code", "ROW_REJECTED"),
            List.of(List.of("service", "table"), List.of("service", "table", "code")),
            new TreeMap<>(Map.of("Failures", 1L, "Duration", 41L)));

    assertThat(line).doesNotContain("\n");
    assertThat(JSON.readTree(line))
        .isEqualTo(
            JSON.readTree(
                """
                {
                  "_aws": {
                    "Timestamp": 1790000000000,
                    "CloudWatchMetrics": [{
                      "Namespace": "S3CsvToPostgres",
                      "Dimensions": [["service", "table"], ["service", "table", "code"]],
                      "Metrics": [
                        {"Name": "Duration", "Unit": "Milliseconds"},
                        {"Name": "Failures", "Unit": "Count"}
                      ]
                    }]
                  },
                  "service": "people-load",
                  "table": "public.people",
                  "code": "ROW_REJECTED",
                  "Duration": 41,
                  "Failures": 1
                }
                """));
  }

  @Test
  void namesATableInAsciiOnlyAndCannotBeForged() throws Exception {
    String line =
        LoadMetrics.line(
            0,
            Map.of("table", "\"m\u00fcnchen\n\\\ud83d\ude80\""),
            List.of(List.of("table")),
            Map.of("Loads", 1L));

    assertThat(JSON.readTree(line).get("table").asText()).isEqualTo("\"m?nchen?\\?\"");
  }
}
