package s3topostgres.s3;

import java.time.Instant;
import java.util.Optional;

/**
 * An entry of a bucket's list.
 *
 * @param etag without quotes
 * @param size in bytes, as stored
 * @param modified when it was uploaded, in whole seconds; for a multipart upload, when it began
 */
public record ListedObject(ObjectLocation location, String etag, long size, Instant modified) {

  /**
   * Makes the upload that created the object, which no event announced.
   *
   * @param region of the bucket
   */
  public Upload upload(String region) {
    return new Upload(
        location, region, Optional.empty(), Optional.of(modified), Optional.of(etag), true);
  }
}
