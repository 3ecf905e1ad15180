package s3topostgres.mode;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.LoadException;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * The update of the rows whose key the table has. Postgres checks a unique constraint row by row,
 * unless it is deferrable; so rows that exchange such a value among them are deleted and inserted
 * again, all in one statement.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-set-constraints.html">SET
 *     CONSTRAINTS</a>
 */
final class Update {
  private static final String SAVEPOINT = "s3_load_update";

  private final Session session;
  private final TargetTable table;
  private final Stage stage;
  private final Key key;
  private final Differences differences;
  private String way = "by-key";

  Update(Session session, TargetTable table, Stage stage, Key key, Differences differences) {
    this.session = session;
    this.table = table;
    this.stage = stage;
    this.key = key;
    this.differences = differences;
  }

  /** How it was done, in one word for the log. */
  String way() {
    return way;
  }

  /** Updates the rows, and returns how many they were. */
  long run() throws SQLException {
    session.execute("SAVEPOINT " + SAVEPOINT);
    try {
      return isPossibleInPlace() ? inPlace() : reinsert();
    } catch (SQLException e) {
      boolean exchanged =
          SqlState.UNIQUE_VIOLATION.equals(e.getSQLState())
              || SqlState.EXCLUSION_VIOLATION.equals(e.getSQLState());
      if (!exchanged || !isPossibleInPlace()) {
        throw e;
      }
      session.rollbackTo(SAVEPOINT);
      if (deletingDoesMore()) {
        throw notExchanged(e);
      }
      return reinsert();
    }
  }

  /** A column GENERATED ALWAYS AS IDENTITY can be inserted, but not updated. */
  private boolean isPossibleInPlace() {
    return stage.columns().stream()
        .allMatch(column -> !column.identityAlways() || key.columns().contains(column));
  }

  private long inPlace() throws SQLException {
    List<Column> columns =
        stage.columns().stream().filter(column -> !column.identityAlways()).toList();
    return session.update(
        "UPDATE %s AS t SET %s FROM %s AS d WHERE %s AND %s"
            .formatted(
                table.name(),
                columns.stream()
                    .map(column -> "%1$s = d.%1$s".formatted(column.quoted()))
                    .collect(joining(", ")),
                Differences.TABLE,
                differences.paired(),
                key.joined("d", "t")));
  }

  private long reinsert() throws SQLException {
    way = "delete-and-insert";
    // Counted before the first row is inserted, so all are deleted by then.
    String condition = differences.paired() + " AND (SELECT count(*) FROM deleted) > 0";
    return session.update(
        "WITH deleted AS (%s RETURNING 1) %s"
            .formatted(differences.delete(differences.paired()), differences.insert(condition)));
  }

  /** Whether something would follow from a deletion that does not follow from an update. */
  private boolean deletingDoesMore() throws SQLException {
    return session
        .query(
            """
            WITH family AS (
              SELECT ?::oid AS oid UNION SELECT relid FROM pg_partition_tree(?::oid))
            SELECT FROM pg_constraint c JOIN family f ON f.oid = c.confrelid
            WHERE c.contype = 'f' AND c.confdeltype <> 'a'
            UNION ALL
            SELECT FROM pg_trigger g JOIN family f ON f.oid = g.tgrelid
            -- 8 is the bit of DELETE.
            WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 8 <> 0""",
            row -> true,
            table.oid(),
            table.oid())
        .contains(true);
  }

  private LoadException notExchanged(SQLException e) {
    LoadException failure = ImportErrors.row(e, table);
    return new LoadException(
            failure.code(),
            failure.why(),
            "Correct the file and upload it again. If it only exchanges these values between rows, make the"
                + " constraint DEFERRABLE; the old rows are still there.")
        .sqlState(e.getSQLState());
  }
}
