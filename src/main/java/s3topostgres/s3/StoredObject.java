package s3topostgres.s3;

import java.time.Instant;
import java.util.Optional;

/**
 * An object as it was when we looked.
 *
 * @param size in bytes, as stored
 * @param etag without quotes
 * @param modified when it was uploaded, in whole seconds; for a multipart upload, when it began
 * @param versionId empty in a bucket without versioning
 * @param contentEncoding the header of that name, such as {@code gzip}
 * @param head the first bytes, at most {@link S3Objects#HEAD_BYTES}
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

  /** Whether its {@code Content-Encoding} is gzip. */
  public boolean saysGzip() {
    return contentEncoding.filter("gzip"::equalsIgnoreCase).isPresent();
  }

  /**
   * Whether it is stored with gzip, by that header or by its first bytes.
   *
   * @see <a href="https://www.rfc-editor.org/rfc/rfc1952#page-6">The first bytes of gzip</a>
   */
  public boolean isGzip() {
    return saysGzip() || head.length > 1 && head[0] == 0x1f && head[1] == (byte) 0x8b;
  }

  /** How many bytes it has when it is unpacked; a guess where it is compressed. */
  public long unpackedSize() {
    return isGzip() ? size * USUAL_COMPRESSION : size;
  }
}
