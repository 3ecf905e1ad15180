package s3topostgres.check;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import s3topostgres.LoadException;
import s3topostgres.config.DatabaseSettings;
import s3topostgres.config.LoadSettings.ImportWith;
import s3topostgres.config.Parameters;
import s3topostgres.config.Settings;
import s3topostgres.history.HistoryTable;
import s3topostgres.mode.LoadMode;
import s3topostgres.order.BucketListing;
import s3topostgres.postgres.AwsS3Extension;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.S3Objects;

/**
 * Checks all that a load needs, as the function and as the database see it. Nothing is changed but
 * one object among the results of loads, if there are any: the database's access to the bucket is
 * tried by importing an object that does not exist into a temporary table, in a transaction that is
 * rolled back.
 */
public final class SetupCheck {
  /** For all results, even if nothing answers. */
  private static final Duration LIMIT = Duration.ofSeconds(50);

  /** A second less than the item may take, so that the failure is the client's own. */
  private static final Duration AWS = Duration.ofSeconds(7);

  private static final Duration IMPORT = Duration.ofSeconds(15);

  private static final String NEEDS_NO_EXTENSION =
      "IMPORT_WITH=copy: the function reads the object, the database needs no access to S3";

  private final Map<String, String> environment;
  private final S3Objects objects;
  private final Parameters parameters;
  private final Limits limits;
  private final Function<Settings, LoadMode> modes;
  private final Checklist list;
  private final Deadline end;

  /** Checks something of a bucket. */
  @FunctionalInterface
  private interface OfBucket {
    String run(String bucket) throws SQLException;
  }

  private SetupCheck(
      Map<String, String> environment,
      S3Objects objects,
      Parameters parameters,
      Limits limits,
      Function<Settings, LoadMode> modes) {
    this.modes = modes;
    this.environment = environment;
    this.objects = objects;
    this.parameters = parameters;
    this.limits = limits;
    this.end = Deadline.in(LIMIT).within(limits.time().minusSeconds(2));
    this.list = new Checklist(end);
  }

  /**
   * Checks everything, within a minute.
   *
   * @param environment the process's
   * @param functionTime what the function may take
   * @param megabytes what memory it has
   * @param modes makes the mode that the settings name
   */
  public static List<CheckResult> run(
      Map<String, String> environment,
      S3Objects objects,
      Parameters parameters,
      Duration functionTime,
      int megabytes,
      Function<Settings, LoadMode> modes) {
    SetupCheck check =
        new SetupCheck(
            environment, objects, parameters, new Limits(functionTime, megabytes), modes);
    try {
      Settings settings = Settings.read(environment);
      check.list.ok(Item.SETTINGS, "all settings can be used");
      check.run(settings, new Database(settings.database(), parameters));
    } catch (LoadException e) {
      check.list.failed(Item.SETTINGS, e);
    }
    return check.list.results();
  }

  private void run(Settings settings, Database database) {
    list.check(Item.NAME, database::resolveHost);
    list.check(Item.TCP, () -> database.reach(Item.TCP.limit()));
    ofBucket(Item.BUCKET, settings, bucket -> readBucket(bucket, settings));
    checkNotifications(settings);
    checkResults(settings);
    if (settings.database().usesParameters()) {
      list.check(Item.PARAMETERS, () -> readParameters(database));
    } else {
      list.notChecked(Item.PARAMETERS, "the settings name no parameter");
    }
    if (settings.load().importWith() == ImportWith.COPY) {
      list.notChecked(Item.EXTENSION, NEEDS_NO_EXTENSION);
      list.notChecked(Item.IMPORT, NEEDS_NO_EXTENSION);
    }
    connect(database, settings.database())
        .ifPresent(
            session -> {
              try (session) {
                checkDatabase(session, settings, database);
              }
            });
  }

  /** Checks an item of the bucket, where the settings name it. */
  private void ofBucket(Item item, Settings settings, OfBucket check) {
    settings
        .load()
        .bucket()
        .ifPresentOrElse(
            bucket -> list.check(item, () -> check.run(bucket)),
            () -> list.notChecked(item, "S3_BUCKET_NAME is not set"));
  }

  private String readBucket(String bucket, Settings settings) {
    objects.checkAccess(bucket, absentKey(settings), AWS);
    return "the function can read s3://" + bucket;
  }

