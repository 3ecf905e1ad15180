package s3topostgres.csv;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.Fault;
import s3topostgres.postgres.TargetTable.Column;

/** The records of a file that a load leaves out, because they have faults. */
public interface RejectedRows {
  /** How many there are. */
  long count();

  /** The first of their faults, in the order of the file. */
  List<Fault> faults();

  /**
   * The query of their values in these columns, each of its column's type.
   *
   * @return empty if that of any record cannot be read
   */
  Optional<String> values(List<Column> columns) throws SQLException;
}
