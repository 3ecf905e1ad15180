package s3topostgres.mode;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import s3topostgres.csv.NewerFiles;
import s3topostgres.csv.RowSource;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/**
 * Inserts rows with new row keys, and updates other rows where they differ. Readers never wait.
 *
 * @param newer files that were uploaded later, and are in the table already; empty in most loads
 */
public record Upsert(
    Optional<List<String>> keySetting, Duration lockTimeout, Optional<NewerFiles> newer)
    implements LoadMode {
  public Upsert(Optional<List<String>> keySetting, Duration lockTimeout) {
    this(keySetting, lockTimeout, Optional.empty());
  }

  @Override
  public String label() {
    return "upsert";
  }

  @Override
  public LoadMode under(NewerFiles files) {
    return new Upsert(keySetting, lockTimeout, Optional.of(files));
  }

  @Override
  public String privileges() {
    return "SELECT, INSERT, UPDATE";
  }

  @Override
  public List<String> keyNames(Session session, TargetTable table) throws SQLException {
    return key(session, table).names();
  }

  @Override
  public String check(Session session, TargetTable table) throws SQLException {
    table.requirePrivileges(List.of("SELECT", "INSERT", "UPDATE"), privileges());
    Stage.requirePrivilege(session);
    return "may be added to and changed by its key (%s)".formatted(key(session, table).shown());
  }

  @Override
  public LoadOutcome load(
      Session session, TargetTable table, RowSource rows, Consumer<String> progress)
      throws SQLException {
    RowKey key = key(session, table);
    key.requireAmong(rows.columns());
    progress.accept("importing");
    Stage stage = Stage.fill(session, table, rows);
    if (newer.isEmpty()) {
      return new TableMerge(session, table, stage, Optional.of(key), false, Optional.empty())
          .run(lockTimeout, progress);
    }
    stage.prepare(Optional.of(key));
    progress.accept("reading-newer-files");
    UnderNewer under = UnderNewer.read(session, table, stage, key, newer.get());
    return new TableMerge(session, table, under).run(lockTimeout, progress);
  }

  private RowKey key(Session session, TargetTable table) throws SQLException {
    return RowKey.require(session, table, keySetting, "upsert");
  }
}
