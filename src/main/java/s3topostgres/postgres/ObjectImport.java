package s3topostgres.postgres;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.LoadException;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/** A way to import an object's rows into a table. */
public interface ObjectImport {

  /**
   * Installs in the database what the import needs, where it is missing, in a transaction of its
   * own.
   *
   * @throws LoadException {@code IMPORT_UNAVAILABLE} when that is not possible
   */
  void install(Session session) throws SQLException;

  /** Whether it unpacks an object that is stored with gzip. */
  boolean unpacks(StoredObject object);

  /** Whether it imports the object as it was when we looked, or fails. */
  boolean pinsObject();

  /**
   * Imports an object.
   *
   * @param into the table that takes the rows, quoted as SQL needs it: the target table or one with
   *     its columns
   * @param target for messages
   * @param columns in the order of the file's fields
   * @param object as it was when we looked
   * @return how many rows were imported
   * @throws LoadException {@code ROW_REJECTED} for what the file holds, {@code IMPORT_UNAVAILABLE}
   *     or {@code OBJECT_UNREADABLE} for what cannot be read
   */
  long run(
      Session session,
      String into,
      TargetTable target,
      List<TargetTable.Column> columns,
      Upload upload,
      StoredObject object)
      throws SQLException;
}
