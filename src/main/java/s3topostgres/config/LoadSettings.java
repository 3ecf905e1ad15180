package s3topostgres.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a load does besides the import itself.
 *
 * @param table the target table, written as in SQL
 * @param bucket the only bucket whose objects are loaded; empty for any
 * @param mode what a file does to the table
 * @param key names of the columns that name a row, as the catalogue has them; empty for the primary
 *     key
 * @param minRows a load of fewer rows is refused
 * @param lockTimeout how long to wait for those who are using the table
 * @param beforeLoadSql run in the load's transaction before the table is emptied
 * @param afterLoadSql run in the load's transaction after the import
 * @param historyTable where loads are recorded, written as in SQL; empty for nowhere
 */
public record LoadSettings(
    String table,
    Optional<String> bucket,
    Mode mode,
    Optional<List<String>> key,
    MinRows minRows,
    Duration lockTimeout,
    Optional<String> beforeLoadSql,
    Optional<String> afterLoadSql,
    Optional<String> historyTable) {

  static LoadSettings read(Environment environment) {
    return new LoadSettings(
        environment.required("DB_TABLE_NAME"),
        environment.optional("S3_BUCKET_NAME"),
        Mode.valueOf(environment.choice("LOAD_MODE", Mode.LABELS).toUpperCase(Locale.ROOT)),
        ColumnNames.read(environment, "LOAD_KEY"),
        MinRows.read(environment),
        Duration.ofSeconds(environment.integer("LOCK_TIMEOUT_SECONDS", 60, 0, 900)),
        environment.optional("BEFORE_LOAD_SQL"),
        environment.optional("AFTER_LOAD_SQL"),
        Optional.of(environment.optional("HISTORY_TABLE").orElse("s3_load_history"))
            .filter(name -> !name.equals("off")));
  }
}
