package s3topostgres.deploy;

import java.util.Map;
import java.util.Optional;

/**
 * What CloudFormation asks of a custom resource.
 *
 * @param type {@code Create}, {@code Update} or {@code Delete}
 * @param responseUrl where the answer goes; signed, so a secret
 * @param physicalResourceId what the creation was answered with; none in a creation
 * @param properties as the template has them
 * @param old the properties before an update; none otherwise
 * @see <a
 *     href="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html">request
 *     objects</a>
 */
record StackRequest(
    String type,
    String responseUrl,
    String stackId,
    String requestId,
    String logicalResourceId,
    Optional<String> physicalResourceId,
    Map<?, ?> properties,
    Optional<Map<?, ?>> old) {

  static StackRequest of(Map<String, Object> event) {
    return new StackRequest(
        (String) event.get("RequestType"),
        (String) event.get("ResponseURL"),
        (String) event.get("StackId"),
        (String) event.get("RequestId"),
        (String) event.get("LogicalResourceId"),
        Optional.ofNullable((String) event.get("PhysicalResourceId")),
        (Map<?, ?>) event.get("ResourceProperties"),
        Optional.ofNullable((Map<?, ?>) event.get("OldResourceProperties")));
  }

  /** Without {@link #responseUrl}. */
  @Override
  public String toString() {
    return type + " " + logicalResourceId;
  }
}
