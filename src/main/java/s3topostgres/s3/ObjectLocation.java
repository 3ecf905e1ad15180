package s3topostgres.s3;

import java.util.Locale;
import java.util.Objects;

/**
 * The location of an object.
 *
 * @param bucket the bucket's name
 * @param key the object key, decoded; any characters
 */
public record ObjectLocation(String bucket, String key) {
  public ObjectLocation {
    Objects.requireNonNull(bucket);
    Objects.requireNonNull(key);
  }

  /** Whether the key ends in {@code .csv} or {@code .csv.gz}, in any case. */
  public boolean isCsv() {
    String name = key.toLowerCase(Locale.ROOT);
    return name.endsWith(".csv") || name.endsWith(".csv.gz");
  }

  /** What follows a folder in the key, for messages, with control characters as {@code ?}. */
  public String within(String folder) {
    return printable(key.substring(folder.length()));
  }

  private static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** The location for messages: {@code s3://bucket/key}, with control characters as {@code ?}. */
  @Override
  public String toString() {
    return printable("s3://" + bucket + "/" + key);
  }
}
