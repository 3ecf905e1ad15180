package s3topostgres.faults;

import static java.util.stream.Collectors.toSet;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Warning;
import s3topostgres.config.RowLimit;
import s3topostgres.csv.RowSource;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.Stage;
import s3topostgres.mode.VirtualColumns;
import s3topostgres.mode.VirtualColumns.VirtualColumn;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.scan.ScanResult;

/**
 * Finds the faults of a file: values that do not fit the types of their columns, missing values,
 * duplicate keys, and broken checks. The file is imported into a stage of texts; of the target
 * table only the catalogue is read.
 */
public record FaultSearch(Session session, TargetTable table, Stage stage) {
  /**
   * @param rows of the file; empty if it could not be read to its end
   * @param end the line that hides those after it; empty if there is none
   * @param warnings about what would be loaded
   * @param exactInTable whether the rows are added to others, so that a duplicate key may be in the
   *     table, and a load's failure has a line as exact as those found
   * @param faulty all rows with faults; empty if not all are known for certain
   */
  public record Result(
      OptionalLong rows,
      FaultList faults,
      Optional<LoadException> end,
      List<Warning> warnings,
      boolean exactInTable,
      Optional<FaultyRows> faulty) {

    /** Lists the faults in the failure of a load. */
    public LoadException explain(LoadException failure) {
      LoadException explained = faults.explain(failure, exactInTable);
      return end.filter(ImportErrors::isMalformed).isPresent()
          ? TrialImport.withoutLaterLines(explained)
          : explained;
    }

    /** How many rows may be left out, where so many have faults. */
    public long mayLeaveOut(Optional<RowLimit> limit) {
      return limit.isEmpty() || faulty.isEmpty() ? 0 : limit.get().most(faulty.get().records());
    }

    /** The rows to leave out; empty where there are none, too many, or not all are known. */
    public Optional<FaultyRows> leftOut(Optional<RowLimit> limit) {
      return faulty.filter(rows -> rows.count() > 0 && rows.count() <= mayLeaveOut(limit));
    }
  }

  /**
   * The failure of a file whose form is wrong, whatever table it is for; empty if it is right or
   * not looked at.
   */
  public static Optional<LoadException> malformed(RowSource file) throws SQLException {
    List<ScanResult> scans = new ArrayList<>();
    file.scanned(scans);
    return new FaultList(List.of(), Map.of(), true, List.of(), List.of()).and(scans).failure();
  }

  /**
   * Looks at a file in the session's transaction, which has to be rolled back afterwards.
   *
   * @param key the columns that the mode finds rows by; may be empty
   * @param scope what can be said about the rows
   * @param nullText the word of {@code CSV_NULL}; may be empty
   * @throws LoadException when the file cannot be imported, for another reason than a row
   */
  public static Result find(
      Session session,
      TargetTable table,
      RowSource rows,
      List<String> key,
      LoadMode.FaultScope scope,
      String nullText)
      throws SQLException {
    List<ScanResult> scans = new ArrayList<>();
    Stage stage;
    try {
      stage = Stage.fillWithTexts(session, table, rows.scanned(scans));
    } catch (LoadException e) {
      if (e.code() != ErrorCode.ROW_REJECTED) {
        throw e;
      }
      return new Result(
          OptionalLong.empty(),
          FaultList.stoppedBy(e).and(scans),
          Optional.of(e),
          List.of(),
          false,
          Optional.empty());
    }
    boolean complete = scope != LoadMode.FaultScope.VALUES;
    FaultSearch search = new FaultSearch(session, table, stage);
    List<ColumnTrial> fields = ColumnTrial.of(session, table, stage.columns(), key, complete);
    boolean all = new ValueTrial(session, stage, nullText).run(fields);
    if (all && complete) {
      new KeyTrial(session, table, search.typed(), fields).run(key);
      search.computeColumns(fields);
      all = search.evaluateChecks(fields);
    }
    long staged = FaultyRows.collect(session, stage, scans);
    search.leaveOutNullMarks(
        scans.stream().flatMap(scan -> scan.byColumn().keySet().stream()).collect(toSet()));
    FaultList faults = new FaultTable(session, table, stage).read(all, nullText).and(scans);
    boolean isKnown = complete && faults.all() && FaultyRows.areCertain(session, table, fields);
    return new Result(
        OptionalLong.of(stage.rows()),
        faults,
        Optional.empty(),
        Warning.together(
            Stream.concat(
                rows.warnings().stream(),
                scans.stream().flatMap(scan -> scan.warnings().stream()))),
        scope == LoadMode.FaultScope.ADDED_ROWS && !Stage.hasBrokenLines(session, rows),
        Optional.of(new FaultyRows(session, stage, fields, scans, faults, staged))
            .filter(rowsWithFaults -> isKnown));
  }

