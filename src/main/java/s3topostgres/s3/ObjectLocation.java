package s3topostgres.s3;

import java.util.Objects;

/**
 * Where an object is.
 *
 * @param bucket the bucket's name
 * @param key the key, decoded; any characters
 */
public record ObjectLocation(String bucket, String key) {
  public ObjectLocation {
    Objects.requireNonNull(bucket);
    Objects.requireNonNull(key);
  }

  /** {@code s3://bucket/key} for people; control characters are shown as question marks. */
  @Override
  public String toString() {
    return ("s3://" + bucket + "/" + key).replaceAll("\\p{Cntrl}", "?");
  }
}
