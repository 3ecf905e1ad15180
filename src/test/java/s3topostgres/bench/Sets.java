package s3topostgres.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import s3topostgres.sandbox.LambdaRuntime;

/**
 * Two million rows as a set of 50 files, beside the same rows as one file, into a table with a
 * primary key.
 */
final class Sets {
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);
  private static final int PARTS = 50;
  private static final int ROWS_OF_A_PART = 40_000;
  private static final List<String> MODES = List.of("replace", "sync");

  private final Site site;
  private final Report report;
  private final Path file = Path.of("target", "sets.csv").toAbsolutePath();

  Sets(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    site.stopAutovacuum();
    uploadFiles();
    report.compare(
        "%,d rows, %,d MB, %d runs each, median (min-max)"
            .formatted(PARTS * ROWS_OF_A_PART, Files.size(file) / 1_000_000, ROUNDS));
    for (String mode : MODES) {
      for (String way : List.of("aws_s3", "copy")) {
        compare(mode, way);
      }
    }
    Files.delete(file);
  }

  private void compare(String mode, String way) throws IOException, SQLException {
    String table = "sets_%s_%s".formatted(mode, way);
    for (String kind : List.of("one", "many")) {
      site.createTable(table + "_" + kind, Addresses.COLUMNS + ", PRIMARY KEY (id)");
    }
    Series one = new Series();
    Series many = new Series();
    try (LambdaRuntime ofFile = start(table + "_one", mode, way, "none");
        LambdaRuntime ofSet = start(table + "_many", mode, way, "_SUCCESS")) {
      for (int round = 0; round < ROUNDS; round++) {
        one.add(load(ofFile, table + "_one", "all.csv"));
        many.add(load(ofSet, table + "_many", "parts/_SUCCESS"));
      }
    }
    report.compared("%s with %s: %d files".formatted(mode, way, PARTS), many, "one file", one);
    site.database().execute("DROP TABLE %1$s_one, %1$s_many".formatted(table));
  }

  private LambdaRuntime start(String table, String mode, String way, String marker)
      throws IOException {
    return site.start(table, "LOAD_MODE", mode, "IMPORT_WITH", way, "S3_SET_MARKER", marker);
  }

  /** Loads into the empty table, in a mode that would otherwise find nothing to do. */
  private Duration load(LambdaRuntime runtime, String table, String key)
      throws IOException, SQLException {
    site.database().execute("TRUNCATE " + table, "CHECKPOINT");
    return Site.load(runtime, site.event(key));
  }

  private void uploadFiles() throws IOException {
    Addresses.write(file, PARTS * ROWS_OF_A_PART);
    site.upload("all.csv", file);
    Path part = Files.createTempFile(file.getParent(), "part", ".csv");
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      String header = lines.readLine();
      for (int i = 0; i < PARTS; i++) {
        List<String> rows = new ArrayList<>(List.of(header));
        for (int row = 0; row < ROWS_OF_A_PART; row++) {
          rows.add(lines.readLine());
        }
        Files.write(part, rows);
        site.upload("parts/part-%05d.csv".formatted(i), part);
      }
    }
    Files.delete(part);
    site.upload("parts/_SUCCESS", "");
  }
}
