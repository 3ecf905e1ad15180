package s3topostgres.mode;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.RowLimit;
import s3topostgres.csv.RowSource;
import s3topostgres.history.RowCounts;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Makes the table equal to the file, and writes only the differences. Readers never wait, unless
 * indexes of an empty table are rebuilt. Rows are imported into an empty table without a stage.
 *
 * @param keySetting the row key's columns; empty for the primary key, if there is one
 * @param lockTimeout how long to wait for other writers
 * @param rebuildIndexes whether to build an empty table's indexes after the rows of a large file
 * @param maxDeleted how many of the table's rows a load may delete; empty for all
 */
public record Sync(
    Optional<List<String>> keySetting,
    Duration lockTimeout,
    boolean rebuildIndexes,
    Optional<RowLimit> maxDeleted)
    implements LoadMode {
  /** The savepoint before an empty table is locked and filled. */
  private static final String FILLING = "s3_load_filling";

  @Override
  public String label() {
    return "sync";
  }

  @Override
  public String privileges() {
    return "SELECT, INSERT, UPDATE, DELETE";
  }

  @Override
  public List<String> keyNames(Session session, TargetTable table) throws SQLException {
    return RowKey.find(session, table, keySetting).map(RowKey::names).orElse(List.of());
  }

  @Override
  public String check(Session session, TargetTable table) throws SQLException {
    table.requirePrivileges(List.of("SELECT", "INSERT", "UPDATE", "DELETE"), privileges());
    Stage.requirePrivilege(session);
    return RowKey.find(session, table, keySetting)
        .map(key -> "may be changed by its key (%s)".formatted(key.shown()))
        .orElse("may be changed; it has no key, so whole rows are compared");
  }

  @Override
  public LoadOutcome load(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    Optional<RowKey> key = key(session, table, rows.columns());
    Optional<LoadOutcome> filled = intoEmptyTable(session, table, rows, key, progress);
    if (filled.isPresent()) {
      return filled.get();
    }
    progress.accept("importing");
    Stage stage = Stage.fill(session, table, rows);
    return new TableMerge(session, table, stage, key, true, maxDeleted).run(lockTimeout, progress);
  }

  /**
   * Imports the rows into an empty table, without a stage.
   *
   * @return empty where the table has rows, or needs the stage's checks
   */
  public Optional<LoadOutcome> intoEmptyTable(
      Session session,
      TargetTable table,
      RowSource rows,
      Optional<RowKey> key,
      Consumer<String> progress)
      throws SQLException {
    if (key.isPresent() && !key.get().unique()
        || !table.columns().containsAll(rows.columns())
        || !canBeFilled(session, table)) {
      return Optional.empty();
    }
    boolean rebuild =
        rebuildIndexes
            && key.isPresent()
            && Indexes.areWorthBuildingAfterwards(rows.bytes())
            && new Indexes(session, table).obstacle().isEmpty();
    return fill(session, table, rows, key, rebuild, progress);
  }

  /**
   * Finds the row key. A primary key that the file does not have is filled by the database, so it
   * does not identify the file's rows.
   */
  private Optional<RowKey> key(Session session, TargetTable table, List<Column> columns)
      throws SQLException {
    Optional<RowKey> found = RowKey.find(session, table, keySetting);
    if (keySetting.isEmpty()) {
      return found.filter(key -> key.isAmong(columns));
    }
    found.orElseThrow().requireAmong(columns);
    return found;
  }

  /** Whether the table is empty, and all of its rows are visible to the database user. */
  public static boolean canBeFilled(Session session, TargetTable table) throws SQLException {
    // No lock on the table may remain: sessions that wait for it delay others.
    return session.inUndoneSavepoint(
        () ->
            session.exists(
                "SELECT WHERE NOT row_security_active(?::oid) AND NOT EXISTS (SELECT FROM %s)"
                    .formatted(table.name()),
                table.oid()));
  }

  /**
   * Imports into the table itself. Other sessions read an empty table until the commit. Where its
   * indexes are rebuilt, they wait.
   *
   * @param key unique in the table, but its columns may be nullable
   * @param rebuild whether indexes are dropped during the import, which locks readers out, too
   * @return empty when another session has filled the table, or the row keys of the file are not
   *     unique or have NULL, whose lines the stage tells
   */
  private Optional<LoadOutcome> fill(
      Session session,
      TargetTable table,
      RowSource rows,
      Optional<RowKey> key,
      boolean rebuild,
      Consumer<String> progress)
      throws SQLException {
    session.execute("SAVEPOINT " + FILLING);
    TableLock lock = new TableLock(session, table, lockTimeout);
    if (rebuild) {
      lock.take("LOCK TABLE %s IN ACCESS EXCLUSIVE MODE".formatted(table.name()));
    } else {
      lock.withoutWriters(() -> null);
    }
    if (!canBeFilled(session, table)) {
      session.rollbackTo(FILLING);
      return Optional.empty();
    }
    try {
      long imported =
          Indexes.fill(
              session, table, rows.bytes(), () -> rows.into(table.name()), rebuild, progress);
      if (keySetting.isPresent()
          && session.exists(
              "SELECT FROM %s WHERE %s LIMIT 1"
                  .formatted(table.name(), key.orElseThrow().missing()))) {
        session.rollbackTo(FILLING);
        return Optional.empty();
      }
      Stage.show(session, table, rows.columns());
      return Optional.of(
          new LoadOutcome(
              imported,
              Optional.of("into-the-empty-table"),
              Optional.of(new RowCounts(imported, 0, 0)),
              Optional.of(table.name())));
    } catch (LoadException e) {
      if (e.code() != ErrorCode.ROW_REJECTED || !isOfTwoRows(e)) {
        throw e;
      }
      session.rollbackTo(FILLING);
      if (e.sqlState().equals(Optional.of(SqlState.EXCLUSION_VIOLATION))
          && PeriodKey.of(session, table).isEmpty()) {
        throw e;
      }
      return Optional.empty();
    }
  }

  private static boolean isOfTwoRows(LoadException e) {
    return e.sqlState().equals(Optional.of(SqlState.UNIQUE_VIOLATION))
        || e.sqlState().equals(Optional.of(SqlState.EXCLUSION_VIOLATION));
  }
}
