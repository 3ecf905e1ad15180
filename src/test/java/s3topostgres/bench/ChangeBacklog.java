package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import s3topostgres.sandbox.LambdaRuntime;

/**
 * A backlog of files of changes of a table with four indexes, applied by the event of the last one,
 * beside the same backlog where a script makes the function apply them one by one.
 */
final class ChangeBacklog {
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);
  private static final int ROWS = 300_000;
  private static final int FILES = 200;
  private static final int LINES = 1_000;

  private final Site site;
  private final Report report;

  ChangeBacklog(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    site.stopAutovacuum();
    report.compare(
        "A backlog of %d files of %,d changes, into %,d rows with four indexes, %d runs each, median (min-max)"
            .formatted(FILES, LINES, ROWS, ROUNDS));
    for (String way : List.of("aws_s3", "copy")) {
      backlog(way);
    }
  }

  private void backlog(String way) throws IOException, SQLException {
    ChangeFiles changes = new ChangeFiles(ROWS, LINES);
    Series together = new Series();
    Series oneByOne = new Series();
    try (LambdaRuntime batches = start(way, "together");
        LambdaRuntime single = start(way, "singly", "AFTER_LOAD_SQL", "SELECT 1")) {
      for (int round = 0; round < ROUNDS; round++) {
        String name = "";
        for (int i = 0; i < FILES; i++) {
          ChangeFiles.ChangeFile file = changes.next();
          name = file.name();
          site.upload("together_%s/%s".formatted(way, name), file.content());
          site.upload("singly_%s/%s".formatted(way, name), file.content());
        }
        String last = "%s_" + way + "/" + name;
        site.database().execute("VACUUM ANALYZE");
        together.add(site.time(() -> Site.load(batches, site.event(last.formatted("together")))));
        site.database().execute("VACUUM ANALYZE");
        oneByOne.add(site.time(() -> Site.load(single, site.event(last.formatted("singly")))));
      }
    }
    report.compared("IMPORT_WITH=" + way, together, "file by file", oneByOne);
    report.line(
        "%n%,.0f lines a second, %.1f times as many%n"
            .formatted(FILES * LINES / together.median(), oneByOne.median() / together.median()));
    List<List<String>> rows = rows("together_" + way);
    if (!rows.equals(rows("singly_" + way))
        || !rows.get(0).get(0).equals(String.valueOf(changes.rowsAfter()))) {
      throw new IllegalStateException("The tables differ: " + rows);
    }
  }

  /** Starts the function for a table of its own, and has it apply a full load. */
  private LambdaRuntime start(String way, String kind, String... more)
      throws IOException, SQLException {
    String table = kind + "_" + way;
    site.createTable(table, Addresses.COLUMNS + ", PRIMARY KEY (id)", Site.INDEXES);
    Path file = Path.of("target", "scale.csv").toAbsolutePath();
    Addresses.write(file, ROWS);
    site.upload(table + "/LOAD00000001.csv", file);
    Files.delete(file);
    List<String> settings = new ArrayList<>(List.of(more));
    settings.addAll(List.of("LOAD_MODE", "changes", "S3_KEY_PATTERN", table + "/*.csv"));
    settings.addAll(List.of("IMPORT_WITH", way));
    LambdaRuntime function = site.start(table, settings.toArray(String[]::new));
    Site.load(function, site.event(table + "/LOAD00000001.csv"));
    return function;
  }

  private List<List<String>> rows(String table) throws SQLException {
    return site.database()
        .rows("SELECT count(*), sum(hashtextextended(t::text, 0)) FROM %s AS t".formatted(table));
  }
}
