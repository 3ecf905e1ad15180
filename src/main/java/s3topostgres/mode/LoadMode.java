package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/** What a load does to the target table, in a transaction that the caller began and commits. */
public interface LoadMode {

  /** The one that the settings ask for. */
  static LoadMode of(LoadSettings settings) {
    return switch (settings.mode()) {
      case REPLACE -> new Replace(settings.lockTimeout(), settings.rebuildIndexes());
      case SYNC -> new Sync(settings.rowKey(), settings.lockTimeout(), settings.rebuildIndexes());
      case APPEND -> new Append();
      case UPSERT -> new Upsert(settings.rowKey(), settings.lockTimeout());
      case CHANGES ->
          new ApplyChanges(settings.rowKey(), settings.lockTimeout(), settings.rebuildIndexes());
    };
  }

  /** What rows are of a table that is kept equal to its source. */
  enum Share {
    /** What has changed. */
    CHANGES,
    /** Some of all rows. */
    PART,
    /** All rows, of which all were loaded as parts. */
    WHOLE
  }

  /**
   * The columns of which no two rows of a file may have the same values, and none may be NULL,
   * whatever the table says; empty where there are none.
   */
  default List<String> keyNames(Session session, TargetTable table) throws SQLException {
    return List.of();
  }

  /** What the database user needs to be granted on the table: {@code SELECT, INSERT}. */
  String privileges();

  /**
   * Finds out from the catalogue whether the mode can work with a table; takes no lock.
   *
   * @return what a load will do to it, for a message: {@code may be emptied and filled}
   * @throws LoadException {@code TABLE_UNUSABLE} or {@code CONFIG_INVALID} when it cannot
   */
  String check(Session session, TargetTable table) throws SQLException;

  /**
   * Imports the rows and changes the table.
   *
   * @param step receives the name of the next step, for the log
   * @throws LoadException {@code TABLE_BUSY} when others use the table for too long, {@code
   *     ROW_REJECTED} when a row does not fit the table, and what {@link RowSource} throws
   */
  LoadOutcome load(Session session, TargetTable table, RowSource rows, Consumer<String> step)
      throws SQLException;
}
