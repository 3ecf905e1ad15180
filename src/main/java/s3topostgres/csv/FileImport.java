package s3topostgres.csv;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.ObjectImport;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * Imports one file whose fields were matched to columns. Made by {@link FileImports}.
 *
 * @param object as it was when its head was read
 * @param minRows how many rows the file must have
 */
public record FileImport(
    FileImports imports,
    Session session,
    TargetTable table,
    List<Column> columns,
    int headerLines,
    Upload upload,
    StoredObject object,
    long minRows)
    implements RowSource {

  @Override
  public ObjectLocation location() {
    return upload.object();
  }

  @Override
  public long bytes() {
    return object.unpackedSize();
  }

  @Override
  public long into(String name) throws SQLException {
    ObjectImport objectImport = imports.objectImport();
    long rows = objectImport.run(session, name, table, columns, upload, object);
    if (!objectImport.pinsObject()) {
      refuseChangedObject();
    }
    Optional<LoadException> tooFew = tooFewRows(rows, minRows);
    if (tooFew.isPresent()) {
      throw tooFew.get();
    }
    return rows;
  }

  /** Compares ETags: the size may be the same, and the columns in another order. */
  private void refuseChangedObject() {
    if (!imports.look(session, upload).etag().equals(object.etag())) {
      throw ErrorCode.OBJECT_UNREADABLE.failure(
          "the object changed while it was read",
          "A retry loads the object as it is then. The old rows are still there.");
    }
  }

  /** The failure of a file that has fewer rows than it must have; empty if it has enough. */
  public static Optional<LoadException> tooFewRows(long rows, long minRows) {
    return rows >= minRows
        ? Optional.empty()
        : Optional.of(
            ErrorCode.TOO_FEW_ROWS.failure(
                "the file has %d rows, and at least %d are expected (the operator sets MIN_ROWS)"
                    .formatted(rows, minRows),
                "Check that the export was complete and upload it again; the old rows are still there."));
  }
}
