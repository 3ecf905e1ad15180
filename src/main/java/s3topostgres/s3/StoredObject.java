package s3topostgres.s3;

import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * An object as it was when its head was read.
 *
 * @param size in bytes, as stored
 * @param etag without quotes
 * @param modified the time of the upload, in whole seconds; of a multipart upload, its beginning
 * @param versionId empty in a bucket without versioning
 * @param contentEncoding the header {@code Content-Encoding}, such as {@code gzip}, or a list:
 *     {@code aws-chunked,gzip}
 * @param head the first bytes, at most {@link S3Objects#HEAD_BYTES}
 */
public record StoredObject(
    long size,
    String etag,
    Instant modified,
    Optional<String> versionId,
    Optional<String> contentEncoding,
    byte[] head) {
  /** By which factor gzip usually compresses CSV. */
  private static final int USUAL_COMPRESSION = 5;

  /** Makes an object without a byte. */
  static StoredObject empty(String etag) {
    return new StoredObject(
        0, etag, Instant.EPOCH, Optional.empty(), Optional.empty(), new byte[0]);
  }

  /** Whether {@code Content-Encoding} names gzip, and no other encoding. */
  public boolean saysOnlyGzip() {
    return contentEncoding.filter(header -> header.strip().equalsIgnoreCase("gzip")).isPresent();
  }

  /** Whether {@code Content-Encoding} names gzip. */
  public boolean saysGzip() {
    return contentEncoding.stream()
        .flatMap(header -> Stream.of(header.split(",")))
        .anyMatch(name -> name.strip().equalsIgnoreCase("gzip"));
  }

  /**
   * Whether the object is stored with gzip, by {@code Content-Encoding} or its first bytes.
   *
   * @see <a href="https://www.rfc-editor.org/rfc/rfc1952#page-6">The first bytes of gzip</a>
   */
  public boolean isGzip() {
    return saysGzip() || head.length > 1 && head[0] == 0x1f && head[1] == (byte) 0x8b;
  }

  /** Drops the head, except for what tells gzip. */
  public StoredObject withoutHead() {
    return new StoredObject(
        size,
        etag,
        modified,
        versionId,
        contentEncoding,
        Arrays.copyOf(head, Math.min(2, head.length)));
  }

  /** The size when decompressed, in bytes; a guess where the object is compressed. */
  public long unpackedSize() {
    return isGzip() ? size * USUAL_COMPRESSION : size;
  }
}
