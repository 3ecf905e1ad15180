package s3topostgres.deploy;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.amazonaws.services.lambda.runtime.events.CloudFormationCustomResourceEvent;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.Map;

/**
 * The response to CloudFormation about a custom resource. Without a response, CloudFormation waits
 * until its timeout. Powertools' module for custom resources is not used: it treats a refused
 * response as success, does not retry, and logs the response URL.
 *
 * @param reason of a failure, shown by the deployment; may be empty
 * @see <a
 *     href="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html">response
 *     objects</a>
 */
record CloudFormationAnswer(boolean success, String physicalResourceId, String reason) {
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();
  private static final int ATTEMPTS = 3;
  private static final int TIMEOUT_MILLIS = 2500;
  private static final int LONGEST_ANSWER = 4096;

  /** In characters, each of which takes six bytes at most. */
  private static final int REASON_THAT_FITS = 500;

  /**
   * Sends the answer to the event's response URL. The URL is signed: it is a secret, and valid only
   * for a request without a content type.
   *
   * @throws IOException when CloudFormation does not accept the answer in three attempts
   */
  void send(CloudFormationCustomResourceEvent event) throws IOException {
    String json = json(event, reason);
    if (json.length() > LONGEST_ANSWER) {
      json = json(event, reason.substring(0, Math.min(reason.length(), REASON_THAT_FITS)) + "...");
    }
    for (int attempt = 1; ; attempt++) {
      try {
        put(event.getResponseUrl(), json);
        return;
      } catch (IOException e) {
        if (attempt == ATTEMPTS) {
          throw new IOException("CloudFormation did not accept the answer: " + e.getMessage(), e);
        }
      }
    }
  }

  private static void put(String address, String json) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) URI.create(address).toURL().openConnection();
    connection.setConnectTimeout(TIMEOUT_MILLIS);
    connection.setReadTimeout(TIMEOUT_MILLIS);
    connection.setRequestMethod("PUT");
    connection.setDoOutput(true);
    connection.getOutputStream().write(json.getBytes(US_ASCII));
    if (connection.getResponseCode() != 200) {
      throw new IOException("HTTP " + connection.getResponseCode());
    }
  }

  private String json(CloudFormationCustomResourceEvent event, String why) throws IOException {
    return JSON.writeValueAsString(
        Map.of(
            "Status",
            success ? "SUCCESS" : "FAILED",
            "Reason",
            why,
            "PhysicalResourceId",
            physicalResourceId,
            "StackId",
            event.getStackId(),
            "RequestId",
            event.getRequestId(),
            "LogicalResourceId",
            event.getLogicalResourceId()));
  }
}
