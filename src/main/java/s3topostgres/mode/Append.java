package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/** The file's rows are added to those of the table. Nobody waits for that. */
final class Append implements LoadMode {

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
  public LoadOutcome load(Session session, TargetTable table, RowSource rows, Consumer<String> step)
      throws SQLException {
    step.accept("importing");
    return LoadOutcome.simply(rows.into(table.name()));
  }
}
