package s3topostgres.s3;

import java.time.Instant;
import java.util.Optional;

/**
 * An object as it was when we looked.
 *
 * @param size in bytes, as stored
 * @param etag without quotes
 * @param modified when it was uploaded, without fractions of the second; for an upload in parts,
 *     when that began
 * @param versionId empty in a bucket without versions
 * @param contentEncoding the header of that name, such as {@code gzip}
 * @param head the first bytes, at most {@link Objects#HEAD_BYTES}
 */
public record StoredObject(
    long size,
    String etag,
    Instant modified,
    Optional<String> versionId,
    Optional<String> contentEncoding,
    byte[] head) {
  /** Of CSV; it compresses better the more its rows resemble each other. */
  private static final int USUAL_COMPRESSION = 5;

  /** How many bytes it has when it is unpacked; a guess where it is compressed. */
  public long unpackedSize() {
    return contentEncoding.isPresent() ? size * USUAL_COMPRESSION : size;
  }
}
