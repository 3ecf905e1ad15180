package s3topostgres.load;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.RowSource;
import s3topostgres.postgres.ObjectImport;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.DmsFile;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * The rows of one upload, for the mode to import.
 *
 * @param object as it was when we looked
 * @param minRows how many there have to be
 */
record FileImport(
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
  public LoadMode.Share share() {
    return DmsFile.of(upload.object()).isFullLoad() ? LoadMode.Share.PART : LoadMode.Share.CHANGES;
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
      refuseChanged();
    }
    tooFew(rows, minRows)
        .ifPresent(
            failure -> {
              throw failure;
            });
    return rows;
  }

  /**
   * Refuses an object that is another by now.
   *
   * @throws LoadException {@code OBJECT_UNREADABLE}
   */
  FileImport unchangedSince(Upload loaded) {
    if (!loaded.etag().equals(Optional.of(object.etag()))) {
      throw new LoadException(
          ErrorCode.OBJECT_UNREADABLE,
          "the next full load has overwritten %s before this one was complete"
              .formatted(loaded.object()),
          "The files of the next full load complete the table; the rows are unchanged.");
    }
    return this;
  }

  /** The size may be the same, and the columns be in another order. */
  private void refuseChanged() {
    if (!imports.look(session, upload).etag().equals(object.etag())) {
      throw new LoadException(
          ErrorCode.OBJECT_UNREADABLE,
          "the object changed while it was read",
          "A retry loads the object as it is then. The old rows are still there.");
    }
  }

  /** The failure of a file that has not enough rows. */
  static Optional<LoadException> tooFew(long rows, long minRows) {
    return rows >= minRows
        ? Optional.empty()
        : Optional.of(
            new LoadException(
                ErrorCode.TOO_FEW_ROWS,
                "the file has %d rows, and at least %d are expected (MIN_ROWS)"
                    .formatted(rows, minRows),
                "Check that the export was complete and upload it again; the old rows are still there."));
  }
}
