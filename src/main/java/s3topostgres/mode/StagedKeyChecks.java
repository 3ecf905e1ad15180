package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;

/** Checks the row keys in a stage, by which rows of the target table are found. */
public record StagedKeyChecks(Session session, Stage stage, RowKey key) {

  /**
   * Refuses rows without a row key.
   *
   * @throws LoadException {@code ROW_REJECTED} with the first line
   */
  public void requireValues() throws SQLException {
    List<Long> first =
        session.query(
            "SELECT %1$s FROM %2$s WHERE %3$s ORDER BY %1$s LIMIT 1"
                .formatted(stage.number(), Stage.TABLE, key.missing()),
            row -> row.getLong(1));
    if (!first.isEmpty()) {
      throw rejected("a row without a value in its key (%s)".formatted(key.shown()))
          .at(stage.line(first.get(0)), Optional.empty());
    }
  }

  /**
   * Refuses duplicate row keys.
   *
   * @throws LoadException {@code ROW_REJECTED} with the first two lines
   */
  void requireNoDuplicates() throws SQLException {
    String repeated =
        "SELECT %1$s FROM %2$s GROUP BY %1$s HAVING count(*) > 1 LIMIT 1"
            .formatted(key.list(), Stage.TABLE);
    if (session.query(repeated, row -> true).isEmpty()) {
      return;
    }
    long[] rows =
        session.one(
            """
                SELECT earlier, later
                FROM (
                  SELECT %1$s AS later, lag(%1$s) OVER (PARTITION BY %2$s ORDER BY %1$s) AS earlier
                  FROM %3$s) AS rows
                WHERE earlier IS NOT NULL ORDER BY later LIMIT 1"""
                .formatted(stage.number(), key.list(), Stage.TABLE),
            row -> new long[] {row.getLong("earlier"), row.getLong("later")});
    throw rejected(
            "a second row with the key (%s) of %s".formatted(key.shown(), stage.line(rows[0])))
        .at(stage.line(rows[1]), Optional.empty());
  }

  private static LoadException rejected(String why) {
    return ErrorCode.ROW_REJECTED.failure(why, ImportErrors.CORRECT_THE_FILE);
  }
}
