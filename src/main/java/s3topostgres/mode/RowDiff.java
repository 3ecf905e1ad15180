package s3topostgres.mode;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Stream;
import s3topostgres.history.RowCounts;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Compares the stage with the target table. The differences are in a temporary table {@code d}: the
 * place of a row of the target, or a row of the stage, or both for rows that belong together.
 *
 * <p>Rows are compared by their images, which works for every type. Values that are equal but
 * stored otherwise, such as 1.0 and 1.00, differ.
 *
 * @see <a
 *     href="https://www.postgresql.org/docs/current/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON">Composite
 *     type comparison</a>
 */
final class RowDiff {
  static final String TABLE = "pg_temp.s3_load_differences";

  /** The condition that {@code d} has the place of a row {@code t} of the target table. */
  private final String placed;

  private final String relation;
  private final String place;
  private final Session session;
  private final TargetTable table;
  private final Stage stage;
  private final Optional<RowKey> key;
  private final boolean whole;
  private final Optional<UnderNewer> under;
  private final VirtualColumns virtualColumns;

  /** The column that numbers rows with equal values, or equal row keys. */
  private final String turn;

  private final String digest;

  RowDiff(
      Session session,
      TargetTable table,
      Stage stage,
      Optional<RowKey> key,
      boolean whole,
      Optional<UnderNewer> under)
      throws SQLException {
    this.session = session;
    this.table = table;
    this.stage = stage;
    this.key = key;
    this.whole = whole;
    this.under = under;
    this.virtualColumns = VirtualColumns.of(session, table);
    this.relation = table.free("s3_load_relation");
    this.place = table.free("s3_load_place");
    this.placed = "t.tableoid = d.%s AND t.ctid = d.%s".formatted(relation, place);
    this.turn = table.free("s3_load_turn");
    this.digest = table.free("s3_load_digest");
  }

  /** Finds the differences; called while other writers of the table are locked out. */
  RowCounts find() throws SQLException {
    session.execute(
        """
        CREATE TEMPORARY TABLE s3_load_differences ON COMMIT DROP AS
        SELECT t.tableoid AS %1$s, t.ctid AS %2$s, s.%3$s, %8$s
        FROM %5$s
        -- A row to delete may not exist.
        WHERE (s.%3$s IS NOT NULL OR t.ctid IS NOT NULL) AND %9$s
          AND (s.%3$s IS NULL OR t.ctid IS NULL
            OR ROW(%4$s)::record OPERATOR(pg_catalog.*<>) ROW(%6$s)::record);
        ANALYZE %7$s (%2$s, %3$s)"""
            .formatted(
                relation,
                place,
                stage.number(),
                values(column -> ""),
                sides(),
                Stage.list("t.", stage.columns()),
                TABLE,
                values(column -> " AS " + column.quoted()),
                under.map(UnderNewer::applies).orElse("true")));
    return session.one(
        """
            SELECT count(*) FILTER (WHERE %1$s) AS inserted,
              count(*) FILTER (WHERE %2$s) AS updated,
              count(*) FILTER (WHERE %3$s) AS deleted
            FROM %4$s AS d"""
            .formatted(added(), paired(), removed(), TABLE),
        row ->
            new RowCounts(row.getLong("inserted"), row.getLong("updated"), row.getLong("deleted")));
  }

  /** The values of the rows after the merge. */
  private String values(Function<Column, String> behind) {
    return stage.columns().stream()
        .map(
            column ->
                under.map(late -> late.value(column)).orElse("s." + column.quoted())
                    + behind.apply(column))
        .collect(joining(", "));
  }

  /** The condition that {@code d} is about a row {@code t}, which may have values of its own. */
  String ofRow(RowKey key) {
    return under.isPresent() ? placed : key.joined("d", "t");
  }

  /** The condition that a row is in the file only. */
  String added() {
    return "d.%s IS NULL".formatted(place);
  }

  /** The condition that a row is in the table only. */
  String removed() {
    return "d.%s IS NULL".formatted(stage.number());
  }

  /** The condition that a row is in both. */
  String paired() {
    return "d.%s IS NOT NULL AND d.%s IS NOT NULL".formatted(place, stage.number());
  }

  /** Takes all rows that are in the table only off the differences, so that they stay. */
  long keepAll() throws SQLException {
    return session.update("DELETE FROM %s AS d WHERE %s".formatted(TABLE, removed()));
  }

  /**
   * Takes the rows that are in the table only, and have one of these row keys, off the differences.
   *
   * @param keys the query of row keys
   */
  long keep(String keys) throws SQLException {
    return session.update(
        "DELETE FROM %s AS d USING %s AS t WHERE %s AND %s AND EXISTS (SELECT FROM (%s) AS s WHERE %s)"
            .formatted(
                TABLE, table.name(), placed, removed(), keys, key.orElseThrow().joined("s", "t")));
  }

  /** The statement that deletes the rows of the table for which a condition holds. */
  String delete(String condition) {
    return "DELETE FROM %s AS t USING %s AS d WHERE %s AND %s"
        .formatted(table.name(), TABLE, placed, condition);
  }

