package s3topostgres.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.Network;

/**
 * {@code LOAD_MODE=upsert}: 300 files of 1,000 rows beside 5,000 older objects, with events in any
 * order, so that most are put under newer files; beside the same files in their order.
 */
final class LateUploads {
  private static final int OLDER = 5_000;
  private static final int FILES = 300;
  private static final int ROWS = 1_000;

  /** So many row keys that most are in several files. */
  private static final int KEYS = 50_000;

  private static final String PREFIX = "late/";

  private final Site site;
  private final Report report;

  LateUploads(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    for (int i = 0; i < OLDER; i++) {
      site.upload("%sold-%04d.csv".formatted(PREFIX, i), "id,name\n");
    }
    report.table(
        "%d uploads of %,d rows beside %,d older objects".formatted(FILES, ROWS, OLDER),
        "events",
        "all loads, s",
        "of them under newer files",
        "round trips to S3");
    load("in_order", new Random(4711), false);
    load("at_random", new Random(4711), true);
    if (!rows("in_order").equals(rows("at_random"))) {
      throw new IllegalStateException("the tables differ");
    }
  }

  private void load(String table, Random random, boolean shuffled)
      throws IOException, SQLException {
    site.createTable(table, "id integer PRIMARY KEY, a text, b text, c text");
    try (Network network = Network.to("localhost", site.s3().endpoint().getPort())) {
      Map<String, String> settings = site.settings(table);
      settings.put("AWS_ENDPOINT_URL_S3", network.endpoint().toString());
      settings.put("LOAD_MODE", "upsert");
      settings.put("S3_KEY_PREFIX", PREFIX);
      try (LambdaRuntime function = LambdaRuntime.start(settings)) {
        Site.load(function, site.upload(PREFIX + table + "-first.csv", "id,a\n0,first\n"));
        List<String> events = new ArrayList<>();
        for (int i = 0; i < FILES; i++) {
          events.add(site.upload("%s%s-%03d.csv".formatted(PREFIX, table, i), file(random, i)));
        }
        if (shuffled) {
          Collections.shuffle(events, random);
        }
        long before = network.roundTrips();
        Duration took = Duration.ZERO;
        for (String event : events) {
          took = took.plus(Site.load(function, event));
        }
        report.row(
            shuffled ? "at random" : "in order",
            "%.1f".formatted(took.toMillis() / 1e3),
            site.database()
                .rows(
                    "SELECT count(*) FROM s3_load_history WHERE way = 'under-newer' AND target_table = 'public.%s'"
                        .formatted(table))
                .get(0)
                .get(0),
            "%,d".formatted(network.roundTrips() - before));
      }
    }
  }

  /** Rows with two of three columns. */
  private static String file(Random random, int number) {
    List<String> columns = new ArrayList<>(List.of("a", "b", "c"));
    columns.remove(random.nextInt(3));
    return IntStream.generate(() -> random.nextInt(KEYS))
        .distinct()
        .limit(ROWS)
        .mapToObj(id -> "%1$d,file %2$d,file %2$d\n".formatted(id, number))
        .collect(Collectors.joining("", "id," + String.join(",", columns) + "\n", ""));
  }

  private List<List<String>> rows(String table) throws SQLException {
    return site.database().rows("SELECT * FROM %s ORDER BY id".formatted(table));
  }
}
