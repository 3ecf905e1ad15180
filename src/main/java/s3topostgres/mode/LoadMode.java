package s3topostgres.mode;

import java.sql.SQLException;
import java.util.function.Consumer;
import s3topostgres.LoadException;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/** What a load does to the target table, in a transaction that the caller began and commits. */
public interface LoadMode {

  /** The rows of an upload. */
  @FunctionalInterface
  interface Rows {
    /**
     * Imports them.
     *
     * @param table the target table or one with its columns, quoted as SQL needs it; has no rows
     * @return how many there are
     */
    long into(String table) throws SQLException;
  }

  /**
   * Finds out from the catalogue whether the mode can work with a table; takes no lock.
   *
   * @throws LoadException {@code TABLE_UNUSABLE} when it cannot
   */
  void check(Session session, TargetTable table) throws SQLException;

  /**
   * Imports the rows and changes the table.
   *
   * @param bytes that the file has, unpacked; a guess
   * @param step is told what comes now, in one word for the log
   * @return how many rows the file has
   * @throws LoadException {@code TABLE_BUSY} when others use the table for too long, and what
   *     {@link Rows} throws
   */
  long load(Session session, TargetTable table, Rows rows, long bytes, Consumer<String> step)
      throws SQLException;
}
