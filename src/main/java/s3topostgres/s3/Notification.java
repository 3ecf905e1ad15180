package s3topostgres.s3;

import java.util.List;

/**
 * One of a bucket's notifications of Lambda functions.
 *
 * @param functionArn of the function, perhaps with a version or an alias
 * @param events as S3 names them, such as {@code s3:ObjectCreated:*}
 * @param prefix of the object keys; empty for any
 * @param suffix of the object keys, in exactly that case; empty for any
 */
public record Notification(String functionArn, List<String> events, String prefix, String suffix) {

  /** Whether the function is told of an event of all objects with a prefix and a suffix. */
  public boolean tells(String function, String event, String ofPrefix, String ofSuffix) {
    return (functionArn + ":").contains(":function:" + function + ":")
        && (events.contains(event) || events.contains(event.replaceFirst("[^:]*$", "*")))
        && ofPrefix.startsWith(prefix)
        && ofSuffix.endsWith(suffix);
  }
}
