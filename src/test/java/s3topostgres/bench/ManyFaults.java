package s3topostgres.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import s3topostgres.sandbox.LambdaRuntime;

/**
 * A file of a million rows with faults, beside the same file without: refused with all of them, and
 * loaded without the rows that have them.
 */
final class ManyFaults {
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);
  private static final int ROWS = 1_000_000;
  private static final String TABLE = "refused";

  private final Site site;
  private final Report report;

  ManyFaults(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    Path file = Path.of("target", "faults.csv").toAbsolutePath();
    Addresses.write(file, ROWS);
    site.upload("good.csv", file);
    upload(file, "thousand.csv", 1000);
    upload(file, "last.csv", ROWS);
    Files.delete(file);
    site.createTable(TABLE, Addresses.COLUMNS + ", PRIMARY KEY (id), CHECK (balance >= 0)");
    Series good = new Series();
    Series thousand = new Series();
    Series last = new Series();
    Series allowed = new Series();
    Series leftOut = new Series();
    Map<String, String> leaving = site.settings(TABLE);
    leaving.put("MAX_REJECTED_ROWS", "1%");
    try (LambdaRuntime function = LambdaRuntime.start(site.settings(TABLE));
        LambdaRuntime leaver = LambdaRuntime.start(leaving)) {
      for (int round = 0; round < ROUNDS; round++) {
        good.add(Site.load(function, site.event("good.csv")));
        thousand.add(Site.refuse(function, site.event("thousand.csv"), "1000 values do not fit"));
        last.add(Site.refuse(function, site.event("last.csv"), "column born: not a valid date"));
        allowed.add(Site.load(leaver, site.event("good.csv")));
        leftOut.add(Site.load(leaver, site.event("thousand.csv")));
      }
    }
    report.compare(
        "%,d rows with a primary key and a check, %d runs each, median (min-max)"
            .formatted(ROWS, ROUNDS));
    report.compared("a thousand faults, told", thousand, "the file without faults, loaded", good);
    report.compared("a fault in the last row, told", last, "the file without faults, loaded", good);
    report.compared("no faults, a limit of 1 %", allowed, "the file without faults, loaded", good);
    report.compared(
        "a thousand faults, left out", leftOut, "the file without faults, loaded", good);
  }

  /** The file with a fault in every so many rows. */
  private void upload(Path file, String key, int every) throws IOException {
    Path faulty = file.resolveSibling(key);
    try (BufferedReader in = Files.newBufferedReader(file);
        BufferedWriter out = Files.newBufferedWriter(faulty)) {
      for (int row = 0; row <= ROWS; row++) {
        String line = in.readLine();
        boolean isFaulty = row > 0 && row % every == 0;
        out.write(
            (isFaulty ? line.replaceFirst(",\\d{4}-\\d\\d-\\d\\d,", ",unknown,") : line) + "\n");
      }
    }
    site.upload(key, faulty);
    Files.delete(faulty);
  }
}
