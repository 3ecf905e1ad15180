package s3topostgres.history;

import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import s3topostgres.postgres.Session;
import s3topostgres.s3.Upload;

/**
 * The loads of one table that the files of AWS DMS are compared with.
 *
 * <p>A time without a fraction is that of a whole second, as the bucket's list and an object's
 * headers have it; an event's has milliseconds. So one upload was before another if the other's
 * time is not before {@code over}, the end of the second or moment that its own time stands for.
 * Where that is not known, changes count as uploaded after a full load: it takes AWS DMS more than
 * a second to begin one.
 *
 * @param history the table of all loads, quoted as SQL needs it
 */
record Loads(Session session, String history, String targetTable) {

  /** Queries the loads of the table. The text may begin with more tables behind {@code WITH}. */
  <T> List<T> query(String sql, Session.Row<T> row, Object... values) throws SQLException {
    Object[] all = new Object[values.length + 1];
    all[0] = targetTable;
    System.arraycopy(values, 0, all, 1, values.length);
    return session.query(
        """
        WITH loads AS NOT MATERIALIZED (
          SELECT *, event_time + CASE WHEN event_time = date_trunc('second', event_time)
            THEN interval '1 s' ELSE interval '1 us' END AS over
          FROM %s
          WHERE status = 'LOADED' AND target_table = ? AND mode IN ('changes', 'sync')) %s"""
            .formatted(history, sql),
        row,
        all);
  }

  static OffsetDateTime time(Upload upload) {
    return upload.eventTime().map(History::atUtc).orElse(null);
  }

  /** When the second or moment is over that the upload's time stands for; null without one. */
  static OffsetDateTime over(Upload upload) {
    return upload
        .eventTime()
        .map(time -> time.plus(1, time.getNano() == 0 ? ChronoUnit.SECONDS : ChronoUnit.MICROS))
        .map(History::atUtc)
        .orElse(null);
  }
}
