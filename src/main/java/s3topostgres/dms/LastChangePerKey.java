package s3topostgres.dms;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.LoadException;
import s3topostgres.mode.RowKey;
import s3topostgres.mode.Stage;
import s3topostgres.mode.StagedKeyChecks;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Reduces a stage of changes to the last change of each row key, without a look at the target
 * table.
 */
record LastChangePerKey(Session session, TargetTable table, Stage stage, RowKey key) {
  /**
   * Applies the lines of each row key one after the other. The {@link Stage#source} of the returned
   * stage has a row for each row key, with the number of its line, or without one where the row is
   * deleted.
   *
   * @throws LoadException {@code ROW_REJECTED} when a line has no row key or no operation
   */
  Stage find() throws SQLException {
    new StagedKeyChecks(session, stage, key).requireValues();
    Optional<Column> operation =
        Optional.of(DmsFields.operation(table)).filter(stage.fields()::contains);
    if (operation.isPresent()) {
      refuseOtherOperations(operation.get().quoted());
    }
    session.execute(
        """
        CREATE TEMPORARY TABLE s3_load_last ON COMMIT DROP AS
        SELECT CASE WHEN NOT last.%1$s THEN last.%2$s END AS %2$s, %3$s
        FROM (
          SELECT DISTINCT ON (%4$s) %4$s, %2$s, %1$s
          FROM (
            SELECT %4$s, %2$s, %5$s AS %1$s FROM %6$s
            %7$s) AS lines
          -- A line whose key changes to an equal one keeps the row.
          ORDER BY %4$s, %2$s DESC, %1$s) AS last
        JOIN %6$s AS s USING (%2$s)"""
            .formatted(
                table.free("s3_load_gone"),
                stage.number(),
                stage.columns().stream()
                    .map(
                        column ->
                            (key.columns().contains(column) ? "last." : "s.") + column.quoted())
                    .collect(joining(", ")),
                key.list(),
                operation.map(column -> column.quoted() + " = 'D'").orElse("false"),
                Stage.TABLE,
                formerKeys()));
    return stage.from("pg_temp.s3_load_last");
  }

  /** The query of former row keys, whose rows are deleted; empty if the file does not have them. */
  private String formerKeys() {
    List<Column> told =
        key.columns().stream()
            .map(column -> DmsFields.before(table, column))
            .filter(stage.fields()::contains)
            .toList();
    if (told.isEmpty()) {
      return "";
    }
    String former =
        key.columns().stream()
            .map(
                column ->
                    told.contains(DmsFields.before(table, column))
                        ? "coalesce(%s, %s)"
                            .formatted(DmsFields.before(table, column).quoted(), column.quoted())
                        : column.quoted())
            .collect(joining(", "));
    return "UNION ALL SELECT %s, %s, true FROM %s WHERE coalesce(%s) IS NOT NULL"
        .formatted(
            former,
            stage.number(),
            Stage.TABLE,
            told.stream().map(c -> c.quoted() + "::text").collect(joining(", ")));
  }

  private void refuseOtherOperations(String operation) throws SQLException {
    long row =
        session.one(
            "SELECT min(%s) FROM %s WHERE coalesce(%s, '') NOT IN ('I', 'U', 'D')"
                .formatted(stage.number(), Stage.TABLE, operation),
            result -> result.getLong(1));
    if (row > 0) {
      throw DmsFields.noOperation().at(stage.line(row), Optional.empty());
    }
  }
}
