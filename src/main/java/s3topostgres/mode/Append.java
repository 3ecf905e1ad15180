package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/** Adds the rows of the file to those of the table. Nobody waits. */
public final class Append implements LoadMode {

  @Override
  public String label() {
    return "append";
  }

  @Override
  public boolean runsSideBySide() {
    return true;
  }

  @Override
  public FaultScope faultScope() {
    return FaultScope.ADDED_ROWS;
  }

  @Override
  public String privileges() {
    return "SELECT, INSERT";
  }

  @Override
  public String check(Session session, TargetTable table) throws SQLException {
    table.requirePrivileges(List.of("INSERT"), privileges());
    table.refuseRowSecurity(session);
    return "may be added to";
  }

  @Override
  public LoadOutcome load(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    progress.accept("importing");
    return LoadOutcome.simply(rows.into(table.name()));
  }
}
