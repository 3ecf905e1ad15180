package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import s3topostgres.sandbox.GeneratedObject;
import s3topostgres.sandbox.LambdaRuntime;

/**
 * {@code IMPORT_WITH=copy}: two million rows beside {@code aws_s3} and {@code \copy}, the same with
 * the share of a processor that comes with less memory, and 5 GB that are made while they are read.
 */
final class CopyImport {
  private static final int ROUNDS = 3;
  private static final int ROWS = 2_000_000;
  private static final long LARGE_ROWS = 50_000_000;
  private static final String KEY = "addresses.csv";

  /** The memory with which Lambda gives a whole processor. */
  private static final double MB_OF_ONE_PROCESSOR = 1769;

  private final Site site;
  private final Report report;
  private final Path file;

  CopyImport(Site site, Report report) {
    this.site = site;
    this.report = report;
    this.file = Path.of("target", KEY).toAbsolutePath();
  }

  void run() throws IOException, SQLException {
    Addresses.write(file, ROWS);
    site.upload(KEY, file);
    site.createTable("addresses_by_copy", Addresses.COLUMNS);
    try (LambdaRuntime copy = site.start("addresses_by_copy", "IMPORT_WITH", "copy");
        LambdaRuntime awsS3 = site.start("addresses_by_copy")) {
      compare(copy, awsS3);
      withLessOfAProcessor(copy);
    }
    Files.delete(file);
    large();
  }

  private void compare(LambdaRuntime copy, LambdaRuntime awsS3) throws IOException, SQLException {
    Series ours = new Series();
    Series extension = new Series();
    Series psql = new Series();
    for (int round = 0; round < ROUNDS; round++) {
      ours.add(site.time(() -> Site.load(copy, site.event(KEY))));
      extension.add(site.time(() -> Site.load(awsS3, site.event(KEY))));
      psql.add(site.time(this::psql));
    }
    report.compare(
        "%,d rows, %,d MB, into a table without a key, %d runs each, median (min-max)"
            .formatted(ROWS, Files.size(file) / 1_000_000, ROUNDS));
    report.compared("IMPORT_WITH=copy", ours, "IMPORT_WITH=aws_s3", extension);
    report.compared("IMPORT_WITH=copy", ours, "psql: begin, truncate, \\copy, commit", psql);
    report.line("\nPeak memory of the function: " + Throughput.peakMemory(copy));
  }

  private void withLessOfAProcessor(LambdaRuntime copy) throws IOException, SQLException {
    report.table("The same with IMPORT_WITH=copy by memory, one run each", "MB", "load, s", "MB/s");
    for (int megabytes : List.of(256, 512, 1024, 1769)) {
      double share = Math.min(0.99, megabytes / MB_OF_ONE_PROCESSOR);
      Throttle throttle = new Throttle(copy.process(), share);
      double seconds = site.time(() -> Site.load(copy, site.event(KEY))).toMillis() / 1000.0;
      throttle.end();
      report.row(
          Integer.toString(megabytes),
          "%.1f".formatted(seconds),
          "%.0f".formatted(Files.size(file) / 1e6 / seconds));
    }
  }

  private void large() throws IOException, SQLException {
    site.createTable("large", "id bigint, filler text");
    try (GeneratedObject object = new GeneratedObject(LARGE_ROWS);
        LambdaRuntime runtime =
            site.start(
                "large",
                "IMPORT_WITH",
                "copy",
                "AWS_ENDPOINT_URL_S3",
                object.endpoint().toString())) {
      Duration took = Site.load(runtime, site.event("large.csv"));
      report.line(
          "\n%,d rows, %,d MB, with IMPORT_WITH=copy: %d s, peak memory of the function %s; count and sum of ids %s"
              .formatted(
                  LARGE_ROWS,
                  object.size() / 1_000_000,
                  took.toSeconds(),
                  Throughput.peakMemory(runtime),
                  site.database().rows("SELECT count(*), sum(id) FROM large")));
    }
  }

  private void psql() throws IOException {
    Programs.run(
        "psql",
        "-X",
        "-q",
        "postgresql://postgres@%s:%d/%s"
            .formatted(site.database().host(), site.database().port(), site.database().name()),
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        "BEGIN",
        "-c",
        "TRUNCATE addresses_by_copy",
        "-c",
        "\\copy addresses_by_copy FROM '%s' (FORMAT csv, HEADER true)".formatted(file),
        "-c",
        "COMMIT");
  }
}
