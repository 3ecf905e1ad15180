package s3topostgres.mode;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.ErrorCode;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * The virtual generated columns of a table, which Postgres 18 and later compute when they are read,
 * and not before. A load computes them for the rows that it writes: after the commit of one whose
 * value cannot be computed, every query that reads it would fail.
 *
 * @see <a href="https://www.postgresql.org/docs/current/ddl-generated-columns.html">Generated
 *     columns</a>
 */
public record VirtualColumns(List<VirtualColumn> columns) {
  /**
   * A virtual generated column.
   *
   * @param name as it is in the catalogue
   * @param quoted as it is written in SQL
   * @param expression that computes it, in which columns have no table
   * @param from the columns in that expression
   */
  public record VirtualColumn(String name, String quoted, String expression, List<Column> from) {}

  static final VirtualColumns NONE = new VirtualColumns(List.of());

  /** Reads the catalogue; takes no lock on the table. */
  public static VirtualColumns of(Session session, TargetTable table) throws SQLException {
    return new VirtualColumns(
        session.query(
            """
            SELECT a.attname AS name, quote_ident(a.attname) AS quoted,
              pg_get_expr(d.adbin, d.adrelid) AS expression,
              ARRAY(
                SELECT DISTINCT f.attname::text
                FROM pg_depend p JOIN pg_attribute f ON f.attrelid = p.refobjid AND f.attnum = p.refobjsubid
                WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                  AND p.refobjid = a.attrelid AND f.attnum NOT IN (0, a.attnum)) AS "from"
            FROM pg_attribute a
              JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = ?::oid AND NOT a.attisdropped AND a.attgenerated = 'v'
            ORDER BY a.attnum""",
            row ->
                new VirtualColumn(
                    row.getString("name"),
                    row.getString("quoted"),
                    row.getString("expression"),
                    table.columns(List.of((String[]) row.getArray("from").getArray()))),
            table.oid()));
  }

  boolean isEmpty() {
    return columns.isEmpty();
  }

  /**
   * What {@code RETURNING} is asked for, so that all columns of a written row are computed: an
   * integer.
   *
   * @param alias of the target table
   */
  String computed(String alias) {
    return isEmpty()
        ? "1"
        : columns.stream()
            .map(column -> alias + "." + column.quoted)
            .collect(joining(", ", "num_nulls(", ")"));
  }

  /**
   * Inserts or updates rows {@code t} of the table, and computes their columns.
   *
   * @param with the clause before the statement, or nothing
   * @return how many rows were written
   */
  long write(Session session, String with, String statement) throws SQLException {
    return isEmpty()
        ? session.update(with + " " + statement)
        : session.one(
            "%s written AS (%s RETURNING %s) SELECT count(*) FROM written"
                .formatted(with.isEmpty() ? "WITH" : with + ",", statement, computed("t")),
            row -> row.getLong(1));
  }

  /**
   * Computes the columns of all rows of a table that this load has filled.
   *
   * @throws s3topostgres.LoadException {@code ROW_REJECTED}, without a line, when that is not
   *     possible
   */
  void compute(Session session, TargetTable table) throws SQLException {
    for (VirtualColumn column : columns) {
      try {
        session.execute(
            "SELECT FROM %s WHERE num_nulls(%s) < 0".formatted(table.name(), column.quoted));
      } catch (SQLException e) {
        if (!ImportErrors.isRowRejected(e)) {
          throw e;
        }
        throw ErrorCode.ROW_REJECTED
            .failure(reason(column.name, e.getSQLState()), ImportErrors.CORRECT_THE_FILE)
            .sqlState(e.getSQLState());
      }
    }
  }

  /**
   * Makes the function {@code pg_temp.s3_load_compute}, which returns the {@code place} of each row
   * for which a column cannot be computed, and the SQLSTATE as {@code state}.
   *
   * @param rows the query of typed rows of the file, with all columns of the expression
   * @param number the column that numbers them
   * @return false, and no function, if it can be computed for all rows
   */
  public static boolean findFaults(
      Session session, VirtualColumn column, String rows, String number) throws SQLException {
    // Nothing is bound, because an expression may have an operator of that name: ?
    String computing =
        "SELECT FROM (%s) AS typed WHERE num_nulls(%s) < 0".formatted(rows, column.expression);
    try {
      session.inSavepoint(() -> session.update(computing));
      return false;
    } catch (SQLException e) {
      if (!ImportErrors.isRowRejected(e)) {
        throw e;
      }
    }
    session.execute(
        """
        CREATE OR REPLACE FUNCTION pg_temp.s3_load_compute() RETURNS TABLE (place bigint, state text)
        LANGUAGE plpgsql AS '%s'"""
            .formatted(body(column, rows, number).replace("'", "''")));
    return true;
  }

  private static String body(VirtualColumn column, String rows, String number) {
    return """
        #variable_conflict use_column
        DECLARE
          r record;
        BEGIN
          FOR r IN SELECT * FROM (%s) AS typed LOOP
            BEGIN
              PERFORM %s FROM (SELECT %s) AS typed;
            EXCEPTION WHEN OTHERS THEN
              place := r.%s;
              state := SQLSTATE;
              RETURN NEXT;
            END;
          END LOOP;
        END"""
        .formatted(
            rows,
            column.expression,
            column.from.stream()
                .map(part -> "r.%1$s AS %1$s".formatted(part.quoted()))
                .collect(joining(", ")),
            number);
  }

  /** Why a row is refused: one clause without a full stop. */
  public static String reason(String column, String state) {
    String why =
        switch (state) {
          case SqlState.NUMBER_OUT_OF_RANGE -> "too large or too small";
          case SqlState.DIVISION_BY_ZERO -> "a division by zero";
          default -> "SQLSTATE " + state;
        };
    return "the generated column %s cannot be computed (%s)".formatted(column, why);
  }
}
