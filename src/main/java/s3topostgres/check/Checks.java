package s3topostgres.check;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Future;
import s3topostgres.LoadException;
import s3topostgres.config.DatabaseSettings;
import s3topostgres.config.LoadSettings.ImportWith;
import s3topostgres.config.Parameters;
import s3topostgres.config.Settings;
import s3topostgres.history.HistoryTable;
import s3topostgres.postgres.AwsS3Extension;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.s3.S3Objects;

/**
 * Looks at all that a load needs, as the function and as the database see it. Nothing is changed:
 * what the database sees of the bucket shows in an attempt to import an object that does not exist
 * into a temporary table, in a transaction that is rolled back.
 */
public final class Checks {
  /** For the whole answer, even if nothing answers. */
  private static final Duration LIMIT = Duration.ofSeconds(50);

  private static final Duration SHORT = Duration.ofSeconds(5);
  private static final Duration CONNECTING = Duration.ofSeconds(12);

  private static final Duration AWS = Duration.ofSeconds(8);

  private static final Duration IMPORT = Duration.ofSeconds(15);

  private static final String NEEDS_NO_EXTENSION =
      "IMPORT_WITH=copy: the function reads the object, the database needs no access to S3";

  private final Map<String, String> environment;
  private final S3Objects objects;
  private final Parameters parameters;
  private final Limits limits;
  private final Checklist list;
  private final Deadline end;

  private Checks(
      Map<String, String> environment, S3Objects objects, Parameters parameters, Limits limits) {
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
   */
  public static List<Check> run(
      Map<String, String> environment,
      S3Objects objects,
      Parameters parameters,
      Duration functionTime,
      int megabytes) {
    Checks checks =
        new Checks(environment, objects, parameters, new Limits(functionTime, megabytes));
    try (Checklist list = checks.list) {
      checks.run();
      return list.answers();
    }
  }

  private void run() {
    try {
      Settings settings = Settings.read(environment);
      list.ok(Item.SETTINGS, "all settings can be used");
      run(settings);
    } catch (LoadException e) {
      list.failed(Item.SETTINGS, e);
    }
  }

  private void run(Settings settings) {
    Database database = new Database(settings.database(), parameters);
    Optional<Future<String>> bucketSeen = beginBucket(settings);
    Optional<Future<String>> parametersRead = beginParameters(settings, database);

    list.check(Item.NAME, SHORT, database::resolveHost);
    list.check(Item.TCP, SHORT, () -> database.reach(SHORT));
    bucketSeen.ifPresent(begun -> list.finish(Item.BUCKET, AWS, begun));
    parametersRead.ifPresent(begun -> list.finish(Item.PARAMETERS, AWS, begun));
    if (list.isDue(Item.TLS)) {
      connect(database, settings.database()).ifPresent(session -> look(session, settings));
    }
    if (settings.load().importWith() == ImportWith.COPY) {
      list.notChecked(Item.EXTENSION, NEEDS_NO_EXTENSION);
      list.notChecked(Item.IMPORT, NEEDS_NO_EXTENSION);
    } else {
      checkImport(database, settings);
    }
  }

  private Optional<Future<String>> beginBucket(Settings settings) {
    Optional<String> bucket = settings.load().bucket();
    if (bucket.isEmpty()) {
      list.notChecked(Item.BUCKET, "S3_BUCKET_NAME is not set");
    }
    return bucket.map(
        name ->
            list.begin(
                () -> {
                  objects.checkAccess(name, absentKey(settings), AWS);
                  return "the function can read s3://" + name;
                }));
  }

  private Optional<Future<String>> beginParameters(Settings settings, Database database) {
    if (!settings.database().usesParameters()) {
      list.notChecked(Item.PARAMETERS, "the settings name no parameter");
      return Optional.empty();
    }
    return Optional.of(
        list.begin(
            () -> {
              database.readParameters(AWS);
              return "the function can read its parameters";
            }));
  }

  /** One connection checks both the encryption and the login. */
  private Optional<Session> connect(Database database, DatabaseSettings settings) {
    boolean encrypted = !settings.sslMode().equals("disable");
    String tls =
        encrypted
            ? "the connection is encrypted as DB_SSL_MODE=%s asks".formatted(settings.sslMode())
            : "DB_SSL_MODE=disable: the connection is not encrypted";
    try {
      Session session =
          list.await(Item.TLS, CONNECTING, list.begin(() -> list.keep(database.connectOnce(end))));
      tlsPassed(encrypted, tls);
      list.ok(Item.LOGIN, "the database accepts the login of %s".formatted(settings.username()));
      return Optional.of(session);
    } catch (LoadException e) {
      if (encrypted && !Database.isServerError(e)) {
        list.failed(Item.TLS, e);
      } else {
        tlsPassed(encrypted, tls);
        list.failed(Item.LOGIN, e);
      }
      return Optional.empty();
    }
  }

  private void tlsPassed(boolean encrypted, String what) {
    if (encrypted) {
      list.ok(Item.TLS, what);
    } else {
      list.notChecked(Item.TLS, what);
    }
  }

  private void look(Session open, Settings settings) {
    try (Session session = open) {
      TableChecks tables = new TableChecks(session, settings.load());
      list.check(Item.TABLE, SHORT, tables::table);
      settings
          .load()
          .historyTable()
          .ifPresentOrElse(
              name -> list.check(Item.HISTORY, SHORT, () -> checkHistory(session, name)),
              () ->
                  list.notChecked(
                      Item.HISTORY,
                      "HISTORY_TABLE=off: no load is recorded, duplicates and late files are loaded,"
                          + " and nothing is caught up on"));
      if (settings.load().importWith() == ImportWith.AWS_S3) {
        list.check(Item.EXTENSION, SHORT, () -> checkExtension(session));
      }
      list.check(Item.LIMITS, SHORT, () -> limits.judge(tables.longestLoad()));
    }
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

  /** On a connection of its own, whose time limit is the import's. */
  private void checkImport(Database database, Settings settings) {
    Optional<String> bucket = settings.load().bucket();
    if (bucket.isEmpty()) {
      list.notChecked(Item.IMPORT, "S3_BUCKET_NAME is not set");
    } else {
      list.check(
          Item.IMPORT,
          IMPORT.plus(SHORT),
          () -> {
            try (Session session = list.keep(database.connectOnce(end.within(IMPORT)))) {
              String region = environment.getOrDefault("AWS_REGION", "");
              if (!AwsS3Extension.check(session)) {
                return "can be checked after the first load has installed aws_s3";
              }
              AwsS3Extension.checkAccess(session, bucket.get(), absentKey(settings), region);
              return "the database can read s3://" + bucket.get();
            }
          });
    }
  }

  private static String absentKey(Settings settings) {
    return settings.load().objectKeys().prefix() + "s3-csv-to-postgres-check/" + UUID.randomUUID();
  }
}
