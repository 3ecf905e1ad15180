package s3topostgres.history;

import java.time.Instant;
import java.util.Optional;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * What a row of the history says of a load, however it ended.
 *
 * @param table the target table with its schema; as the setting has it where it was not found
 * @param object as it was when we looked; empty where we did not come to that
 * @param requestId of the invocation
 * @param completes whether the table was made equal to a full load of AWS DMS, whose last file the
 *     upload is
 */
public record LoadRecord(
    Upload upload,
    String table,
    Optional<StoredObject> object,
    Instant startedAt,
    String requestId,
    boolean completes) {}