  private void checkNotifications(Settings settings) {
    String function = environment.getOrDefault("LOAD_FUNCTION", "");
    if (function.isEmpty()) {
      list.notChecked(Item.NOTIFICATIONS, "LOAD_FUNCTION is not set");
    } else {
      ofBucket(
          Item.NOTIFICATIONS,
          settings,
          bucket -> {
            new BucketListing(settings.load(), objects).checkNotifications(bucket, function, AWS);
            return "the bucket notifies " + function;
          });
    }
  }

  private void checkResults(Settings settings) {
    settings
        .load()
        .resultsPrefix()
        .ifPresentOrElse(
            prefix -> ofBucket(Item.RESULTS, settings, bucket -> putResult(bucket, prefix)),
            () -> list.notChecked(Item.RESULTS, "S3_RESULTS_PREFIX is not set"));
  }

  private String putResult(String bucket, String prefix) {
    ObjectLocation result = new ObjectLocation(bucket, prefix + "s3-csv-to-postgres-check.txt");
    objects.put(result, "The results of loads are put here.\n", AWS);
    return "the function can put results, such as " + result;
  }

  private static String readParameters(Database database) {
    database.readParameters(AWS);
    return "the function can read its parameters";
  }

  /** Checks the encryption and the login by one connection, which keeps to its limit by itself. */
  private Optional<Session> connect(Database database, DatabaseSettings settings) {
    if (!list.isDue(Item.TLS)) {
      return Optional.empty();
    }
    boolean encrypted = !settings.sslMode().equals("disable");
    try {
      Session session = database.connectOnce(end.within(Item.TLS.limit())).until(end);
      tlsPassed(settings);
      list.ok(Item.LOGIN, "the database accepts the login of %s".formatted(settings.username()));
      return Optional.of(session);
    } catch (LoadException e) {
      if (encrypted && !Database.isServerError(e)) {
        list.failed(Item.TLS, e);
      } else {
        tlsPassed(settings);
        list.failed(Item.LOGIN, e);
      }
      return Optional.empty();
    }
  }

  private void tlsPassed(DatabaseSettings settings) {
    if (settings.sslMode().equals("disable")) {
      list.notChecked(Item.TLS, "DB_SSL_MODE=disable: the connection is not encrypted");
    } else {
      list.ok(
          Item.TLS,
          "the connection is encrypted as DB_SSL_MODE=%s asks".formatted(settings.sslMode()));
    }
  }

  private void checkDatabase(Session session, Settings settings, Database database) {
    TableChecks tables = new TableChecks(session, settings.load(), modes.apply(settings));
    list.check(Item.TABLE, tables::table);
    settings
        .load()
        .historyTable()
        .ifPresentOrElse(
            name -> list.check(Item.HISTORY, () -> checkHistory(session, name)),
            () ->
                list.notChecked(
                    Item.HISTORY,
                    "HISTORY_TABLE=off: no load is recorded, duplicates and late files are loaded,"
                        + " and missed uploads are not picked up"));
    if (settings.load().importWith() == ImportWith.AWS_S3) {
      list.check(Item.EXTENSION, () -> checkExtension(session));
      ofBucket(Item.IMPORT, settings, bucket -> importAbsentObject(bucket, settings, database));
    }
    list.check(Item.LIMITS, () -> limits.judge(tables.longestLoad()));
  }

  private static String checkHistory(Session session, String name) throws SQLException {
    return HistoryTable.existing(session, name)
        .map(table -> "loads are recorded in " + table.name())
        .orElse("the first load will create " + name);
  }

  private static String checkExtension(Session session) throws SQLException {
    return AwsS3Extension.check(session)
        ? "aws_s3 is installed, and the database user may use it"
        : "aws_s3 is not installed; the first load will install it";
  }

  /** Has a connection of its own, whose time limit is the import's. */
  private String importAbsentObject(String bucket, Settings settings, Database database)
      throws SQLException {
    try (Session session = database.connectOnce(end.within(IMPORT))) {
      if (!AwsS3Extension.check(session)) {
        return "can be checked after the first load has installed aws_s3";
      }
      String region = environment.getOrDefault("AWS_REGION", "");
      AwsS3Extension.checkAccess(session, bucket, absentKey(settings), region);
      return "the database can read s3://" + bucket;
    }
  }

  private static String absentKey(Settings settings) {
    return settings.load().objectKeys().prefix() + "s3-csv-to-postgres-check/" + UUID.randomUUID();
  }
}
