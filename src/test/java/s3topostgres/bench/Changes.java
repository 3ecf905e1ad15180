package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import s3topostgres.sandbox.LambdaRuntime;

/**
 * {@code LOAD_MODE=changes}: a full load of a million rows, then a hundred files of a thousand
 * changes each, of which six in ten update, two insert and two delete. The table has a primary key
 * in random order and three more indexes.
 */
final class Changes {
  private static final int ROWS = 1_000_000;
  private static final int FILES = 100;
  private static final int LINES = 1_000;

  private final Site site;
  private final Report report;
  private final ChangeFiles files = new ChangeFiles(ROWS, LINES);

  Changes(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    site.createTable("changed", Addresses.COLUMNS + ", PRIMARY KEY (id)", Site.INDEXES);
    Path file = Path.of("target", "changes.csv").toAbsolutePath();
    Addresses.write(file, ROWS);
    site.upload("changed/LOAD00000001.csv", file);
    Files.delete(file);
    try (LambdaRuntime function =
        site.start("changed", "LOAD_MODE", "changes", "S3_KEY_PATTERN", "changed/*.csv")) {
      Duration fullLoad = Site.load(function, site.event("changed/LOAD00000001.csv"));
      Series each = new Series();
      Duration inTurn = Duration.ZERO;
      for (int i = 0; i < FILES; i++) {
        Duration took = Site.load(function, upload());
        each.add(took);
        inTurn = inTurn.plus(took);
      }
      String last = "";
      for (int i = 0; i < FILES; i++) {
        last = upload();
      }
      Duration atOnce = Site.load(function, last);
      report.table(
          "%,d rows, then %d files of %,d changes".formatted(ROWS, FILES, LINES),
          "figure",
          "s",
          "lines a second");
      row("full load", fullLoad, ROWS);
      row("each file by its event, all of them", inTurn, FILES * LINES);
      row("all files by the event of the last one", atOnce, FILES * LINES);
      report.line("\nFrom a file's event to its commit, median (min-max), in s: " + each.spread());
      report.line("\nEach, in s: " + each.each());
    }
    List<List<String>> rows = site.database().rows("SELECT count(*) FROM changed");
    int expected = files.rowsAfter();
    if (!rows.get(0).get(0).equals(String.valueOf(expected))) {
      throw new IllegalStateException("%s rows instead of %d".formatted(rows, expected));
    }
  }

  private void row(String figure, Duration took, int lines) {
    double seconds = took.toNanos() / 1e9;
    report.row(figure, "%.1f".formatted(seconds), "%,.0f".formatted(lines / seconds));
  }

  /** Writes the next file of changes and returns its event. */
  private String upload() {
    ChangeFiles.ChangeFile file = files.next();
    return site.upload("changed/" + file.name(), file.content());
  }
}
