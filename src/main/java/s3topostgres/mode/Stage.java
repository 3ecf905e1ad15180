package s3topostgres.mode;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.FileLine;
import s3topostgres.LoadException;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * The stage: a temporary table with the file's columns and without the target's constraints, which
 * receives the file first. Its column {@link #number} numbers the rows in the file's order. It is
 * dropped at the end of the transaction.
 *
 * @param file whose rows were imported
 * @param rows how many were imported
 * @param source the table with the rows to merge: the stage, or one derived from it
 */
public record Stage(Session session, TargetTable table, RowSource file, long rows, String source) {
  /** The stage's name for {@code AFTER_LOAD_SQL} and {@code aws_s3}. */
  static final String NAME = "s3_load_stage";

  /** The stage's name in our own statements. */
  public static final String TABLE = "pg_temp." + NAME;

  /** The name of a stage after {@link #setAside}. */
  public static final String ASIDE = "pg_temp.s3_load_texts";

  /** Creates a stage and imports the rows. */
  public static Stage fill(Session session, TargetTable table, RowSource rows) throws SQLException {
    return fill(session, table, rows, definition(rows.columns()));
  }

  /** Columns as {@code CREATE TABLE} defines them, without constraints. */
  static String definition(List<Column> columns) {
    return columns.stream()
        .map(column -> column.quoted() + " " + column.type() + column.collation())
        .collect(joining(", "));
  }

  /** Creates a stage of texts, whatever the types of the columns, and imports the rows. */
  public static Stage fillWithTexts(Session session, TargetTable table, RowSource rows)
      throws SQLException {
    requirePrivilege(session); // LOAD_MODE=replace and append need it for this only.
    String definition =
        rows.columns().stream().map(column -> column.quoted() + " text").collect(joining(", "));
    return fill(session, table, rows, definition);
  }

  private static Stage fill(Session session, TargetTable table, RowSource rows, String definition)
      throws SQLException {
    session.execute(
        """
        CREATE TEMPORARY TABLE %s (%s, %s bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000)) ON COMMIT DROP"""
            .formatted(NAME, definition, number(table)));
    requireFirstOnPath(session);
    return new Stage(session, table, rows, rows.into(NAME), TABLE);
  }

  /** Refuses a search path on which another table hides the stage, and would receive the rows. */
  private static void requireFirstOnPath(Session session) throws SQLException {
    if (!session.exists("SELECT WHERE to_regclass('%s') = '%s'::regclass".formatted(NAME, TABLE))) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          "another table " + NAME + " comes before the temporary one on the search path",
          "Rename it, or put pg_temp first in the search_path of the database user.");
    }
  }

  /**
   * Lets {@code AFTER_LOAD_SQL} read the rows as from a stage after an import into an empty table.
   * A view has no {@code ON COMMIT DROP}, so it hangs on a table that has.
   */
  static void show(Session session, TargetTable table, List<Column> columns) throws SQLException {
    session.execute(
        """
        CREATE TEMPORARY TABLE s3_load_shown () ON COMMIT DROP;
        CREATE TEMPORARY VIEW %s AS SELECT %s, row_number() OVER () AS %s
        FROM %s LEFT JOIN pg_temp.s3_load_shown ON false"""
            .formatted(NAME, list("", columns), number(table), table.name()));
  }

  /**
   * Refuses a database user who may not create a stage.
   *
   * @throws LoadException {@code TABLE_UNUSABLE}
   */
  public static void requirePrivilege(Session session) throws SQLException {
    if (!mayBeCreated(session)) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          "the database user may not create temporary tables, and the file is imported into one first",
          "GRANT TEMPORARY ON DATABASE ... TO the user.");
    }
  }

  static boolean mayBeCreated(Session session) throws SQLException {
    return session.exists("SELECT WHERE has_database_privilege(current_database(), 'TEMPORARY')");
  }

  private static String number(TargetTable table) {
    return table.free("s3_load_row");
  }

  /** The name of the column that numbers the rows from 1; quoting is not needed. */
  public String number() {
    return number(table);
  }

  /** The file's fields that are columns of the table. */
  public List<Column> columns() {
    return file.columns().stream().filter(table.columns()::contains).toList();
  }

  /** All of the file's fields. */
  public List<Column> fields() {
    return file.columns();
  }

  /** Renames the stage, so that there can be another one, which takes its rows. */
  public Stage setAside() throws SQLException {
    session.execute("ALTER TABLE %s RENAME TO s3_load_texts".formatted(TABLE));
    return from(ASIDE);
  }

  /** The stage of the same file, with another table of rows to merge. */
  public Stage from(String source) {
    return new Stage(session, table, file, rows, source);
  }

  /**
   * Collects the statistics for a join with the target table, and checks the row keys.
   *
   * @throws LoadException {@code ROW_REJECTED} when a row has no row key, or two have the same
   */
  void prepare(Optional<RowKey> key) throws SQLException {
    session.execute("ANALYZE %s (%s)".formatted(source, key.map(RowKey::list).orElse(number())));
    if (key.isPresent() && source.equals(TABLE)) {
      StagedKeyChecks keys = new StagedKeyChecks(session, this, key.get());
      keys.requireValues();
      keys.requireNoDuplicates();
    }
  }

  /** The line of the first row for which a condition holds. */
  Optional<FileLine> firstLine(String condition) throws SQLException {
    long row =
        session.one(
            "SELECT min(%s) FROM %s WHERE %s".formatted(number(), source, condition),
            result -> result.getLong(1));
    return row == 0 ? Optional.empty() : Optional.of(line(row));
  }

  public FileLine line(long row) throws SQLException {
    return lines(List.of(row)).get(row);
  }

  /**
   * Finds the physical lines on which rows end. Line breaks within quotes count.
   *
   * @param rows their numbers, each once
   * @return the line of each row, by its number
   */
  public Map<Long, FileLine> lines(Collection<Long> rows) throws SQLException {
    if (file instanceof StagedRows staged) {
      return staged.stage().lines(rows);
    }
    Map<Long, FileLine> lines = new HashMap<>();
    session.query(
        """
        SELECT place, row, asked,
          coalesce(sum(breaks) OVER (
            PARTITION BY width_bucket(row, ?::bigint[]) ORDER BY place), 0) AS breaks
        FROM (
          SELECT place, row, asked IS NOT NULL AS asked, breaks
          FROM (
            -- A second attempt to import continues the numbers of the first.
            SELECT %1$s AS place, row_number() OVER (ORDER BY %1$s) AS row,
              CASE WHEN %4$s THEN ( -- Whole rows as texts take ten times as long.
                SELECT length(text) - length(translate(text, E'\\n\\r', ''))
                FROM replace(ROW(%2$s)::text, E'\\r\\n', E'\\n') AS text) END AS breaks
            FROM %3$s WHERE %1$s <= ?) AS numbered
            LEFT JOIN unnest(?::bigint[]) AS asked ON asked = place
          WHERE asked IS NOT NULL OR breaks > 0) AS counted"""
            .formatted(
                number(),
                list("", file.columns()),
                source.equals(ASIDE) ? ASIDE : TABLE,
                hasLineBreak(file.columns())),
        row ->
            row.getBoolean("asked")
                ? lines.put(
                    row.getLong("place"), file.line(row.getLong("row"), row.getLong("breaks")))
                : null,
        file.firstRows(),
        rows.stream().mapToLong(row -> row).max().orElse(0),
        rows.toArray(Long[]::new));
    return lines;
  }

  /** Whether COPY may count lines differently, because values have line breaks. */
  public static boolean hasBrokenLines(Session session, RowSource file) throws SQLException {
    return file.headerLines() > 1
        || session.exists(
            "SELECT FROM %s WHERE %s LIMIT 1".formatted(TABLE, hasLineBreak(file.columns())));
  }

  private static String hasLineBreak(List<Column> columns) {
    // A nondeterministic collation knows no LIKE.
    return columns.stream()
        .map(
            column ->
                "%1$s::text COLLATE \"C\" LIKE E'%%\\n%%' OR %1$s::text COLLATE \"C\" LIKE E'%%\\r%%'"
                    .formatted(column.quoted()))
        .collect(joining(" OR "));
  }

  /** Columns for SQL, each with a prefix, separated by commas. */
  public static String list(String prefix, List<Column> columns) {
    return columns.stream().map(column -> prefix + column.quoted()).collect(joining(", "));
  }
}
