package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.FileLine;
import s3topostgres.LoadException;
import s3topostgres.mode.VirtualColumns.VirtualColumn;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Finds the staged row for which the database refused a statement on the target table, as its error
 * names no line.
 */
record StagedFault(Session session, TargetTable table, Stage stage) {

  /**
   * Makes the failure of the load, with the line if that is found. The statement was rolled back.
   */
  LoadException explain(SQLException e) throws SQLException {
    LoadException failure = ImportErrors.row(e, table);
    return switch (e.getSQLState()) {
      case SqlState.NOT_NULL_VIOLATION -> withoutValue(failure);
      case SqlState.EXCLUSION_VIOLATION -> overlapping(failure);
      case SqlState.CHECK_VIOLATION -> withEmptyPeriod(failure);
      default -> notComputed(failure);
    };
  }

  private LoadException withoutValue(LoadException failure) throws SQLException {
    Optional<Column> empty =
        stage.columns().stream()
            .filter(column -> failure.column().filter(column.name()::equals).isPresent())
            .findFirst();
    return empty.isEmpty()
        ? failure
        : stage
            .firstLine(empty.get().quoted() + " IS NULL")
            .map(line -> failure.at(line, failure.column()))
            .orElse(failure);
  }

  /** Two rows of the file; if there are none, one of them is the table's. */
  private LoadException overlapping(LoadException failure) throws SQLException {
    for (PeriodKey key : PeriodKey.of(session, table)) {
      if (!stage.columns().containsAll(key.columns())
          || !failure.why().contains("constraint " + key.name() + ")")) {
        continue;
      }
      key.findOverlaps(session, "SELECT * FROM " + stage.source(), stage.number(), true);
      List<long[]> first =
          session.query(
              "SELECT earlier, later FROM %s ORDER BY later LIMIT 1".formatted(PeriodKey.OVERLAPS),
              row -> new long[] {row.getLong("earlier"), row.getLong("later")});
      if (!first.isEmpty()) {
        return failure
            .code()
            .failure(
                "%s, that of %s".formatted(key.reason(), stage.line(first.get(0)[0])),
                failure.whatToDo())
            .at(stage.line(first.get(0)[1]), Optional.empty())
            .sqlState(SqlState.EXCLUSION_VIOLATION);
      }
    }
    return failure;
  }

  private LoadException withEmptyPeriod(LoadException failure) throws SQLException {
    for (PeriodKey key : PeriodKey.of(session, table)) {
      if (failure.why().equals(ImportErrors.EMPTY_PERIOD)
          && stage.columns().contains(key.period())) {
        Optional<FileLine> line = stage.firstLine("isempty(%s)".formatted(key.period().quoted()));
        if (line.isPresent()) {
          return failure.at(line.get(), Optional.of(key.period().name()));
        }
      }
    }
    return failure;
  }

  private LoadException notComputed(LoadException failure) throws SQLException {
    record Row(long place, String state) {}
    for (VirtualColumn column : VirtualColumns.of(session, table).columns()) {
      if (stage.columns().containsAll(column.from())
          && VirtualColumns.findFaults(
              session, column, "SELECT * FROM " + stage.source(), stage.number())) {
        Row first =
            session
                .query(
                    "SELECT place, state FROM pg_temp.s3_load_compute() ORDER BY place LIMIT 1",
                    row -> new Row(row.getLong("place"), row.getString("state")))
                .get(0);
        return failure
            .code()
            .failure(VirtualColumns.reason(column.name(), first.state), failure.whatToDo())
            .at(stage.line(first.place), Optional.empty())
            .sqlState(first.state);
      }
    }
    return failure;
  }
}