  /** The statement that inserts, in order, the rows of the file for which a condition holds. */
  String insert(String condition) {
    return """
        INSERT INTO %s AS t (%s) OVERRIDING SYSTEM VALUE
        SELECT %s FROM %s AS d WHERE d.%s IS NOT NULL AND %s ORDER BY d.%s"""
        .formatted(
            table.name(),
            Stage.list("", stage.columns()),
            Stage.list("d.", stage.columns()),
            TABLE,
            stage.number(),
            condition,
            stage.number());
  }

  /**
   * The statement that deletes rows of the table, and returns the rows to insert in their place.
   */
  String take(String condition) {
    return "%s RETURNING d.%s, %s"
        .formatted(
            delete(condition),
            stage.number(),
            Stream.concat(
                    stage.columns().stream().map(column -> "d." + column.quoted()),
                    kept().stream().map(column -> "t." + column.quoted()))
                .collect(joining(", ")));
  }

  /** The statement that inserts, in order, what {@link #take} returned as {@code taken}. */
  String insertTaken() {
    String columns =
        Stage.list("", Stream.concat(stage.columns().stream(), kept().stream()).toList());
    // Counted before the first row is inserted, so all are deleted by then.
    return """
        INSERT INTO %s AS t (%s) OVERRIDING SYSTEM VALUE
        SELECT %s FROM taken WHERE (SELECT count(*) FROM taken) > 0 ORDER BY %s"""
        .formatted(table.name(), columns, columns, stage.number());
  }

  /** What to return of each written row {@code t}, so that its virtual columns are computed. */
  String computed() {
    return virtualColumns.computed("t");
  }

  /**
   * Inserts or updates rows {@code t} of the table, and computes their virtual columns.
   *
   * @param with the clause before the statement, or nothing
   * @return how many rows were written
   */
  long write(String with, String statement) throws SQLException {
    return virtualColumns.write(session, with, statement);
  }

  /** The columns that keep their values, because the file does not have them. */
  private List<Column> kept() {
    return table.loadable().stream().filter(column -> !stage.columns().contains(column)).toList();
  }

  /** Whether an update would change a column. The type of the column must have an equality. */
  boolean isUpdated(Column column) throws SQLException {
    return !session
        .query(
            "SELECT FROM %s AS t JOIN %s AS d ON %s WHERE %s AND t.%5$s <> d.%5$s LIMIT 1"
                .formatted(table.name(), TABLE, placed, paired(), column.quoted()),
            row -> true)
        .isEmpty();
  }

  /** The number of the first row of the file that is not in the table with these columns. */
  OptionalLong notWritten(RowKey key, List<Column> columns) throws SQLException {
    List<Column> compared = Stream.concat(key.columns().stream(), columns.stream()).toList();
    return session
        .query(
            """
            SELECT s.%s FROM %s AS s LEFT JOIN %s AS t ON %s
            WHERE t.ctid IS NULL
              OR ROW(%s)::record OPERATOR(pg_catalog.*<>) ROW(%s)::record
            ORDER BY 1 LIMIT 1"""
                .formatted(
                    stage.number(),
                    stage.source(),
                    table.name(),
                    key.joined("s", "t"),
                    Stage.list("s.", compared),
                    Stage.list("t.", compared)),
            row -> row.getLong(1))
        .stream()
        .mapToLong(number -> number)
        .findFirst();
  }

  private String sides() {
    if (key.isEmpty()) {
      return joined(alike(stage.source(), stage.number()), alike(table.name(), "tableoid, ctid"));
    }
    if (whole && !key.get().unique()) {
      // Both sides are numbered, because FULL JOIN takes only equalities of both sides.
      return "(SELECT *, 1::bigint AS %1$s FROM %2$s OFFSET 0) AS s FULL JOIN %3$s AS t ON %4$s AND s.%1$s = t.%1$s"
          .formatted(turn, stage.source(), turns(key.get()), key.get().joined("s", "t"));
    }
    return "%s AS s %s JOIN %s AS t ON %s"
        .formatted(
            stage.source(), whole ? "FULL" : "LEFT", table.name(), key.get().joined("s", "t"));
  }

  private String joined(String stageRows, String tableRows) {
    return "%1$s AS s FULL JOIN %2$s AS t ON s.%3$s = t.%3$s AND s.%4$s = t.%4$s"
        .formatted(stageRows, tableRows, digest, turn);
  }

  /** Rows with a digest of their texts, and their number among rows with the same digest. */
  private String alike(String from, String identity) {
    return """
        (SELECT *, row_number() OVER (PARTITION BY %1$s) AS %2$s
         FROM (
           SELECT %3$s, %4$s,
             sha256(convert_to(ROW(%4$s)::text, getdatabaseencoding())) AS %1$s
           FROM %5$s) AS digested)"""
        .formatted(digest, turn, identity, Stage.list("", stage.columns()), from);
  }

  /** The rows of the table, numbered among rows with the same row key. */
  private String turns(RowKey repeated) {
    return """
        (SELECT tableoid, ctid, %1$s, row_number() OVER (PARTITION BY %2$s) AS %3$s FROM %4$s)"""
        .formatted(Stage.list("", stage.columns()), repeated.list(), turn, table.name());
  }
}
