package s3topostgres.mode;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.LoadException;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/**
 * Rows of the file with a key that the table does not have are inserted, others are updated where
 * they differ. No reader waits.
 */
final class Upsert implements LoadMode {
  private final Optional<List<String>> keySetting;
  private final Duration lockTimeout;

  /**
   * @param keySetting the key's columns; empty for the primary key
   * @param lockTimeout how long to wait for others who write
   */
  Upsert(Optional<List<String>> keySetting, Duration lockTimeout) {
    this.keySetting = keySetting;
    this.lockTimeout = lockTimeout;
  }

  @Override
  public String privileges() {
    return "SELECT, INSERT, UPDATE";
  }

  @Override
  public List<String> key(Session session, TargetTable table) throws SQLException {
    return requiredKey(session, table).names();
  }

  @Override
  public String check(Session session, TargetTable table) throws SQLException {
    table.requirePrivileges(List.of("SELECT", "INSERT", "UPDATE"), privileges());
    Stage.requirePrivilege(session);
    return "may be added to and changed by its key (%s)"
        .formatted(requiredKey(session, table).shown());
  }

  @Override
  public Loaded load(Session session, TargetTable table, Rows rows, Consumer<String> step)
      throws SQLException {
    Key key = requiredKey(session, table);
    key.requireAmong(rows.columns());
    step.accept("importing");
    Stage stage = Stage.fill(session, table, rows);
    return new Merge(session, table, stage, Optional.of(key), false).run(lockTimeout, step);
  }

  private Key requiredKey(Session session, TargetTable table) throws SQLException {
    return Key.find(session, table, keySetting).orElseThrow(() -> keyless(table));
  }

  private static LoadException keyless(TargetTable table) {
    return TargetTable.unusable(
        "%s has no primary key, by which LOAD_MODE=upsert would find its rows"
            .formatted(table.name()),
        "Name the columns of a key in LOAD_KEY, or give the table a primary key.");
  }
}
