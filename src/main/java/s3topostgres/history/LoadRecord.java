package s3topostgres.history;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * The part of a history row that is the same however a load ended.
 *
 * @param table the target table with its schema; as the setting has it where it was not found
 * @param mode as {@code LOAD_MODE} names it
 * @param object as it was when the load looked at it; empty where the load failed before that
 * @param parts of a set; empty for a load of another kind
 * @param uploadedAt when the content that was loaded was uploaded, as far as it is known
 * @param requestId of the invocation
 * @param functionTime how long Lambda lets one invocation run
 */
public record LoadRecord(
    Upload upload,
    String table,
    String mode,
    Optional<StoredObject> object,
    List<ListedObject> parts,
    Optional<Instant> uploadedAt,
    Instant startedAt,
    String requestId,
    Duration functionTime) {}
