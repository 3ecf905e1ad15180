package s3topostgres.handler;

import java.util.Map;
import java.util.Optional;
import s3topostgres.check.DryRun;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.Mode;
import s3topostgres.config.Parameters;
import s3topostgres.config.Settings;
import s3topostgres.csv.FieldLayout;
import s3topostgres.csv.FileImports;
import s3topostgres.dms.ApplyChanges;
import s3topostgres.dms.DmsLayout;
import s3topostgres.dms.DmsOrder;
import s3topostgres.load.CatchUp;
import s3topostgres.load.Loader;
import s3topostgres.mode.Append;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.Replace;
import s3topostgres.mode.Sync;
import s3topostgres.mode.Upsert;
import s3topostgres.order.BucketListing;
import s3topostgres.order.ByUpload;
import s3topostgres.order.EachFileOnce;
import s3topostgres.order.LoadOrder;
import s3topostgres.order.NewestFileWins;
import s3topostgres.postgres.Database;
import s3topostgres.s3.S3Objects;

/**
 * Puts together by hand what loads need, once per process. The only place that knows which mode
 * goes with which order and which layout of the fields.
 *
 * @param region of the function and its bucket
 * @param function that loads what the bucket notifies it of; empty if that is not known
 */
public record Wiring(
    Settings settings,
    S3Objects objects,
    Database database,
    String region,
    Optional<String> function) {

  /**
   * Reads the settings, sets the log level, and creates the clients of AWS.
   *
   * @throws s3topostgres.LoadException {@code CONFIG_INVALID} with every problem in the settings
   */
  static Wiring of(Map<String, String> environment) {
    Settings settings = Settings.read(environment);
    // Before the first logger of ours is made; the level of others' stays at warnings.
    System.setProperty("org.slf4j.simpleLogger.log.s3topostgres", settings.logLevel());
    System.setProperty("org.slf4j.simpleLogger.log.load", settings.logLevel());
    return new Wiring(
        settings,
        S3Objects.connect(environment),
        new Database(settings.database(), Parameters.connect()),
        environment.getOrDefault("AWS_REGION", ""),
        Optional.ofNullable(environment.get("LOAD_FUNCTION")));
  }

  public Loader loader() {
    return new Loader(files(), mode(settings), order(), database);
  }

  public CatchUp catchUp() {
    return new CatchUp(listing(), order(), database, loader(), region, function);
  }

  public DryRun dryRun() {
    return new DryRun(files(), mode(settings), database);
  }

  /** What a load does to the table. */
  public static LoadMode mode(Settings settings) {
    LoadSettings load = settings.load();
    boolean stages = settings.format().ignoresUnknown() || load.maxRejectedRows().isPresent();
    return switch (load.mode()) {
      case REPLACE -> new Replace(load.lockTimeout(), load.rebuildIndexes(), stages);
      case SYNC ->
          new Sync(load.rowKey(), load.lockTimeout(), load.rebuildIndexes(), load.maxDeletedRows());
      case APPEND -> new Append(stages);
      case UPSERT -> new Upsert(load.rowKey(), load.lockTimeout());
      case CHANGES -> changes(load);
    };
  }

  private static ApplyChanges changes(LoadSettings load) {
    return new ApplyChanges(load.rowKey(), load.lockTimeout(), load.rebuildIndexes());
  }

  private LoadOrder order() {
    return switch (settings.load().mode()) {
      case REPLACE, SYNC -> new NewestFileWins(listing());
      case APPEND -> new EachFileOnce(listing());
      case UPSERT -> new ByUpload(listing());
      case CHANGES -> new DmsOrder(listing(), changes(settings.load()));
    };
  }

  private FileImports files() {
    Mode mode = settings.load().mode();
    FieldLayout layout =
        mode == Mode.CHANGES
            ? new DmsLayout(settings.format())
            : FieldLayout.of(settings.format(), mode == Mode.SYNC || mode == Mode.UPSERT);
    return FileImports.of(settings.load(), settings.format(), objects, layout);
  }

  private BucketListing listing() {
    return new BucketListing(settings.load(), objects);
  }
}
