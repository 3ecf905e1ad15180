package s3topostgres.mode;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.history.RowCounts;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Updates rows in place or, where they exchange unique values, deletes and inserts them again in
 * one statement: Postgres checks a unique constraint row by row, unless it is deferrable.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-set-constraints.html">SET
 *     CONSTRAINTS</a>
 */
final class UpdateStrategy {
  private final Session session;
  private final TargetTable table;
  private final Stage stage;
  private final RowKey key;
  private final RowDiff differences;
  private String way = "by-key";

  UpdateStrategy(Session session, TargetTable table, Stage stage, RowKey key, RowDiff differences) {
    this.session = session;
    this.table = table;
    this.stage = stage;
    this.key = key;
    this.differences = differences;
  }

  /** How the rows were updated, in one word for the log. */
  String way() {
    return way;
  }

  /**
   * Updates the rows.
   *
   * @return how many rows were updated
   */
  long run() throws SQLException {
    return inPlaceOrElse(
        () -> differences.write("", inPlace("true")),
        () -> differences.write("WITH " + taken("true"), differences.insertTaken()));
  }

  /**
   * Deletes, updates and inserts in one statement, in this order. Foreign keys of the table to
   * itself are checked, and act, at its end.
   */
  RowCounts runWithOthers(RowCounts found) throws SQLException {
    String removed =
        found.deleted() == 0
            ? "SELECT WHERE false"
            : differences.delete(differences.removed()) + " RETURNING 1";
    return inPlaceOrElse(
        () -> together(removed, updated(inPlace(after("removed")))),
        () ->
            together(
                removed,
                "%s, %s".formatted(taken(after("removed")), updated(differences.insertTaken()))));
  }

  private String updated(String statement) {
    return "updated AS (%s RETURNING %s)".formatted(statement, differences.computed());
  }

  private <T> T inPlaceOrElse(Session.Work<T> inPlace, Session.Work<T> reinsert)
      throws SQLException {
    Optional<Column> identity = changedIdentity();
    if (identity.isPresent()) {
      if (deletingDoesMore()) {
        throw notUpdated(identity.get());
      }
      way = "delete-and-insert";
      return reinsert.run();
    }
    try {
      return session.inSavepoint(inPlace);
    } catch (SQLException e) {
      boolean exchanged =
          SqlState.UNIQUE_VIOLATION.equals(e.getSQLState())
              || SqlState.EXCLUSION_VIOLATION.equals(e.getSQLState());
      if (!exchanged) {
        throw e;
      }
      if (deletingDoesMore()) {
        throw notExchanged(e);
      }
      way = "delete-and-insert";
      return reinsert.run();
    }
  }

  /** A column GENERATED ALWAYS AS IDENTITY can be inserted, but not updated. */
  private Optional<Column> changedIdentity() throws SQLException {
    for (Column column : stage.columns()) {
      if (column.identityAlways()
          && !key.columns().contains(column)
          && differences.isUpdated(column)) {
        return Optional.of(column);
      }
    }
    return Optional.empty();
  }

  private String inPlace(String condition) {
    return "UPDATE %s AS t SET %s FROM %s AS d WHERE %s AND %s AND %s"
        .formatted(
            table.name(),
            stage.columns().stream()
                .filter(column -> !column.identityAlways())
                .map(column -> "%1$s = d.%1$s".formatted(column.quoted()))
                .collect(joining(", ")),
            RowDiff.TABLE,
            differences.paired(),
            differences.ofRow(key),
            condition);
  }

  private String taken(String condition) {
    return "taken AS (%s)"
        .formatted(differences.take("%s AND %s".formatted(differences.paired(), condition)));
  }

  private RowCounts together(String removed, String updated) throws SQLException {
    return session.one(
        """
            WITH removed AS (%s), %s, added AS (%s RETURNING %s)
            SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM updated), (SELECT count(*) FROM removed)"""
            .formatted(
                removed,
                updated,
                differences.insert("%s AND %s".formatted(differences.added(), after("updated"))),
                differences.computed()),
        row -> new RowCounts(row.getLong(1), row.getLong(2), row.getLong(3)));
  }

  /** The condition that makes a part of a statement wait for the end of another. */
  private static String after(String part) {
    return "(SELECT count(*) FROM %s) >= 0".formatted(part);
  }

  /** Whether the user may not delete rows, or a deletion would do more than an update. */
  private boolean deletingDoesMore() throws SQLException {
    return !table.privileges().contains("DELETE")
        || session.exists(
            """
                WITH family AS (
                  SELECT ?::oid AS oid UNION SELECT relid FROM pg_partition_tree(?::oid))
                SELECT FROM pg_constraint c JOIN family f ON f.oid = c.confrelid
                WHERE c.contype = 'f' AND c.confdeltype <> 'a' AND %s
                UNION ALL
                SELECT FROM pg_trigger g JOIN family f ON f.oid = g.tgrelid
                -- 8 is the bit of DELETE.
                WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 8 <> 0"""
                .formatted(TargetTable.ENFORCED),
            table.oid(),
            table.oid());
  }

  private LoadException notExchanged(SQLException e) {
    return ImportErrors.row(e, table)
        .at(OptionalLong.empty(), Optional.empty())
        .advising(
            "Correct the file and upload it again. If it only exchanges these values between rows, make the"
                + " constraint DEFERRABLE; the old rows are still there.");
  }

  private LoadException notUpdated(Column identity) {
    return ErrorCode.TABLE_UNUSABLE.failure(
        "the file gives rows another value in %s, which is GENERATED ALWAYS AS IDENTITY"
            .formatted(identity.name()),
        "ALTER TABLE %s ALTER %s SET GENERATED BY DEFAULT, or send files without it."
            .formatted(table.name(), identity.quoted()));
  }
}
