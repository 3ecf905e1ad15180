package s3topostgres.s3;

import java.time.Instant;

/**
 * An object as the bucket's list has it.
 *
 * @param etag without quotes
 * @param modified when it was uploaded, in whole seconds; for a multipart upload, when it began
 */
public record ListedObject(ObjectLocation location, String etag, Instant modified) {}
