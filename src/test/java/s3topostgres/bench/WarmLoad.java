package s3topostgres.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.Network;

/**
 * A file of one row, loaded by a function that has loaded before, beside the bare statements in the
 * same runtime: connect, begin, truncate, import, commit, close.
 */
final class WarmLoad {
  private static final int WARM_UP = 30;
  private static final int ROUNDS = 100;
  private static final int RESTORES = 10;
  private static final int COUNTED = 10;
  private static final String BARE = "bare statements by JDBC";
  private static final String KEY = "people.csv";

  private final Site site;
  private final Report report;

  WarmLoad(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException {
    Series ours = new Series();
    Series bare = new Series();
    try (LambdaRuntime function = LambdaRuntime.start(site.settings("people"));
        LambdaRuntime statements = bare(bareSettings())) {
      for (int round = 0; round < WARM_UP; round++) {
        load(function);
        load(statements);
      }
      for (int round = 0; round < ROUNDS; round++) {
        ours.add(load(function));
        bare.add(load(statements));
      }
    }
    report.compare(
        "A file of one row, warm, %d runs each (%d restores), median (min-max)"
            .formatted(ROUNDS, RESTORES));
    report.compared("load", ours, BARE, bare);
    report.compared("first load after SnapStart's restore", restored(), "a warm one", ours);
    countRoundTrips();
  }

  private Series restored() throws IOException {
    Series restored = new Series();
    for (int round = 0; round < RESTORES; round++) {
      try (LambdaRuntime function = LambdaRuntime.startForSnapshot(site.settings("people"))) {
        function.restore();
        restored.add(load(function));
      }
    }
    return restored;
  }

  private Duration load(LambdaRuntime runtime) throws IOException {
    return Site.load(runtime, site.upload(KEY, "id,name\n1,Ana\n"));
  }

  private static LambdaRuntime bare(Map<String, String> settings) throws IOException {
    return LambdaRuntime.start(StartUp.NAIVE, "BareHandler", settings);
  }

  private Map<String, String> bareSettings() {
    Map<String, String> settings = site.settings("people");
    settings.put("CA_FILE", site.authority().toString());
    settings.put("DB_PASSWORD", Site.PASSWORD);
    settings.put("IMPORT", Site.importStatement("people", KEY));
    return settings;
  }

  private void countRoundTrips() throws IOException {
    int s3Port = site.s3().endpoint().getPort();
    try (Network postgres = Network.to("localhost", site.database().port());
        Network s3 = Network.to("localhost", s3Port)) {
      Map<String, String> through =
          Map.of(
              "DB_PORT",
              Integer.toString(postgres.port()),
              "AWS_ENDPOINT_URL_S3",
              "http://localhost:" + s3.port());
      Map<String, String> settings = site.settings("people");
      settings.putAll(through);
      Map<String, String> bareSettings = bareSettings();
      bareSettings.putAll(through);
      report.table("Round trips of such a load, without TCP's own", "to", "ours", BARE);
      try (LambdaRuntime function = LambdaRuntime.start(settings);
          LambdaRuntime statements = bare(bareSettings)) {
        report.row("Postgres", count(function, postgres), count(statements, postgres));
        report.row("S3, from the function", count(function, s3), count(statements, s3));
      }
    }
  }

  /** The mean of some loads: what a server sends in two pieces can look like two answers. */
  private String count(LambdaRuntime runtime, Network network) throws IOException {
    long before = network.roundTrips();
    for (int load = 0; load < COUNTED; load++) {
      load(runtime);
    }
    return "%.1f".formatted((network.roundTrips() - before) / (double) COUNTED);
  }
}
