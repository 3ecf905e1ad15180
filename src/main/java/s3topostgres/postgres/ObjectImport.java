package s3topostgres.postgres;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.LoadException;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/** Imports an object's rows into a table. */
public interface ObjectImport {

  /**
   * Installs what the import needs in the database, if it is missing, in a transaction of its own.
   *
   * @throws LoadException {@code IMPORT_UNAVAILABLE} when that is not possible
   */
  void install(Session session) throws SQLException;

  /** Whether the import decompresses this object, if it is stored with gzip. */
  boolean unpacks(StoredObject object);

  /** Whether the import fails if the object has changed since its head was read. */
  boolean pinsObject();

  /**
   * The way of importing that freezes rows: they need no {@code VACUUM}, and transactions with an
   * older snapshot see them, too. For a table that was emptied in the same subtransaction, which
   * ends with a failure.
   *
   * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">FREEZE of COPY</a>
   */
  ObjectImport frozen();

  /** Whether it freezes rows. */
  boolean freeze();

  /** Whether a frozen import that failed may succeed with the same file. */
  boolean isWorthRepeating(LoadException failure);

  /**
   * Imports an object.
   *
   * @param into the table to import into, quoted as SQL needs it: the target table or a stage
   * @param target the target table, for messages
   * @param columns in the order of the file's fields
   * @param object as it was when its head was read
   * @param watch sees what is read, and may end the import
   * @return the number of rows imported
   * @throws LoadException {@code ROW_REJECTED} when a row does not fit the table; {@code
   *     IMPORT_UNAVAILABLE}, {@code OBJECT_UNREADABLE} or {@code S3_UNAVAILABLE} when the object
   *     cannot be read
   */
  long run(
      Session session,
      String into,
      TargetTable target,
      List<TargetTable.Column> columns,
      Upload upload,
      StoredObject object,
      ImportWatch watch)
      throws SQLException;
}
