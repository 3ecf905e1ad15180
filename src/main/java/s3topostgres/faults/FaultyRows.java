package s3topostgres.faults;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import s3topostgres.Fault;
import s3topostgres.Warning;
import s3topostgres.csv.RejectedRows;
import s3topostgres.csv.RowSource;
import s3topostgres.mode.Stage;
import s3topostgres.mode.StagedRows;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.scan.ScanResult;

/**
 * The rows of a stage of texts that have faults, and the malformed records of its files, which are
 * not even there.
 *
 * @param fields of the files
 * @param scans of the files, in their order
 * @param list all faults of these rows
 * @param staged how many of the rows are in the stage
 */
public record FaultyRows(
    Session session,
    Stage stage,
    List<ColumnTrial> fields,
    List<ScanResult> scans,
    FaultList list,
    long staged)
    implements RejectedRows {
  private static final String TABLE = "pg_temp.s3_load_rejected";

  /** So many are looked up in memory row by row, whatever the server's settings. */
  private static final long FEW = 10_000;

  /**
   * Collects the rows.
   *
   * @return how many there are in the stage
   */
  static long collect(Session session, Stage stage, List<ScanResult> scans) throws SQLException {
    session.execute(
        "CREATE TEMPORARY TABLE s3_load_rejected ON COMMIT DROP AS SELECT DISTINCT place FROM %s"
            .formatted(FaultTable.NAME));
    Long[] firstRows = stage.file().firstRows();
    for (int i = 0; i < scans.size(); i++) {
      long before = firstRows[i] - 1;
      Long[] rows =
          scans.get(i).refusedValues().stream().map(row -> before + row).toArray(Long[]::new);
      if (rows.length > 0) {
        session.execute(
            """
            INSERT INTO %1$s
            SELECT %2$s
            FROM (SELECT %2$s, row_number() OVER (ORDER BY %2$s) AS row FROM %3$s) AS numbered
            WHERE row = ANY (?::bigint[])
            EXCEPT SELECT place FROM %1$s"""
                .formatted(TABLE, stage.number(), Stage.TABLE),
            (Object) rows);
      }
    }
    session.execute("ANALYZE " + TABLE);
    return session.one("SELECT count(*) FROM " + TABLE, row -> row.getLong(1));
  }

  @Override
  public long count() {
    return staged + malformed();
  }

  private long malformed() {
    return scans.stream().mapToLong(ScanResult::malformed).sum();
  }

  /** How many records the files have. */
  long records() {
    return stage.rows() + malformed();
  }

  @Override
  public List<Fault> faults() {
    return list.first();
  }

  /**
   * Whether the others can be loaded from the stage as from the file: each value has to be cast to
   * its type, no trigger may correct what looks like a fault, and no rule may rewrite an insertion,
   * because {@code COPY} knows none.
   */
  static boolean areCertain(Session session, TargetTable table, List<ColumnTrial> fields)
      throws SQLException {
    return fields.stream().allMatch(ColumnTrial::isCast)
        && !session.exists(
            """
            WITH family AS (
              SELECT ?::oid AS oid UNION SELECT relid FROM pg_partition_tree(?::oid))
            SELECT FROM pg_trigger JOIN family ON family.oid = tgrelid
            -- 2 is the bit of BEFORE, 4 that of INSERT.
            WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 6 = 6
            UNION ALL
            SELECT FROM pg_rewrite JOIN family ON family.oid = ev_class WHERE ev_type = '3'""",
            table.oid(),
            table.oid());
  }

  @Override
  public Optional<String> values(List<Column> columns) throws SQLException {
    List<String> names = columns.stream().map(Column::name).toList();
    Optional<List<ColumnTrial>> parts = ColumnTrial.named(names, fields);
    boolean unreadable =
        malformed() > 0
            || parts.isEmpty()
            || scans.stream()
                .anyMatch(scan -> names.stream().anyMatch(scan.byColumn()::containsKey))
            || session.exists(
                "SELECT FROM %s WHERE field IN (%s)"
                    .formatted(
                        FaultTable.NAME,
                        ColumnTrial.joined(
                            parts.get(), ", ", part -> Integer.toString(part.place()))));
    return unreadable ? Optional.empty() : Optional.of(typed(parts.get(), "IN", "true"));
  }

  /** The query of the rows that are among these, or are not, with typed values and their number. */
  private String typed(List<ColumnTrial> parts, String in, String numbers) {
    return """
        SELECT %1$s, %2$s
        FROM (
          SELECT * FROM %3$s WHERE %1$s %4$s (SELECT place FROM %5$s) AND %7$s
          OFFSET 0 -- So that no value is cast before this condition is looked at.
        ) AS texts%6$s"""
        .formatted(
            stage.number(),
            ColumnTrial.joined(parts, ", ", ColumnTrial::cast),
            Stage.ASIDE,
            in,
            TABLE,
            staged > FEW ? " ORDER BY " + stage.number() : "",
            numbers);
  }

  /** How many other rows there are. */
  public long othersCount() {
    return stage.rows() - staged;
  }

  /** Sets the stage aside, and takes the other rows of it for a load. */
  RowSource takeOthers(List<Warning> warnings) throws SQLException {
    return new StagedRows(
        session,
        stage.table(),
        stage.setAside(),
        numbers -> typed(fields, "NOT IN", numbers),
        Stream.concat(warnings.stream(), Stream.of(warning())).toList(),
        Optional.of(this));
  }

  /** Says which rows are left out. */
  public Warning warning() {
    Fault first = faults().get(0);
    return new Warning(
        first.part().orElse(null),
        first.lineOrNull(),
        null,
        count(),
        "Left out, because of faults (MAX_REJECTED_ROWS): %s. Correct these rows and upload the file again."
            .formatted(list.count() == 1 ? first : list.summary()));
  }
}
