package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.ImportErrors;
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
    boolean staged = !VirtualColumns.of(session, table).isEmpty();
    table.requirePrivileges(staged ? List.of("SELECT", "INSERT") : List.of("INSERT"), privileges());
    table.refuseRowSecurity(session);
    if (staged) {
      Stage.requirePrivilege(session);
    }
    return "may be added to";
  }

  @Override
  public LoadOutcome load(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    progress.accept("importing");
    VirtualColumns virtualColumns = VirtualColumns.of(session, table);
    boolean isSearched =
        ColumnSequence.of(session, table, rows.columns()).stream()
            .allMatch(ColumnSequence::isIndexed);
    return !virtualColumns.isEmpty() || !isSearched && Stage.mayBeCreated(session)
        ? LoadOutcome.simply(
            throughStage(session, table, rows, virtualColumns, progress), Optional.of(Stage.TABLE))
        : LoadOutcome.simply(
            rows.into(table.name()), Optional.of(table.name()).filter(any -> isSearched));
  }

  /** Imports into a stage: in the table, nothing tells the file's rows from others. */
  private static long throughStage(
      Session session,
      TargetTable table,
      RowSource rows,
      VirtualColumns virtualColumns,
      Consumer<String> progress)
      throws SQLException {
    Stage stage = Stage.fill(session, table, rows);
    progress.accept("inserting");
    String insert =
        """
        WITH written AS (
          INSERT INTO %1$s AS t (%2$s) OVERRIDING SYSTEM VALUE
          SELECT %2$s FROM %3$s ORDER BY %4$s RETURNING %5$s)
        SELECT count(*) FROM written"""
            .formatted(
                table.name(),
                Stage.list("", stage.columns()),
                stage.source(),
                stage.number(),
                virtualColumns.computed("t"));
    try {
      return session.inSavepoint(() -> session.one(insert, row -> row.getLong(1)));
    } catch (SQLException e) {
      if (ImportErrors.isRowRejected(e)) {
        throw new StagedFault(session, table, stage).explain(e);
      }
      throw e;
    }
  }
}
