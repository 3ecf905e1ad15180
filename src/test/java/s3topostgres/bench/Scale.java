package s3topostgres.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import s3topostgres.s3.S3Objects;
import s3topostgres.sandbox.FullBucket;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.SandboxAws;

/**
 * One small load in each mode where the bucket has a million files and the history a million rows,
 * beside the same load where there are none. Then catching up on ten of a million files, beside
 * their list alone.
 */
final class Scale {
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 15);
  private static final int ROUNDS_OF_CATCHING_UP = 3;

  /** Not counted, because the function has just started. */
  private static final int FIRST_ROUNDS = 3;

  private static final String EMPTY = "empty/";

  /** {@code changes} first, because the files that are there are files of changes. */
  private static final List<String> MODES =
      List.of("changes", "replace", "sync", "append", "upsert");

  private final Site site;
  private final Report report;
  private int files;

  Scale(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    site.stopAutovacuum();
    try (FullBucket bucket = new FullBucket(site.s3())) {
      for (String prefix : List.of(EMPTY, FullBucket.PREFIX)) {
        site.createTable(
            table(prefix),
            "id integer PRIMARY KEY, name text",
            "CREATE SCHEMA %s_history AUTHORIZATION " + Site.ROLE);
        try (LambdaRuntime function = LambdaRuntime.start(settings(bucket, prefix, "changes"))) {
          Site.load(function, site.upload(prefix + "LOAD00000001.csv", "0,full load\n"));
        }
      }
      fillHistory();
      report.compare(
          "%,d files and rows of the history, %d runs each, median (min-max)"
              .formatted(FullBucket.FILES, ROUNDS));
      for (String mode : MODES) {
        compare(bucket, mode);
      }
      catchUp(bucket);
    }
  }

  private static String table(String prefix) {
    return prefix.replace("/", "");
  }

  private Map<String, String> settings(FullBucket bucket, String prefix, String mode) {
    Map<String, String> settings = site.settings(table(prefix));
    settings.put("AWS_ENDPOINT_URL_S3", bucket.endpoint().toString());
    settings.put("S3_KEY_PREFIX", prefix);
    settings.put("HISTORY_TABLE", table(prefix) + "_history.loads");
    settings.put("CSV_HEADER", "none");
    settings.put("LOAD_MODE", mode);
    return settings;
  }

  private void fillHistory() throws SQLException {
    site.database()
        .execute(
            """
            INSERT INTO filled_history.loads (target_table, bucket, object_key, etag, event_time,
              status, mode, started_at, finished_at)
            SELECT 'public.filled', bucket, '%s' || to_char(time, 'YYYYMMDD-HH24MISS') || '000.csv',
              'etag-' || i, time AT TIME ZONE 'UTC', 'LOADED', 'changes',
              time AT TIME ZONE 'UTC', time AT TIME ZONE 'UTC'
            FROM (SELECT bucket FROM filled_history.loads LIMIT 1) AS loaded,
              generate_series(0, %d) AS i,
              LATERAL (SELECT timestamp '2024-01-01' + i * interval '1 min') AS t (time)"""
                .formatted(FullBucket.PREFIX, FullBucket.FILES - 1),
            """
            UPDATE filled_history.loads
            SET event_time = '2023-12-31 00:00Z', started_at = '2023-12-31 00:00Z'
            WHERE object_key LIKE '%LOAD%'""",
            "VACUUM ANALYZE filled_history.loads",
            "CHECKPOINT");
  }

  private void compare(FullBucket bucket, String mode) throws IOException {
    Series none = new Series();
    Series full = new Series();
    try (LambdaRuntime ofNone = LambdaRuntime.start(settings(bucket, EMPTY, mode));
        LambdaRuntime ofFull = LambdaRuntime.start(settings(bucket, FullBucket.PREFIX, mode))) {
      for (int round = -FIRST_ROUNDS; round < ROUNDS; round++) {
        Duration withNone = load(ofNone, EMPTY, mode);
        Duration withAll = load(ofFull, FullBucket.PREFIX, mode);
        if (round >= 0) {
          none.add(withNone);
          full.add(withAll);
        }
      }
    }
    report.compared(mode + ": a file of one row", full, "with none of them", none);
  }

  private Duration load(LambdaRuntime function, String prefix, String mode) throws IOException {
    files++;
    return Site.load(
        function,
        site.upload(
            "%s20300101-%06d000.csv".formatted(prefix, files),
            "%s%d,new\n".formatted(mode.equals("changes") ? "I," : "", files)));
  }

  private void catchUp(FullBucket bucket) throws IOException, SQLException {
    Map<String, String> settings = settings(bucket, FullBucket.PREFIX, "append");
    settings.put("IMPORT_WITH", "copy"); // The files are not where the database fetches from.
    settings.merge("JAVA_TOOL_OPTIONS", "-Xmx200m", (one, other) -> one + " " + other);
    S3Objects objects = SandboxAws.objects(bucket.endpoint());
    Series all = new Series();
    Series listing = new Series();
    try (LambdaRuntime function = LambdaRuntime.start("catchUp", settings)) {
      for (int round = 0; round < ROUNDS_OF_CATCHING_UP; round++) {
        lose(10);
        all.add(Site.load(function, "{\"time\": \"%s\"}".formatted(Instant.now())));
        listing.add(list(objects, settings.get("S3_BUCKET_NAME")));
      }
      report.compared("catching up on ten files, with append", all, "their list alone", listing);
      report.line(
          "\nMost memory of the process that caught up: " + Throughput.peakMemory(function));
    }
  }

  /** Makes the history forget some files, and that it was ever compared with the bucket. */
  private void lose(int count) throws SQLException {
    site.database()
        .execute(
            """
            DELETE FROM filled_history.loads
            WHERE mode = 'catch-up' OR object_key IN (
              SELECT '%s' || to_char(timestamp '2024-01-01' + i * interval '1 min',
                'YYYYMMDD-HH24MISS') || '000.csv'
              FROM generate_series(77, %d, %d) AS i)"""
                .formatted(FullBucket.PREFIX, FullBucket.FILES - 1, FullBucket.FILES / count),
            "DELETE FROM filled WHERE id >= " + FullBucket.FILES);
  }

  private static Duration list(S3Objects objects, String bucket) {
    long start = System.nanoTime();
    objects.list(bucket, FullBucket.PREFIX, "", () -> Duration.ofMinutes(10), page -> {});
    return Duration.ofNanos(System.nanoTime() - start);
  }
}
