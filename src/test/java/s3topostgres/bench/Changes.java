package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
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
  private final Random random = new Random(4711);
  private final Set<Integer> deleted = new HashSet<>();
  private int next = ROWS;
  private LocalDateTime time = LocalDateTime.of(2024, 6, 12, 10, 31, 27);

  Changes(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    site.database()
        .execute(
            "CREATE TABLE changed (%s, PRIMARY KEY (id))".formatted(Addresses.COLUMNS),
            "CREATE INDEX ON changed (last_name, first_name)",
            "CREATE INDEX ON changed (postal_code)",
            "CREATE INDEX ON changed (balance)",
            "ALTER TABLE changed OWNER TO " + Site.ROLE);
    Path file = Path.of("target", "changes.csv").toAbsolutePath();
    Addresses.write(file, ROWS);
    site.upload("changed/LOAD00000001.csv", file);
    Files.delete(file);
    Map<String, String> settings = site.settings("changed");
    settings.put("LOAD_MODE", "changes");
    settings.put("S3_KEY_PATTERN", "changed/*.csv");
    try (LambdaRuntime function = LambdaRuntime.start(settings)) {
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
    int expected = next - deleted.size();
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
    List<String> lines = new ArrayList<>();
    lines.add("Op,id,first_name,last_name,street,number,postal_code,city,country,born,balance");
    while (lines.size() <= LINES) {
      int kind = random.nextInt(10);
      int id = kind < 2 ? ++next : 1 + random.nextInt(ROWS);
      if (kind >= 8 && deleted.add(id)) {
        lines.add("D,%d,,,,,,,,,".formatted(id));
      } else if (!deleted.contains(id)) {
        lines.add(
            "%s,%d,Ana,Brandt,Lange Straße,%d,%d,Göttingen,Country,2001-02-03,%d.50"
                .formatted(
                    kind < 2 ? "I" : "U",
                    id,
                    random.nextInt(300),
                    random.nextInt(90_000),
                    random.nextInt(1_000_000)));
      }
    }
    time = time.plusMinutes(1);
    return site.upload(
        "changed/%s.csv".formatted(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmssSSS").format(time)),
        String.join("\n", lines) + "\n");
  }
}
