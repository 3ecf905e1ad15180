package s3topostgres.mode;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import s3topostgres.csv.NewerFiles;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * The rows of a late file, as far as newer files have not replaced them: a value counts where no
 * newer file has both its row key and its column. Otherwise the table's is kept, which somebody may
 * have changed since. A row that a newer file has and the table has not was deleted since.
 *
 * @param stage with the file's rows {@code s}, and the words of the newer files of each
 * @param words of newer files, by the columns that these have
 * @param claims the column of the stage with these words; NULL where no newer file has the row key
 */
record UnderNewer(Stage stage, RowKey key, Map<Set<Column>, String> words, String claims) {
  private static final String NEWER = "pg_temp.s3_load_newer";
  private static final String TABLE = "pg_temp.s3_load_late";

  /**
   * Reads the row keys of the newer files.
   *
   * @param late the stage with the rows of the late file, whose row keys were checked
   */
  static UnderNewer read(
      Session session, TargetTable table, Stage late, RowKey key, NewerFiles newer)
      throws SQLException {
    Column mark = table.stageOnly("s3_load_newer");
    session.execute(
        "CREATE TEMPORARY TABLE s3_load_newer (%s, %s text) ON COMMIT DROP"
            .formatted(Stage.definition(key.columns()), mark.quoted()));
    Map<Set<Column>, String> words = newer.importKeys(key.columns(), NEWER, mark);
    session.execute(
        """
        ANALYZE %1$s;
        CREATE TEMPORARY TABLE s3_load_late ON COMMIT DROP AS
        SELECT s.*, claimed.%2$s
        FROM %3$s AS s LEFT JOIN (
          SELECT s.%4$s AS number, array_agg(DISTINCT n.%2$s) AS %2$s
          FROM %3$s AS s JOIN %1$s AS n ON %5$s
          GROUP BY s.%4$s) AS claimed ON claimed.number = s.%4$s"""
            .formatted(NEWER, mark.quoted(), Stage.TABLE, late.number(), key.joined("s", "n")));
    return new UnderNewer(late.from(TABLE), key, words, "s." + mark.quoted());
  }

  /**
   * The value of a column after the merge, of the rows {@code s} and {@code t} that belong
   * together.
   */
  String value(Column column) {
    String having =
        words.entrySet().stream()
            .filter(newer -> newer.getKey().contains(column))
            .map(newer -> "'%s'".formatted(newer.getValue()))
            .collect(joining(", "));
    return having.isEmpty()
        ? "s." + column.quoted()
        // CASE alone makes the base type of a domain.
        : "CAST(CASE WHEN %1$s OPERATOR(pg_catalog.&&) ARRAY[%2$s] THEN t.%3$s ELSE s.%3$s END AS %4$s)"
            .formatted(claims, having, column.quoted(), column.type());
  }

  /** The condition that a row is changed, or inserted because no newer file has it. */
  String applies() {
    return "(t.ctid IS NOT NULL OR %s IS NULL)".formatted(claims);
  }
}
