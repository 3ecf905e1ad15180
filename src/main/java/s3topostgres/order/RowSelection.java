package s3topostgres.order;

import java.sql.SQLException;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/** Chooses which rows of a file are loaded, in the load's transaction. */
@FunctionalInterface
public interface RowSelection {
  RowSelection ALL = (session, table, rows) -> rows;

  RowSource of(Session session, TargetTable table, RowSource rows) throws SQLException;
}
