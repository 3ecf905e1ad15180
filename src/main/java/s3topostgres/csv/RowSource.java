package s3topostgres.csv;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.FileLine;
import s3topostgres.LoadException;
import s3topostgres.Warning;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.scan.ScanResult;

/** The rows that a load imports: those of one file, or of several. */
public interface RowSource {
  /** The columns that the fields belong to, in the order of the fields. */
  List<Column> columns();

  /** What the fields are called that are left out because they name no column. */
  default List<String> ignored() {
    return List.of();
  }

  /** The object that holds the rows; of several, the last. */
  ObjectLocation location();

  /** The objects that hold the rows, in the order of {@link #firstRows}. */
  default List<ObjectLocation> locations() {
    return List.of(location());
  }

  /** The size in bytes, unpacked; an estimate where an object is compressed. */
  long bytes();

  /** How many rows there must be. */
  default long minRows() {
    return 0;
  }

  /** How many physical lines precede the first row. */
  int headerLines();

  /**
   * How many physical lines before a row are left out of the import.
   *
   * @param row its number among those that are imported, from 1
   */
  default long linesLeftOut(long row) {
    return 0;
  }

  /** The first row of each file, by its number among those that are imported, from 1. */
  default Long[] firstRows() {
    return new Long[] {1L};
  }

  /**
   * The line on which a row ends.
   *
   * @param row its number among those that are imported, from 1
   * @param breaks how many line breaks there are in the values of its file up to it
   */
  default FileLine line(long row, long breaks) {
    return new FileLine(Optional.empty(), headerLines() + row + breaks + linesLeftOut(row));
  }

  /**
   * Scans every file, where that is not turned off, and leaves malformed records out.
   *
   * @param results receives what was found in each file
   * @return the other rows, which the function streams whatever {@code IMPORT_WITH} is; these where
   *     they are known to be well-formed
   */
  default RowSource scanned(List<ScanResult> results) throws SQLException {
    return this;
  }

  /** The records that are left out, because they have faults; empty if there are none. */
  default Optional<RejectedRows> rejected() {
    return Optional.empty();
  }

  /** What is loaded, but probably not as it was meant; known once the rows are imported. */
  default List<Warning> warnings() {
    return List.of();
  }

  /**
   * Imports the rows, and leaves the checks of {@link #into} to the caller.
   *
   * @return how many rows were imported
   */
  default long importInto(String table) throws SQLException {
    return into(table);
  }

  /**
   * The same rows, imported frozen: {@link s3topostgres.postgres.ObjectImport#frozen}. The caller
   * empties the table in the same subtransaction.
   */
  default RowSource frozen() {
    return this;
  }

  /** Whether a frozen import that failed may succeed with the same files. */
  default boolean isWorthRepeating(LoadException failure) {
    return false;
  }

  /**
   * Imports the rows.
   *
   * @param table the target table or one with the file's columns, quoted as SQL needs it
   * @return how many rows were imported
   * @throws s3topostgres.LoadException {@code TOO_FEW_ROWS} when there are fewer than {@code
   *     MIN_ROWS} asks for; {@code OBJECT_UNREADABLE} when the object changed meanwhile
   */
  long into(String table) throws SQLException;
}
