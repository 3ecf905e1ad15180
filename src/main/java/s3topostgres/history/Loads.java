package s3topostgres.history;

import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import s3topostgres.postgres.Session;
import s3topostgres.s3.Upload;

/**
 * The loads of one table that the files of AWS DMS are compared with.
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
          SELECT * FROM %s
          WHERE status = 'LOADED' AND target_table = ? AND mode IN ('changes', 'sync')) %s"""
            .formatted(history, sql),
        row,
        all);
  }

  static OffsetDateTime time(Upload upload) {
    return upload.eventTime().map(History::atUtc).orElse(null);
  }
}
