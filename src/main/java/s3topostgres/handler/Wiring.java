package s3topostgres.handler;

import java.util.Map;
import s3topostgres.config.Parameters;
import s3topostgres.config.Settings;
import s3topostgres.load.Loader;
import s3topostgres.postgres.Database;
import s3topostgres.s3.S3Objects;

/**
 * The objects that loads need, created once per process.
 *
 * @param region of the function and its bucket
 */
record Wiring(
    Settings settings, S3Objects objects, Database database, Loader loader, String region) {

  /**
   * Creates them, and sets the log level.
   *
   * @throws s3topostgres.LoadException {@code CONFIG_INVALID} with every problem in the settings
   */
  static Wiring of(Map<String, String> environment) {
    Settings settings = Settings.read(environment);
    // Before the first logger of ours is made; the level of others' stays at warnings.
    System.setProperty("org.slf4j.simpleLogger.log.s3topostgres", settings.logLevel());
    System.setProperty("org.slf4j.simpleLogger.log.load", settings.logLevel());
    S3Objects objects = S3Objects.connect(environment);
    Database database = new Database(settings.database(), Parameters.connect());
    return new Wiring(
        settings,
        objects,
        database,
        new Loader(settings.load(), settings.format(), objects, database),
        environment.getOrDefault("AWS_REGION", ""));
  }
}
