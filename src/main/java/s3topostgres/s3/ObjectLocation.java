package s3topostgres.s3;

import java.util.Locale;
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

  /** Whether it is a CSV file by its name, whatever the case of {@code .csv} or {@code .csv.gz}. */
  public boolean isCsv() {
    String name = key.toLowerCase(Locale.ROOT);
    return name.endsWith(".csv") || name.endsWith(".csv.gz");
  }

  /** {@code s3://bucket/key} for messages; control characters are shown as question marks. */
  @Override
  public String toString() {
    return ("s3://" + bucket + "/" + key).replaceAll("\\p{Cntrl}", "?");
  }
}
