package s3topostgres.mode;

import java.sql.SQLException;
import java.util.Optional;
import s3topostgres.history.Changes;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/**
 * What differs between the stage and the target table, in a temporary table: {@code relation} and
 * {@code place} of a row of the target, or the {@code number} of a row of the stage, or both for
 * rows that belong together.
 *
 * <p>Rows are compared by their images. That works for every type; and what is equal but stored
 * otherwise, such as 1.0 and 1.00, differs.
 *
 * @see <a
 *     href="https://www.postgresql.org/docs/current/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON">Composite
 *     type comparison</a>
 */
final class Differences {
  static final String TABLE = "pg_temp.s3_load_differences";

  private final Session session;
  private final TargetTable table;
  private final Stage stage;
  private final Optional<Key> key;
  private final boolean whole;

  /** The number of a row among those that are alike, where there may be several. */
  private final String turn;

  private final String digest;

  Differences(Session session, TargetTable table, Stage stage, Optional<Key> key, boolean whole) {
    this.session = session;
    this.table = table;
    this.stage = stage;
    this.key = key;
    this.whole = whole;
    this.turn = Stage.free("s3_load_turn", table);
    this.digest = Stage.free("s3_load_digest", table);
  }

  /** Finds them, under a lock that keeps the table as it is. */
  Changes find() throws SQLException {
    session.execute(
        """
        CREATE TEMPORARY TABLE s3_load_differences ON COMMIT DROP AS
        SELECT t.tableoid AS relation, t.ctid AS place, s.%1$s AS number
        FROM %2$s
        WHERE s.%1$s IS NULL OR t.ctid IS NULL
          OR ROW(%3$s)::record OPERATOR(pg_catalog.*<>) ROW(%4$s)::record;
        ANALYZE %5$s"""
            .formatted(
                stage.number(),
                sides(),
                Stage.list("s.", stage.columns()),
                Stage.list("t.", stage.columns()),
                TABLE));
    return session
        .query(
            """
            SELECT count(*) FILTER (WHERE place IS NULL) AS inserted,
              count(*) FILTER (WHERE place IS NOT NULL AND number IS NOT NULL) AS updated,
              count(*) FILTER (WHERE number IS NULL) AS deleted
            FROM %s"""
                .formatted(TABLE),
            row ->
                new Changes(
                    row.getLong("inserted"), row.getLong("updated"), row.getLong("deleted")))
        .get(0);
  }

  private String sides() {
    if (key.isEmpty()) {
      return joined(alike(Stage.TABLE, stage.number()), alike(table.name(), "tableoid, ctid"));
    }
    if (whole && !key.get().unique()) {
      return "%s AS s FULL JOIN %s AS t ON %s AND t.%s = 1"
          .formatted(Stage.TABLE, turns(key.get()), key.get().joined(), turn);
    }
    return "%s AS s %s JOIN %s AS t ON %s"
        .formatted(Stage.TABLE, whole ? "FULL" : "LEFT", table.name(), key.get().joined());
  }

  private String joined(String stageRows, String tableRows) {
    return "%1$s AS s FULL JOIN %2$s AS t ON s.%3$s = t.%3$s AND s.%4$s = t.%4$s"
        .formatted(stageRows, tableRows, digest, turn);
  }

  /** Rows with what they are found by: a digest of what they are written like, and their turn. */
  private String alike(String from, String identity) {
    return """
        (SELECT *, row_number() OVER (PARTITION BY %1$s) AS %2$s
         FROM (
           SELECT %3$s, %4$s,
             sha256(convert_to(ROW(%4$s)::text, getdatabaseencoding())) AS %1$s
           FROM %5$s) AS digested)"""
        .formatted(digest, turn, identity, Stage.list("", stage.columns()), from);
  }

  /** The table's rows, of which several may have the same key. */
  private String turns(Key repeated) {
    return """
        (SELECT tableoid, ctid, %1$s, row_number() OVER (PARTITION BY %2$s) AS %3$s FROM %4$s)"""
        .formatted(Stage.list("", stage.columns()), repeated.list(), turn, table.name());
  }
}
