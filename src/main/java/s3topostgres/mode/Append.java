package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/**
 * Adds the rows of the file to those of the table. Nobody waits.
 *
 * @param stages whether a load may need a stage, because fields or rows are left out
 */
public record Append(boolean stages) implements LoadMode {

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
    boolean computed = !VirtualColumns.of(session, table).isEmpty();
    table.requirePrivileges(
        computed ? List.of("SELECT", "INSERT") : List.of("INSERT"), privileges());
    table.refuseRowSecurity(session);
    if (computed || stages) {
      Stage.requirePrivilege(session);
    }
    return "may be added to";
  }

  @Override
  public LoadOutcome load(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    progress.accept("importing");
    boolean isSearched =
        ColumnSequence.of(session, table, rows.columns()).stream()
            .allMatch(ColumnSequence::isIndexed);
    boolean throughStage =
        !table.columns().containsAll(rows.columns())
            || !VirtualColumns.of(session, table).isEmpty()
            || !isSearched && Stage.mayBeCreated(session);
    if (!throughStage) {
      return LoadOutcome.simply(
          rows.into(table.name()), Optional.of(table.name()).filter(any -> isSearched));
    }
    // In the table, nothing tells the file's rows from others.
    StagedRows staged = StagedRows.of(session, table, rows);
    progress.accept("inserting");
    return LoadOutcome.simply(staged.into(table.name()), Optional.of(Stage.TABLE));
  }
}
