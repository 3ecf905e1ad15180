package s3topostgres.config;

import java.util.List;
import java.util.Map;
import java.util.SortedSet;

/**
 * All settings of a deployment.
 *
 * @param logLevel a level of slf4j-simple
 */
public record Settings(
    DatabaseSettings database, LoadSettings load, CsvFormat format, String logLevel) {

  /**
   * Reads and checks all settings.
   *
   * @param variables the process's environment; variables of other programs are ignored
   * @throws s3topostgres.LoadException {@code CONFIG_INVALID} with every problem at once
   */
  public static Settings read(Map<String, String> variables) {
    Environment environment = new Environment(variables);
    Settings settings = read(environment);
    environment.check();
    return settings;
  }

  /** The names of all settings. */
  public static SortedSet<String> names() {
    Environment environment = new Environment(Map.of());
    read(environment);
    return environment.known();
  }

  private static Settings read(Environment environment) {
    return new Settings(
        DatabaseSettings.read(environment),
        LoadSettings.read(environment),
        CsvFormat.read(environment),
        environment.choice("LOG_LEVEL", List.of("info", "trace", "debug", "warn", "error")));
  }
}
