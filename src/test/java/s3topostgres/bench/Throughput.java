package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import s3topostgres.sandbox.LambdaRuntime;

/** A file of two million rows, through the function and by others. */
final class Throughput {
  private static final int ROUNDS = 5;
  private static final int ROWS = 2_000_000;
  private static final String KEY = "addresses.csv";

  /** The memory with which Lambda gives a whole processor. */
  private static final double MB_OF_ONE_PROCESSOR = 1769;

  private final Site site;
  private final Report report;
  private final Path file;

  Throughput(Site site, Report report) {
    this.site = site;
    this.report = report;
    this.file = Path.of("target", KEY).toAbsolutePath();
  }

  private interface Load {
    void run() throws IOException, SQLException;
  }

  void run() throws IOException, SQLException {
    if (!Programs.works("psql", "--version")) {
      report.line("Throughput is left out: there is no psql.");
      return;
    }
    Addresses.write(file, ROWS);
    site.upload(KEY, file);
    compare("without a key", "addresses", "");
    compare("with a primary key", "addresses_with_key", ", PRIMARY KEY (id)");
    Files.delete(file);
  }

  private void compare(String kind, String table, String constraint)
      throws IOException, SQLException {
    site.database()
        .execute(
            "CREATE TABLE %s (%s%s)".formatted(table, Addresses.COLUMNS, constraint),
            "ALTER TABLE %s OWNER TO %s".formatted(table, Site.ROLE));
    Series ours = new Series();
    Series psql = new Series();
    Series analyzed = new Series();
    Series copy = new Series();
    Series byCopy = new Series();
    Map<String, String> copySettings = site.settings(table);
    copySettings.put("IMPORT_WITH", "copy");
    try (LambdaRuntime runtime = LambdaRuntime.start(site.settings(table));
        LambdaRuntime copying = LambdaRuntime.start(copySettings)) {
      Site.load(runtime, site.upload("one-row.csv", "id,first_name,last_name\n1,Ana,Almeida\n"));
      String before = peakMemory(runtime);
      for (int round = 0; round < ROUNDS; round++) {
        ours.add(time(() -> Site.load(runtime, site.event(KEY))));
        byCopy.add(time(() -> Site.load(copying, site.event(KEY))));
        Duration bare =
            time(
                () ->
                    psql("BEGIN", "TRUNCATE " + table, Site.importStatement(table, KEY), "COMMIT"));
        psql.add(bare);
        analyzed.add(bare.plus(time(() -> psql("ANALYZE " + table))));
        copy.add(time(() -> psql("BEGIN", "TRUNCATE " + table, copy(table), "COMMIT")));
      }
      report.compare(
          "%,d rows, %,d MB, into a table %s, %d runs each, median (min-max)"
              .formatted(ROWS, Files.size(file) / 1_000_000, kind, ROUNDS));
      report.compared("load", ours, "psql: begin, truncate, import, commit", psql);
      report.compared("load", ours, "the same and ANALYZE", analyzed);
      report.compared("load", ours, "psql: begin, truncate, \\copy, commit", copy);
      report.compared("IMPORT_WITH=copy", byCopy, "load", ours);
      report.compared("IMPORT_WITH=copy", byCopy, "psql: begin, truncate, \\copy, commit", copy);
      if (constraint.isEmpty() && Programs.works("pgloader", "--version")) {
        Series pgloader = new Series();
        pgloader.add(time(() -> pgloader(table)));
        report.compared("load", ours, "pgloader, one run", pgloader);
      }
      report.line(
          "\nPeak memory of the function: %s after one row, %s after these; with IMPORT_WITH=copy %s."
              .formatted(before, peakMemory(runtime), peakMemory(copying)));
      if (constraint.isEmpty()) {
        withLessOfAProcessor(copying);
      }
    }
  }

  /** {@code IMPORT_WITH=copy} by the function's memory, of which its share of a processor comes. */
  private void withLessOfAProcessor(LambdaRuntime copying) throws IOException, SQLException {
    report.table(
        "The same with IMPORT_WITH=copy by the function's memory, one run each",
        "MB",
        "load, s",
        "MB a second");
    for (int megabytes : List.of(256, 512, 1024, 1769)) {
      Throttle throttle =
          new Throttle(copying.process(), Math.min(0.99, megabytes / MB_OF_ONE_PROCESSOR));
      double seconds = time(() -> Site.load(copying, site.event(KEY))).toMillis() / 1000.0;
      throttle.end();
      report.row(
          Integer.toString(megabytes),
          "%.1f".formatted(seconds),
          "%.0f".formatted(Files.size(file) / 1e6 / seconds));
    }
  }

  private Duration time(Load load) throws IOException, SQLException {
    site.database().execute("CHECKPOINT");
    long start = System.nanoTime();
    load.run();
    return Duration.ofNanos(System.nanoTime() - start);
  }

  private String copy(String table) {
    return "\\copy %s FROM '%s' (FORMAT csv, HEADER true)".formatted(table, file);
  }

  private void psql(String... statements) throws IOException {
    List<String> command = new ArrayList<>(List.of("psql", "-X", "-q", address()));
    command.addAll(List.of("-v", "ON_ERROR_STOP=1"));
    for (String statement : statements) {
      command.addAll(List.of("-c", statement));
    }
    Programs.run(command.toArray(String[]::new));
  }

  private void pgloader(String table) throws IOException {
    Programs.run(
        "pgloader",
        "--type",
        "csv",
        "--with",
        "truncate",
        "--with",
        "skip header = 1",
        "--with",
        "fields terminated by ','",
        file.toString(),
        address() + "?tablename=" + table);
  }

  private String address() {
    return "postgresql://postgres@%s:%d/%s"
        .formatted(site.database().host(), site.database().port(), site.database().name());
  }

  /** What a function used of memory at the most so far. */
  static String peakMemory(LambdaRuntime runtime) throws IOException {
    String status = Files.readString(Path.of("/proc/" + runtime.process().pid() + "/status"));
    long kilobytes = Long.parseLong(status.replaceAll("(?s).*VmHWM:\\s*(\\d+) kB.*", "$1"));
    return "%d MB".formatted(kilobytes / 1024);
  }
}
