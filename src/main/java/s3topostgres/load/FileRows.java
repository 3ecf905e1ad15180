package s3topostgres.load;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.mode.LoadMode;
import s3topostgres.postgres.ObjectImport;
import s3topostgres.postgres.ObjectImport.Imported;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * The rows of one upload, for the mode to import.
 *
 * @param object as it was when we looked
 * @param minRows how many there have to be
 */
record FileRows(
    ObjectImport objectImport,
    Session session,
    TargetTable table,
    List<Column> columns,
    CsvFormat.Header header,
    Upload upload,
    StoredObject object,
    long minRows)
    implements LoadMode.Rows {

  @Override
  public int headerLines() {
    return header == CsvFormat.Header.NONE ? 0 : 1;
  }

  @Override
  public long into(String name) throws SQLException {
    Imported imported = objectImport.run(session, name, table, columns, upload);
    refuseOtherSize(imported.bytes());
    refuseTooFew(imported.rows());
    return imported.rows();
  }

  /** A compressed object's size is not what the database counts. */
  private void refuseOtherSize(long imported) {
    if (object.contentEncoding().isEmpty() && object.size() != imported) {
      throw new LoadException(
          ErrorCode.OBJECT_UNREADABLE,
          "the object had %d bytes when the load began, and the database fetched %d"
              .formatted(object.size(), imported),
          "It was probably overwritten meanwhile: the next try loads what is there then. The old"
              + " rows are still there.");
    }
  }

  private void refuseTooFew(long rows) {
    if (rows < minRows) {
      throw new LoadException(
          ErrorCode.TOO_FEW_ROWS,
          "the file has %d rows, and at least %d are expected (MIN_ROWS)".formatted(rows, minRows),
          "Check that the export was complete and upload it again; the old rows are still there.");
    }
  }
}