  /**
   * Drops the faults of values that are {@code \N} in columns in which the scan has found some: to
   * say that one is not a number, too, would hide that it means a missing value.
   */
  private void leaveOutNullMarks(Set<String> columns) throws SQLException {
    for (Column column : stage.columns()) {
      if (columns.contains(column.name())) {
        session.execute(
            "DELETE FROM %s AS f USING %s AS s WHERE f.place = s.%s AND f.field = %d AND s.%s = '\\N'"
                .formatted(
                    FaultTable.NAME,
                    Stage.TABLE,
                    stage.number(),
                    stage.columns().indexOf(column) + 1,
                    column.quoted()));
      }
    }
  }

  private TypedRows typed() {
    return new TypedRows(stage);
  }

  /** Computes the virtual generated columns of which the file has all that they depend on. */
  private void computeColumns(List<ColumnTrial> fields) throws SQLException {
    for (VirtualColumn column : VirtualColumns.of(session, table).columns()) {
      List<String> names = column.from().stream().map(Column::name).toList();
      Optional<List<ColumnTrial>> parts = ColumnTrial.named(names, fields);
      if (parts.filter(found -> !found.isEmpty()).isPresent()
          && VirtualColumns.findFaults(session, column, typed().of(parts.get()), stage.number())) {
        session.execute(
            "INSERT INTO %s (place, state, broken) SELECT place, state, ? FROM pg_temp.s3_load_compute()"
                .formatted(FaultTable.NAME),
            column.name());
        session.execute("DROP FUNCTION pg_temp.s3_load_compute()");
      }
    }
  }

  /**
   * Evaluates the checks whose columns the file has. A check that fails on a row, instead of being
   * false, is left to the load's own error. So is a check that uses what the user may not.
   *
   * @return false when another session locks the table, so that its checks cannot be read
   */
  private boolean evaluateChecks(List<ColumnTrial> fields) throws SQLException {
    List<CheckConstraint> checks;
    try {
      checks = session.inSavepoint(this::checks);
    } catch (SQLException e) {
      if (!SqlState.LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
        throw e;
      }
      return false;
    }
    for (CheckConstraint check : checks) {
      Optional<List<ColumnTrial>> parts = ColumnTrial.named(check.columns, fields);
      if (parts.isPresent()) {
        evaluate(check, parts.get());
      }
    }
    return true;
  }

  /**
   * @param reason that a row is told to break it, as SQL writes the text
   */
  private record CheckConstraint(String reason, String expression, List<String> columns) {}

  private List<CheckConstraint> checks() throws SQLException {
    return session.query(
        """
        SELECT quote_literal('breaks the check ' || c.conname) AS reason,
          pg_get_expr(c.conbin, c.conrelid) AS expression,
          ARRAY(
            SELECT a.attname::text
            FROM unnest(c.conkey) AS k (attnum)
              -- 0 stands for the whole row.
              LEFT JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum) AS columns
        FROM pg_constraint c
        WHERE c.conrelid = ?::oid AND c.contype = 'c' AND cardinality(c.conkey) > 0
          AND %s
        ORDER BY c.conname"""
            .formatted(TargetTable.ENFORCED),
        row ->
            new CheckConstraint(
                row.getString("reason"),
                row.getString("expression"),
                Arrays.asList((String[]) row.getArray("columns").getArray())),
        table.oid());
  }

  private void evaluate(CheckConstraint check, List<ColumnTrial> fields) throws SQLException {
    // Nothing is bound, because an expression may have an operator of that name: ?
    String insert =
        "INSERT INTO %s (place, reason) SELECT %s, %s FROM (%s) AS typed WHERE NOT (%s)"
            .formatted(
                FaultTable.NAME,
                stage.number(),
                check.reason,
                typed().of(fields),
                check.expression);
    try {
      session.inSavepoint(() -> session.update(insert));
    } catch (SQLException e) {
      if (!ImportErrors.isRowRejected(e) && !SqlErrors.isNameRefused(e)) {
        throw e;
      }
    }
  }
}
