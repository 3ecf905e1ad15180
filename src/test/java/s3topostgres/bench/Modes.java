package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import s3topostgres.sandbox.LambdaRuntime;

/**
 * {@code LOAD_MODE=sync} of a million rows into a table with a primary key in random order and
 * three more indexes, beside the statements that empty the table.
 */
final class Modes {
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 5);
  private static final int ROWS = 1_000_000;
  private static final Pattern WAY = Pattern.compile("status=LOADED.* way=(\\S+)");

  private final Site site;
  private final Report report;
  private final Path file = Path.of("target", "modes.csv").toAbsolutePath();

  Modes(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    site.stopAutovacuum();
    uploadFiles();
    for (String table : List.of("synced", "replaced", "bare", "keyless")) {
      site.createTable(table, Addresses.COLUMNS, Site.INDEXES);
      if (!table.equals("keyless")) {
        site.database().execute("ALTER TABLE %s ADD PRIMARY KEY (id)".formatted(table));
      }
    }
    try (LambdaRuntime sync = site.start("synced", "LOAD_MODE", "sync");
        LambdaRuntime replace = site.start("replaced", "LOAD_MODE", "replace");
        LambdaRuntime keyless = site.start("keyless", "LOAD_MODE", "sync")) {
      compare(sync, replace, keyless);
    }
  }

  private void compare(LambdaRuntime sync, LambdaRuntime replace, LambdaRuntime keyless)
      throws IOException, SQLException {
    Series filled = new Series();
    Series replaced = new Series();
    Series changed = new Series();
    Series unchanged = new Series();
    Series bare = new Series();
    Series other = new Series();
    Series alike = new Series();
    List<Long> wal = new ArrayList<>();
    Duration calm = longestRead("synced", () -> pause(Duration.ofSeconds(5)));
    List<Duration> waits = new ArrayList<>();
    load(keyless, "base.csv");
    for (int round = 0; round < ROUNDS; round++) {
      site.database().execute("TRUNCATE synced");
      filled.add(site.time(() -> load(sync, "base.csv")));
      replaced.add(site.time(() -> load(replace, "base.csv")));
      bare.add(site.time(this::bare));
      waits.add(
          longestRead("synced", () -> changed.add(site.time(() -> load(sync, "one-percent.csv")))));
      // Otherwise whoever reads the table next tidies up, page by page.
      site.database().execute("VACUUM synced", "CHECKPOINT");
      long before = walPosition();
      unchanged.add(site.time(() -> load(sync, "one-percent.csv")));
      wal.add(walPosition() - before);
      String next = round % 2 == 0 ? "one-percent.csv" : "base.csv";
      alike.add(site.time(() -> load(keyless, next)));
      if (round < 2) {
        other.add(site.time(() -> load(sync, "all.csv")));
      }
    }
    report.compare(
        "%,d rows, %,d MB, %d runs each, median (min-max)"
            .formatted(ROWS, Files.size(file) / 1_000_000, ROUNDS));
    String statements = "begin, truncate, import, commit";
    report.compared("sync, 1 % changed", changed, statements, bare);
    report.compared("sync, nothing changed", unchanged, statements, bare);
    report.compared("sync into an empty table", filled, "replace", replaced);
    report.compared("sync, every row changed, 2 runs", other, statements, bare);
    report.compared("sync without a key, 1 % changed", alike, statements, bare);
    report.line("\nWAL of a sync of nothing changed, in bytes: " + wal);
    report.line(
        "Longest read without a load, in ms: %d; with a sync: %s"
            .formatted(calm.toMillis(), waits.stream().map(Duration::toMillis).toList()));
    Files.delete(file);
  }

  private void uploadFiles() throws IOException {
    Addresses.write(file, ROWS);
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    List<String> rows = lines.subList(1, lines.size());
    Collections.shuffle(rows, new Random(4711));
    Files.write(file, lines);
    site.upload("base.csv", file);
    for (int i = 0; i < rows.size(); i += 100) {
      rows.set(i, rows.get(i).replace("Country", "State"));
    }
    Files.write(file, lines);
    site.upload("one-percent.csv", file);
    rows.replaceAll(row -> row.replace("Made-up", "Invented"));
    Files.write(file, lines);
    site.upload("all.csv", file);
  }

  private void load(LambdaRuntime runtime, String key) throws IOException {
    int logged = runtime.log().size();
    Site.load(runtime, site.event(key));
    for (String line : runtime.log().subList(logged, runtime.log().size())) {
      Matcher way = WAY.matcher(line);
      if (way.find()) {
        report.line("%s: %s".formatted(key, way.group(1)));
      }
    }
  }

  private void bare() throws SQLException {
    try (Connection connection = site.database().connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("TRUNCATE bare");
      statement.execute(Site.importStatement("bare", "base.csv"));
      connection.commit();
    }
  }

  private long walPosition() throws SQLException {
    return Long.parseLong(
        site.database().rows("SELECT (pg_current_wal_lsn() - '0/0')::bigint").get(0).get(0));
  }

  /** How long somebody waited at the most who read a row by its key again and again meanwhile. */
  private Duration longestRead(String table, Site.Action action) throws IOException, SQLException {
    AtomicBoolean over = new AtomicBoolean();
    CompletableFuture<Duration> reader =
        CompletableFuture.supplyAsync(() -> readUntil(over, table));
    try {
      action.run();
    } finally {
      over.set(true);
    }
    return reader.join();
  }

  private Duration readUntil(AtomicBoolean over, String table) {
    Random random = new Random(4711);
    long longest = 0;
    try (Connection connection = site.database().connect();
        Statement statement = connection.createStatement()) {
      while (!over.get()) {
        long start = System.nanoTime();
        statement.execute("SELECT * FROM %s WHERE id = %d".formatted(table, random.nextInt(ROWS)));
        longest = Math.max(longest, System.nanoTime() - start);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return Duration.ofNanos(longest);
  }

  private static void pause(Duration duration) {
    try {
      Thread.sleep(duration.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
