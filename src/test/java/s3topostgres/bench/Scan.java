package s3topostgres.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import s3topostgres.sandbox.LambdaRuntime;

/**
 * The scan of two million rows: alone, beside {@code COPY} from a local file; and as a part of
 * loads with {@code aws_s3}, beside the same loads with {@code CSV_SCAN=off}.
 */
final class Scan {
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 5);
  private static final int ROWS = Integer.getInteger("bench.rows", 2_000_000);
  private static final String TABLE = "scanned";

  /** The share of a processor that comes with 512 MB. */
  private static final double SHARE = 0.29;

  private final Site site;
  private final Report report;
  private final Path file = Path.of("target", "scanned.csv").toAbsolutePath();

  Scan(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    Addresses.write(file, ROWS);
    site.createTable(TABLE, Addresses.COLUMNS);
    Series withoutRules = new Series();
    Series scan = new Series();
    Series scanWithLess = new Series();
    Series copy = new Series();
    for (int round = 0; round < ROUNDS; round++) {
      scan(withoutRules, false, Optional.empty());
      scan(scan, true, Optional.empty());
      scan(scanWithLess, true, Optional.of(SHARE));
      copy(copy);
    }
    report.compare(
        "%,d rows, %,d MB, in a local file, %d runs each, median (min-max)"
            .formatted(ROWS, Files.size(file) / 1_000_000, ROUNDS));
    String reference = "COPY from the file, into a table without an index";
    report.compared("the scan alone, in a new process", scan, reference, copy);
    report.compared(
        "the same with %.2f of a processor".formatted(SHARE), scanWithLess, reference, copy);
    report.compared("the scan, with a look at each value", scan, "without it", withoutRules);
    report.line(
        "%nThe scan's rate is %.1f times that of COPY, %.1f times by the processor's time"
            .formatted(copy.median() / scan.median(), copy.medianCpu() / scan.medianCpu()));
    loads();
    Files.delete(file);
  }

  private void loads() throws IOException, SQLException {
    site.upload("good.csv", file);
    upload("malformed.csv", false);
    upload("faulty.csv", true);
    Series off = new Series();
    Series on = new Series();
    Series malformed = new Series();
    Series faulty = new Series();
    String memory;
    try (LambdaRuntime unscanned = site.start(TABLE, "CSV_SCAN", "off");
        LambdaRuntime scanned = site.start(TABLE)) {
      for (int round = 0; round < ROUNDS; round++) {
        off.add(load(unscanned));
        on.add(load(scanned));
      }
      memory =
          "%s, and %s with CSV_SCAN=off"
              .formatted(Throughput.peakMemory(scanned), Throughput.peakMemory(unscanned));
      for (int round = 0; round < ROUNDS; round++) {
        malformed.add(
            Site.refuse(scanned, site.event("malformed.csv"), "2 faults: line " + (ROWS / 2)));
        faulty.add(Site.refuse(scanned, site.event("faulty.csv"), "5 faults: line 2, column born"));
      }
    }
    report.compare(
        "The same rows, loaded with aws_s3, %d runs each, median (min-max)".formatted(ROUNDS));
    report.compared("loaded", on, "CSV_SCAN=off", off);
    report.compared(
        "refused: a line in the middle, and the last one, malformed", malformed, "loaded", on);
    report.compared("refused: three values, too", faulty, "loaded", on);
    report.line("\nPeak memory of the function that loads: " + memory);
  }

  private Duration load(LambdaRuntime function) throws IOException, SQLException {
    site.database().execute("CHECKPOINT");
    return Site.load(function, site.event("good.csv"));
  }

  /**
   * Uploads the file with a field too many in the middle and in the last line.
   *
   * @param values whether the first three rows have no valid date, too
   */
  private void upload(String key, boolean values) throws IOException {
    Path faulty = file.resolveSibling(key);
    try (BufferedReader in = Files.newBufferedReader(file);
        BufferedWriter out = Files.newBufferedWriter(faulty)) {
      for (int line = 1; line <= ROWS + 1; line++) {
        String text = in.readLine();
        if (values && line > 1 && line <= 4) {
          text = text.replaceFirst(",\\d{4}-\\d\\d-\\d\\d,", ",unknown,");
        }
        out.write(text + (line == ROWS / 2 || line == ROWS + 1 ? ",x\n" : "\n"));
      }
    }
    site.upload(key, faulty);
    Files.delete(faulty);
  }

  /** With the options that Lambda's runtime and the template give, and no warm-up. */
  private void scan(Series series, boolean typed, Optional<Double> share) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:+TieredCompilation",
                "-XX:TieredStopAtLevel=4",
                "-cp",
                "target/classes:target/test-classes",
                ScanFile.class.getName(),
                file.toString(),
                Addresses.COLUMNS.replace('\n', ' '),
                Boolean.toString(typed))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Optional<Throttle> throttle = Optional.empty();
    if (share.isPresent()) {
      throttle = Optional.of(new Throttle(process.toHandle(), share.get()));
    }
    try (InputStream output = process.getInputStream()) {
      String[] nanos =
          new String(output.readAllBytes(), StandardCharsets.US_ASCII).strip().split(" ");
      series.add(
          Duration.ofNanos(Long.parseLong(nanos[0])), Duration.ofNanos(Long.parseLong(nanos[1])));
    } finally {
      throttle.ifPresent(Throttle::end);
    }
  }

  private void copy(Series series) throws SQLException {
    site.database().execute("TRUNCATE " + TABLE, "CHECKPOINT");
    try (Connection connection = site.database().connect();
        Statement statement = connection.createStatement()) {
      ProcessHandle server = server(statement);
      Duration cpu = Programs.cpu(server);
      long start = System.nanoTime();
      statement.execute("COPY %s FROM '%s' (FORMAT csv, HEADER true)".formatted(TABLE, file));
      series.add(Duration.ofNanos(System.nanoTime() - start), Programs.cpu(server).minus(cpu));
    }
  }

  /** The server's process for a connection. */
  private static ProcessHandle server(Statement statement) throws SQLException {
    try (ResultSet row = statement.executeQuery("SELECT pg_backend_pid()")) {
      row.next();
      return ProcessHandle.of(row.getLong(1)).orElseThrow();
    }
  }
}
