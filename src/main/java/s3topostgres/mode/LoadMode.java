package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.LoadException;
import s3topostgres.csv.NewerFiles;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ObjectLocation;

/** Changes the target table by a file, in a transaction that the caller began and commits. */
public interface LoadMode {

  /** The mode as {@code LOAD_MODE} and the history name it. */
  String label();

  /** Whether loads of one table may run at the same time. */
  default boolean runsSideBySide() {
    return false;
  }

  /** The mode for a late file, whose values newer files have replaced. */
  default LoadMode under(NewerFiles newer) {
    return this;
  }

  /** What the rows of a file are, for a search for faults. */
  enum FaultScope {
    /** The rows of the table: values, keys and checks are tried. */
    ROWS,
    /** The rows are added: a duplicate row key may be that of a row already in the table. */
    ADDED_ROWS,
    /** Changes of rows: only values are tried. */
    VALUES
  }

  default FaultScope faultScope() {
    return FaultScope.ROWS;
  }

  /**
   * Adapts a failure's advice to the senders of such files.
   *
   * @param object that holds the file
   */
  default LoadException advise(LoadException failure, ObjectLocation object) {
    return failure;
  }

  /**
   * Whether the planner's statistics of the table stay good, so that it need not be analyzed.
   *
   * @param object that held the file
   */
  default boolean keepsStatistics(LoadOutcome outcome, ObjectLocation object) {
    return outcome.counts().map(counts -> counts.areFewOf(outcome.rows())).orElse(false);
  }

  /** What would make loads of a table faster, as a sentence for the operator; empty if nothing. */
  default Optional<String> improvement(Session session, TargetTable table) throws SQLException {
    return Optional.empty();
  }

  /**
   * The row key: columns whose values must be unique and not NULL in a file, whatever the table
   * says; empty where the mode has none.
   */
  default List<String> keyNames(Session session, TargetTable table) throws SQLException {
    return List.of();
  }

  /** The privileges to grant to the database user on the table: {@code SELECT, INSERT}. */
  String privileges();

  /**
   * Checks by the catalogue whether the mode can work with a table; takes no lock.
   *
   * @return what a load will do to the table, for a message: {@code may be emptied and filled}
   * @throws LoadException {@code TABLE_UNUSABLE} or {@code CONFIG_INVALID} when the mode cannot
   */
  String check(Session session, TargetTable table) throws SQLException;

  /**
   * Imports the rows and changes the table.
   *
   * @param progress receives the name of the next step, for the log
   * @throws LoadException {@code TABLE_BUSY} when others use the table for too long, {@code
   *     ROW_REJECTED} when a row does not fit the table, and what {@link RowSource} throws
   */
  LoadOutcome load(Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException;
}
