package s3topostgres.mode;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.postgres.UniqueIndex;

/**
 * The columns that identify a row.
 *
 * @param unique whether the table has an index by which no two rows have the same
 */
public record RowKey(List<Part> parts, boolean unique) {

  /**
   * A column of the row key.
   *
   * @param equals the operator that compares the type; that of an extension may be in a schema that
   *     is not on the search path
   * @param cast to the type that has the operator; may be empty
   */
  public record Part(Column column, String equals, String cast) {}

  /**
   * Finds the row key that a setting names, or else the primary key.
   *
   * @param setting names of columns as the catalogue has them
   * @return empty when nothing is set and there is no primary key that a file can have
   * @throws LoadException {@code CONFIG_INVALID} when the setting names what cannot be a row key
   */
  static Optional<RowKey> find(Session session, TargetTable table, Optional<List<String>> setting)
      throws SQLException {
    if (setting.isPresent()) {
      List<Column> columns = setting.get().stream().map(name -> named(table, name)).toList();
      refuseIncomparable(session, columns);
    }
    List<Part> parts =
        session.query(
            """
            WITH RECURSIVE parts AS (
              SELECT a.attname::text AS name, a.atttypid AS type, place
              FROM unnest(coalesce(?::text[], (
                  SELECT array_agg(a.attname::text ORDER BY place)
                  FROM pg_constraint c
                    CROSS JOIN unnest(c.conkey) WITH ORDINALITY AS k (attnum, place)
                    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
                  WHERE c.conrelid = ?::oid AND c.contype = 'p'))) WITH ORDINALITY AS k (name, place)
                JOIN pg_attribute a ON a.attrelid = ?::oid AND a.attname::text = k.name
            ), base AS (
              SELECT name, type, place FROM parts
              UNION ALL
              SELECT name, t.typbasetype, place
              FROM base JOIN pg_type t ON t.oid = type WHERE t.typtype = 'd'
            )
            SELECT DISTINCT ON (place) name, coalesce(operator, 'OPERATOR(pg_catalog.=)') AS equals,
              -- A domain over an enum has no equality of its own.
              CASE t.typtype WHEN 'e' THEN '::' || format_type(t.oid, NULL) ELSE '' END AS cast
            FROM base
              JOIN pg_type t ON t.oid = type AND t.typtype <> 'd'
              LEFT JOIN LATERAL (
                SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname) AS operator
                FROM pg_opclass c
                  JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
                  JOIN pg_amop e ON e.amopfamily = c.opcfamily AND e.amopstrategy = 3
                    AND e.amoplefttype = c.opcintype AND e.amoprighttype = c.opcintype
                  JOIN pg_operator o ON o.oid = e.amopopr
                  JOIN pg_namespace n ON n.oid = o.oprnamespace
                WHERE c.opcdefault AND c.opcintype = type) AS own ON true
            ORDER BY place""",
            row ->
                new Part(
                    table.column(row.getString("name")).orElseThrow(),
                    row.getString("equals"),
                    row.getString("cast")),
            setting.map(names -> names.toArray(String[]::new)).orElse(null),
            table.oid(),
            table.oid());
    // A file has no value for a generated column, so a primary key with one does not identify rows.
    return parts.isEmpty() || parts.stream().anyMatch(part -> part.column().generated())
        ? Optional.empty()
        : Optional.of(new RowKey(parts, isUnique(session, table, names(parts))));
  }

  /**
   * Finds the row key for a mode that needs one.
   *
   * @throws LoadException {@code TABLE_UNUSABLE} when there is none
   */
  public static RowKey require(
      Session session, TargetTable table, Optional<List<String>> setting, String mode)
      throws SQLException {
    return find(session, table, setting)
        .orElseThrow(
            () ->
                ErrorCode.TABLE_UNUSABLE.failure(
                    "%s has no primary key, by which LOAD_MODE=%s would find its rows, or part of it is generated"
                        .formatted(table.name(), mode),
                    "Name the columns of a key in LOAD_KEY, or give the table a primary key."));
  }

  private static Column named(TargetTable table, String name) {
    Column found =
        table
            .column(name)
            .orElseThrow(
                () ->
                    table.unknownColumn(
                        "LOAD_KEY",
                        name,
                        "Write the names as in SQL, with capitals in double quotes."));
    if (found.generated()) {
      throw ErrorCode.CONFIG_INVALID.failure(
          "LOAD_KEY names %s, which the database generates from other columns".formatted(name),
          "Name those instead.");
    }
    return found;
  }

  /** Refuses types without an equality. Reads no table. */
  private static void refuseIncomparable(Session session, List<Column> columns)
      throws SQLException {
    String values =
        columns.stream()
            .map(column -> "(CAST(NULL AS %s))".formatted(column.type()))
            .collect(joining(", "));
    try {
      session.execute("SELECT WHERE false GROUP BY " + values);
    } catch (SQLException e) {
      if (SqlState.NO_SUCH_FUNCTION.equals(e.getSQLState())) {
        throw ErrorCode.CONFIG_INVALID
            .failure(
                "LOAD_KEY names a column of a type that has no equality, such as json or point",
                "Name other columns.")
            .sqlState(e.getSQLState());
      }
      throw e;
    }
  }

  private static boolean isUnique(Session session, TargetTable table, List<String> names)
      throws SQLException {
    return UniqueIndex.of(session, table).stream()
        .anyMatch(index -> index.ofAllRows() && names.containsAll(index.columns()));
  }

  private static List<String> names(List<Part> parts) {
    return parts.stream().map(part -> part.column().name()).toList();
  }

  /** The names of the columns, as in the catalogue. */
  List<String> names() {
    return names(parts);
  }

  public List<Column> columns() {
    return parts.stream().map(Part::column).toList();
  }

  /** Whether all columns of the row key are among these. */
  boolean isAmong(List<Column> columns) {
    return columns.containsAll(columns());
  }

  /**
   * Refuses a file without all columns of the row key.
   *
   * @throws LoadException {@code HEADER_MISMATCH}
   */
  public void requireAmong(List<Column> columns) {
    if (!isAmong(columns)) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the first line does not name all columns of the key (%s)".formatted(shown()),
          "Send them in every file; without them it is not known which rows are meant.");
    }
  }

  /** The columns for a message: {@code id, day}. */
  public String shown() {
    return String.join(", ", names(parts));
  }

  /** The columns for SQL, separated by commas. */
  public String list() {
    return parts.stream().map(part -> part.column().quoted()).collect(joining(", "));
  }

  /** The condition that a column of the row key is NULL. */
  String missing() {
    return parts.stream().map(part -> part.column().quoted() + " IS NULL").collect(joining(" OR "));
  }

  /** The condition that rows of two tables have the same row key. */
  String joined(String one, String other) {
    return parts.stream()
        .map(
            part ->
                "%1$s.%3$s %4$s %2$s.%3$s"
                    .formatted(one, other, part.column().quoted() + part.cast(), part.equals()))
        .collect(joining(" AND "));
  }
}
