package s3topostgres.history;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import s3topostgres.postgres.Session;

/** Reads the durations of loads in the history. */
public final class LoadTimes {
  private LoadTimes() {}

  /**
   * The duration of the longest of the last 100 loads of some tables, or attempts to load.
   *
   * @return empty when there are none
   */
  public static Optional<Duration> longest(
      Session session, String setting, List<String> targetTables) throws SQLException {
    List<HistoryTable.Found> history = HistoryTable.find(session, setting);
    return history.isEmpty()
        ? Optional.empty()
        : session
            .one(
                """
                SELECT extract(epoch FROM max(finished_at - started_at)) * 1000 AS millis
                FROM (
                  SELECT started_at, finished_at FROM %s
                  WHERE target_table = ANY (?) AND (status = 'LOADED' OR error_code = 'OUT_OF_TIME')
                  ORDER BY id DESC LIMIT 100) AS last"""
                    .formatted(history.get(0).name()),
                row -> Optional.ofNullable(row.getBigDecimal("millis")),
                (Object) targetTables.toArray(String[]::new))
            .map(millis -> Duration.ofMillis(millis.longValue()));
  }
}
