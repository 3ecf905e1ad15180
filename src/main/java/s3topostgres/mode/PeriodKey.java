package s3topostgres.mode;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * A key {@code WITHOUT OVERLAPS}, since Postgres 18: no two rows with the same values in its first
 * columns have periods that overlap, and no period is empty.
 *
 * @param name of the constraint
 * @param columns in the key's order; the last one has the period, a range or multirange
 * @param equals the operators by which the others are compared, with their schemas
 * @see <a
 *     href="https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-PARMS-UNIQUE">UNIQUE</a>
 */
public record PeriodKey(String name, List<Column> columns, List<String> equals) {
  /** The temporary table in which {@link #findOverlaps} leaves what it finds. */
  public static final String OVERLAPS = "pg_temp.s3_load_overlaps";

  /** Reads the catalogue; takes no lock on the table. */
  public static List<PeriodKey> of(Session session, TargetTable table) throws SQLException {
    return session.query(
        """
        SELECT c.conname AS name,
          ARRAY(
            SELECT a.attname::text
            FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, place)
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
            ORDER BY place) AS columns,
          ARRAY(
            SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
            FROM unnest(c.conexclop) WITH ORDINALITY AS x (oid, place)
              JOIN pg_operator o ON o.oid = x.oid JOIN pg_namespace n ON n.oid = o.oprnamespace
            ORDER BY place) AS operators
        FROM pg_constraint c
        WHERE c.conrelid = ?::oid AND c.contype IN ('p', 'u')
          AND to_jsonb(c)->>'conperiod' = 'true'
        ORDER BY c.conname""",
        row ->
            new PeriodKey(
                row.getString("name"),
                table.columns(List.of((String[]) row.getArray("columns").getArray())),
                List.of((String[]) row.getArray("operators").getArray())),
        table.oid());
  }

  /** The column with the period. */
  public Column period() {
    return columns.get(columns.size() - 1);
  }

  /** Why a row is refused whose period overlaps another's, as for any exclusion constraint. */
  public String reason() {
    return "conflicts with another row in %s (constraint %s)"
        .formatted(columns.stream().map(Column::quoted).collect(joining(", ")), name);
  }

  /**
   * Fills a temporary table with the {@code later} of two rows that the key forbids together, and
   * the first {@code earlier} one.
   *
   * @param rows the query of typed rows of the file, with all columns of the key
   * @param number the column that numbers them
   * @param equalToo whether to find rows whose periods are equal, too
   */
  public void findOverlaps(Session session, String rows, String number, boolean equalToo)
      throws SQLException {
    List<String> conditions = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      conditions.add("a.%1$s %2$s b.%1$s".formatted(columns.get(i).quoted(), equals.get(i)));
    }
    if (!equalToo) {
      conditions.add("a.%1$s OPERATOR(pg_catalog.<>) b.%1$s".formatted(period().quoted()));
    }
    session.execute(
        """
        DROP TABLE IF EXISTS %1$s;
        CREATE TEMPORARY TABLE s3_load_periods ON COMMIT DROP AS %2$s;
        -- Many rows may have the same values but for the period.
        CREATE INDEX ON pg_temp.s3_load_periods USING gist (%3$s);
        ANALYZE pg_temp.s3_load_periods;
        CREATE TEMPORARY TABLE s3_load_overlaps ON COMMIT DROP AS
        SELECT b.%4$s AS later, min(a.%4$s) AS earlier
        FROM pg_temp.s3_load_periods AS a JOIN pg_temp.s3_load_periods AS b
          ON a.%4$s < b.%4$s AND %5$s
        GROUP BY b.%4$s;
        DROP TABLE pg_temp.s3_load_periods"""
            .formatted(
                OVERLAPS, rows, Stage.list("", columns), number, String.join(" AND ", conditions)));
  }
}
