package s3topostgres.faults;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.mode.Stage;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;

/**
 * Tries every value of a stage of texts against its column. A function in {@code pg_temp} tries
 * each row in a subtransaction and, where that fails, each of its values. {@code
 * pg_input_is_valid}, new in Postgres 16, only selects the rows: it fails with types whose input
 * functions raise hard errors.
 *
 * @param nullText the word of {@code CSV_NULL}; may be empty
 */
record ValueTrial(Session session, Stage stage, String nullText) {
  /** The limit of rows with faults: each costs some subtransactions. */
  private static final int MOST_ROWS = 100_000;

  /**
   * Fills the table of faults.
   *
   * @return false when there are too many rows with faults to find all
   */
  boolean run(List<ColumnTrial> all) throws SQLException {
    List<ColumnTrial> fields = all.stream().filter(ColumnTrial::mayHaveFaults).toList();
    try {
      session.inSavepoint(() -> fill(fields, suspicious(fields)));
    } catch (SQLException e) {
      if (!ImportErrors.isRowRejected(e) && !SqlState.INTERNAL_ERROR.equals(e.getSQLState())) {
        throw e;
      }
      fill(fields, "true");
    }
    return session.one(
        "SELECT count(DISTINCT place) < %d FROM %s".formatted(MOST_ROWS, FaultTable.NAME),
        row -> row.getBoolean(1));
  }

  /** The condition that a row may have faults. */
  private String suspicious(List<ColumnTrial> fields) throws SQLException {
    boolean known =
        session.exists("SELECT WHERE current_setting('server_version_num')::integer >= 160000");
    return known ? any(fields.stream().map(ColumnTrial::suspicion).toList()) : "true";
  }

  private static String any(List<String> conditions) {
    return conditions.isEmpty() ? "false" : String.join(" OR ", conditions);
  }

  private long fill(List<ColumnTrial> fields, String condition) throws SQLException {
    return session.update(
        """
        CREATE FUNCTION pg_temp.s3_load_try() RETURNS TABLE (
          place bigint, field integer, state text, message text, context text, broken text,
          shape text)
        LANGUAGE plpgsql AS '%s';
        CREATE TEMPORARY TABLE s3_load_faults ON COMMIT DROP AS
        SELECT *, NULL::bigint AS earlier, NULL::text AS reason FROM pg_temp.s3_load_try();
        ANALYZE s3_load_faults (place, field);
        DROP FUNCTION pg_temp.s3_load_try()"""
            .formatted(body(fields, condition).replace("'", "''")));
  }

  private String body(List<ColumnTrial> fields, String condition) {
    return """
        DECLARE
          r record;
          faulty integer := 0;
          %s
        BEGIN
          FOR r IN SELECT s.* FROM %s AS s WHERE %s LOOP
            BEGIN
              %s
              CONTINUE WHEN NOT (%s);
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
            place := r.%s;
            %s
            faulty := faulty + 1;
            EXIT WHEN faulty >= %d;
          END LOOP;
        END"""
        .formatted(
            ColumnTrial.joined(fields, "\n", ColumnTrial::variable),
            Stage.TABLE,
            condition,
            ColumnTrial.joined(fields, "\n", ColumnTrial::assignment),
            any(fields.stream().filter(ColumnTrial::required).map(ColumnTrial::missing).toList()),
            stage.number(),
            ColumnTrial.joined(fields, "\n", field -> field.trial(nullText)),
            MOST_ROWS);
  }
}
