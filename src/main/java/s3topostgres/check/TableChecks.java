package s3topostgres.check;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.history.History;
import s3topostgres.history.LoadTimes;
import s3topostgres.mode.LoadMode;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/** Checks the target table, or all tables that object keys may name. */
record TableChecks(Session session, LoadSettings settings, LoadMode mode) {

  /**
   * Checks whether the mode can load the table. If the object key names the table, one usable table
   * is enough.
   *
   * @return what was found, for a message
   * @throws LoadException {@code TABLE_UNUSABLE} or {@code CONFIG_INVALID} when the mode cannot
   */
  String table() throws SQLException {
    if (settings.table().dependsOnObjectKey()) {
      return tables();
    }
    TargetTable table = TargetTable.resolve(session, settings.table().setting());
    String can =
        "%s has %d columns, and %s".formatted(table.name(), table.columns().size(), check(table));
    return mode.improvement(session, table)
        .map(improvement -> can + ". " + improvement)
        .orElse(can);
  }

  private String tables() throws SQLException {
    List<String> usable = new ArrayList<>();
    List<String> unusable = new ArrayList<>();
    for (String name : TargetTable.possible(session, settings.table())) {
      try {
        check(TargetTable.resolve(session, name));
        usable.add(name);
      } catch (LoadException e) {
        unusable.add(e.why());
      }
    }
    String found =
        "%s may be %s%s"
            .formatted(
                settings.table().setting(),
                usable.isEmpty() ? "no table" : String.join(", ", usable),
                unusable.isEmpty() ? "" : "; not usable: " + String.join("; ", unusable));
    if (usable.isEmpty()) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          found, "Create a table for it, or grant what loads need.");
    }
    return found;
  }

  private String check(TargetTable table) throws SQLException {
    History.refuseAsTarget(session, settings.historyTable(), table);
    return mode.check(session, table);
  }

  /** The duration of the longest of the last loads; empty when none is recorded. */
  Optional<Duration> longestLoad() throws SQLException {
    if (settings.historyTable().isEmpty()) {
      return Optional.empty();
    }
    List<String> tables =
        settings.table().dependsOnObjectKey()
            ? TargetTable.possible(session, settings.table())
            : List.of(TargetTable.resolve(session, settings.table().setting()).name());
    return LoadTimes.longest(session, settings.historyTable().get(), tables);
  }
}
