package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import s3topostgres.sandbox.LambdaRuntime;

/** A file of two million rows, through the function and by others, and a picture of it. */
final class Throughput {
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);
  private static final int ROWS = Integer.getInteger("bench.rows", 2_000_000);
  private static final String KEY = "addresses.csv";
  private static final Path PICTURE = Path.of("src/site/resources/images/large-file.svg");

  private final Site site;
  private final Report report;
  private final Path file;
  private final Map<String, Peers.Peer> peers;
  private final BarChart chart = new BarChart();

  Throughput(Site site, Report report, Map<String, Peers.Peer> peers) {
    this.peers = peers;
    this.site = site;
    this.report = report;
    this.file = Path.of("target", KEY).toAbsolutePath();
  }

  void run() throws IOException, SQLException {
    if (!compareWithPeers()) {
      return;
    }
    compare(
        "with a primary key",
        "addresses_with_key",
        Site.ROLE,
        false,
        "ALTER TABLE %s ADD PRIMARY KEY (id)");
    compare(
        "with a primary key, of another owner",
        "addresses_of_another",
        "postgres",
        false,
        "ALTER TABLE %s ADD PRIMARY KEY (id)");
    chart.write(
        PICTURE,
        "Seconds to load %,d rows, %,d MB: median of %d runs, with the least and the most"
            .formatted(ROWS, Files.size(file) / 1_000_000, ROUNDS));
    Files.delete(file);
    oneRow();
  }

  /** Compares with the other loaders only; false if there is no psql to compare with at all. */
  boolean compareWithPeers() throws IOException, SQLException {
    if (!Programs.works("psql", "--version")) {
      report.line("Throughput is left out: there is no psql.");
      return false;
    }
    Addresses.write(file, ROWS);
    site.upload(KEY, file);
    compare("without an index", "addresses", Site.ROLE, true);
    compare(
        "with a primary key and three more indexes",
        "addresses_with_indexes",
        Site.ROLE,
        true,
        "ALTER TABLE %s ADD PRIMARY KEY (id)",
        "CREATE INDEX ON %s (last_name, first_name)",
        "CREATE INDEX ON %s (postal_code)",
        "CREATE INDEX ON %s (balance)");
    return true;
  }

  /** A small file, into the table with the most indexes, with and without the new way. */
  private void oneRow() throws IOException {
    Series auto = new Series();
    Series off = new Series();
    Map<String, String> settings = site.settings("addresses_with_indexes");
    settings.put("REBUILD_INDEXES", "off");
    try (LambdaRuntime ours = LambdaRuntime.start(site.settings("addresses_with_indexes"));
        LambdaRuntime without = LambdaRuntime.start(settings)) {
      for (int round = 0; round < 60; round++) {
        boolean isOurs = round % 4 == 0 || round % 4 == 3; // Neither is always the first.
        String event = site.upload("one-row.csv", "id,first_name,last_name\n1,Ana,Almeida\n");
        Duration took = Site.load(isOurs ? ours : without, event);
        if (round >= 20) { // Both are warm by then.
          (isOurs ? auto : off).add(took);
        }
      }
    }
    report.compare("One row into the table with four indexes, 20 runs each, median (min-max)");
    report.compared("load", auto, "the same with REBUILD_INDEXES=off", off);
  }

  /**
   * @param withOthers whether psql's {@code \\copy} and other loaders load it, too, for the picture
   */
  private void compare(
      String kind, String table, String owner, boolean withOthers, String... indexes)
      throws IOException, SQLException {
    createTable(table, owner, indexes);
    Series ours = new Series();
    Series psql = new Series();
    Series analyzed = new Series();
    Series copy = new Series();
    Map<String, Series> others = new LinkedHashMap<>();
    try (LambdaRuntime runtime = LambdaRuntime.start(site.settings(table))) {
      Site.load(runtime, site.upload("one-row.csv", "id,first_name,last_name\n1,Ana,Almeida\n"));
      String before = peakMemory(runtime);
      for (int round = 0; round < ROUNDS; round++) {
        ours.add(site.time(() -> Site.load(runtime, site.event(KEY))));
        Duration bare = site.time(() -> replace(table, Site.importStatement(table, KEY)));
        psql.add(bare);
        analyzed.add(bare.plus(site.time(() -> psql("ANALYZE " + table))));
        if (withOthers) {
          copy.add(site.time(() -> replace(table, copy(table))));
        }
        if (withOthers) {
          loadByPeers(table, others);
        }
      }
      report.compare(
          "%,d rows, %,d MB, into a table %s, %d runs each, median (min-max)"
              .formatted(ROWS, Files.size(file) / 1_000_000, kind, ROUNDS));
      report.compared("load", ours, "psql: begin, truncate, import, commit", psql);
      report.compared("load", ours, "the same and ANALYZE", analyzed);
      if (withOthers) {
        report.compared("load", ours, "psql: begin, truncate, \\copy, commit", copy);
        chart.group("Into a table " + kind);
        chart.bar("this loader", ours);
        chart.bar("the bare statements", psql);
        chart.bar("psql's \\copy", copy);
      }
      others.forEach(
          (name, series) -> {
            report.compared("load", ours, name, series);
            chart.bar(name, series);
          });
      report.line(
          "\nPeak memory of the function: %s after one row, %s after these."
              .formatted(before, peakMemory(runtime)));
    }
  }

  private void loadByPeers(String table, Map<String, Series> others)
      throws IOException, SQLException {
    for (Map.Entry<String, Peers.Peer> peer : peers.entrySet()) {
      Duration took = site.time(() -> peer.getValue().load(file, table, address()));
      others.computeIfAbsent(peer.getKey(), name -> new Series()).add(took);
      long rows =
          Long.parseLong(site.database().rows("SELECT count(*) FROM " + table).get(0).get(0));
      if (rows != ROWS) {
        throw new IllegalStateException("%s loaded %,d rows".formatted(peer.getKey(), rows));
      }
    }
  }

  private void createTable(String name, String owner, String... indexes) throws SQLException {
    site.database()
        .execute(
            "CREATE TABLE %s (%s)".formatted(name, Addresses.COLUMNS),
            "ALTER TABLE %s OWNER TO %s".formatted(name, owner),
            "GRANT SELECT, INSERT, TRUNCATE ON %s TO %s".formatted(name, Site.ROLE));
    for (String index : indexes) {
      site.database().execute(index.formatted(name));
    }
  }

  private void replace(String table, String importStatement) throws IOException {
    psql("BEGIN", "TRUNCATE " + table, importStatement, "COMMIT");
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
