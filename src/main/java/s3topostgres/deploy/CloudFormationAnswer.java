package s3topostgres.deploy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What CloudFormation is told about a custom resource; without it, it waits to its time limit.
 *
 * @param reason shown by the deployment when it failed
 * @see <a
 *     href="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html">response
 *     objects</a>
 */
record CloudFormationAnswer(boolean success, String physicalResourceId, String reason) {
  private static final Duration LIMIT = Duration.ofSeconds(4);
  private static final int TRIES = 3;

  /** The whole answer may have 4096 bytes. */
  private static final int REASON_LIMIT = 1500;

  /**
   * Puts the answer where CloudFormation waits for it. The address is a secret, and stays out of
   * log and messages. It is signed for a request without a content type, which {@code
   * HttpURLConnection} would add.
   *
   * @throws IOException when that is not possible
   */
  void send(StackRequest request) throws IOException {
    HttpClient client = HttpClient.newBuilder().connectTimeout(LIMIT).build();
    HttpRequest put =
        HttpRequest.newBuilder(URI.create(request.responseUrl()))
            .timeout(LIMIT)
            .PUT(BodyPublishers.ofString(json(request)))
            .build();
    for (int tries = 1; ; tries++) {
      try {
        HttpResponse<Void> response = client.send(put, BodyHandlers.discarding());
        if (response.statusCode() == 200) {
          return;
        }
        throw new IOException("HTTP " + response.statusCode());
      } catch (IOException e) {
        if (tries == TRIES) {
          throw new IOException("CloudFormation did not take the answer: " + e.getMessage(), e);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("Interrupted while answering CloudFormation", e);
      }
    }
  }

  private String json(StackRequest request) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("Status", success ? "SUCCESS" : "FAILED");
    fields.put(
        "Reason",
        reason.length() > REASON_LIMIT ? reason.substring(0, REASON_LIMIT) + "..." : reason);
    fields.put("PhysicalResourceId", physicalResourceId);
    fields.put("StackId", request.stackId());
    fields.put("RequestId", request.requestId());
    fields.put("LogicalResourceId", request.logicalResourceId());
    return fields.entrySet().stream()
        .map(field -> quoted(field.getKey()) + ":" + quoted(field.getValue()))
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static String quoted(String text) {
    return text.codePoints()
        .mapToObj(
            c ->
                c == '"' || c == '\\'
                    ? "\\" + (char) c
                    : c < ' ' ? "\\u%04x".formatted(c) : Character.toString(c))
        .collect(Collectors.joining("", "\"", "\""));
  }
}
