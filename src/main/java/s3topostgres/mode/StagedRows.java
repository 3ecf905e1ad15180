package s3topostgres.mode;

import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import s3topostgres.Warning;
import s3topostgres.csv.RejectedRows;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;

/**
 * The rows of a stage, for a mode that takes them as those of a file.
 *
 * @param query makes, of a condition for {@link Stage#number}, the query of the rows, with that
 *     number and values of the columns' types
 * @param warnings about the file
 * @param rejected the file's other rows; empty if there are none
 */
public record StagedRows(
    Session session,
    TargetTable table,
    Stage stage,
    UnaryOperator<String> query,
    List<Warning> warnings,
    Optional<RejectedRows> rejected)
    implements RowSource {

  /** Imports a file into a stage first, because its fields are not all columns of the table. */
  static StagedRows of(Session session, TargetTable table, RowSource file) throws SQLException {
    Stage.requirePrivilege(session);
    Stage stage = Stage.fill(session, table, file);
    return new StagedRows(
        session,
        table,
        stage,
        numbers -> "SELECT * FROM %s WHERE %s".formatted(stage.source(), numbers),
        file.warnings(),
        file.rejected());
  }

  @Override
  public List<Column> columns() {
    return stage.columns();
  }

  @Override
  public ObjectLocation location() {
    return stage.file().location();
  }

  @Override
  public long bytes() {
    return stage.file().bytes();
  }

  @Override
  public int headerLines() {
    return stage.file().headerLines();
  }

  /**
   * Inserts the rows in their order, in which a temporary table is read. Into another stage they
   * take their numbers along, which tell their lines.
   */
  @Override
  public long into(String name) throws SQLException {
    boolean toStage = name.equals(Stage.NAME);
    String columns = Stage.list("", columns()) + (toStage ? ", " + stage.number() : "");
    VirtualColumns virtualColumns =
        toStage ? VirtualColumns.NONE : VirtualColumns.of(session, table);
    Insert insert =
        numbers ->
            virtualColumns.write(
                session,
                "",
                "INSERT INTO %1$s AS t (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM (%3$s) AS staged"
                    .formatted(name, columns, query.apply(numbers)));
    try {
      return session.inSavepoint(
          () -> toStage || !defaultsReadKey() ? insert.of("true") : ofEachFile(insert));
    } catch (SQLException e) {
      if (!ImportErrors.isRowRejected(e)) {
        throw e;
      }
      throw stage.source().equals(Stage.ASIDE)
          ? ImportErrors.row(e, table)
          : new StagedFault(session, table, stage).explain(e);
    }
  }

  /** Inserts the rows whose numbers fulfil a condition. */
  private interface Insert {
    long of(String numbers) throws SQLException;
  }

  /** Whether a default says which of several files a row comes from. */
  private boolean defaultsReadKey() throws SQLException {
    return stage.file().locations().size() > 1
        && session.exists(
            """
            SELECT FROM pg_attrdef
            WHERE adrelid = ?::oid AND pg_get_expr(adbin, adrelid) LIKE '%s3\\_load.key%'""",
            table.oid());
  }

  private long ofEachFile(Insert insert) throws SQLException {
    List<ObjectLocation> files = stage.file().locations();
    Long[] firstRows = stage.file().firstRows();
    String whole = session.one("SELECT current_setting('s3_load.key')", row -> row.getString(1));
    Map<Long, Long> numbers = new HashMap<>();
    session.query(
        """
        SELECT row, %1$s FROM (SELECT %1$s, row_number() OVER (ORDER BY %1$s) AS row FROM %2$s) AS numbered
        WHERE row = ANY (?::bigint[])"""
            .formatted(stage.number(), stage.source()),
        row -> numbers.put(row.getLong(1), row.getLong(2)),
        (Object) firstRows);
    long rows = 0;
    for (int i = 0; i < files.size(); i++) {
      // A file without rows begins where the next one does, or behind all rows.
      Optional<Long> first = Optional.ofNullable(numbers.get(firstRows[i]));
      Optional<Long> next =
          i + 1 < files.size()
              ? Optional.ofNullable(numbers.get(firstRows[i + 1]))
              : Optional.empty();
      if (first.isPresent()) {
        describe(files.get(i).key());
        rows +=
            insert.of(
                "%1$s >= %2$d%3$s"
                    .formatted(
                        stage.number(),
                        first.get(),
                        next.map(end -> " AND %s < %d".formatted(stage.number(), end)).orElse("")));
      }
    }
    describe(whole);
    return rows;
  }

  private void describe(String objectKey) throws SQLException {
    session.execute("SELECT set_config('s3_load.key', ?, true)", objectKey);
  }
}
