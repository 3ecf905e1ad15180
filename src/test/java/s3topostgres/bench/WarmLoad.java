package s3topostgres.bench;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.Network;

/** A file of one row, loaded by a function that has loaded before, beside the bare statements. */
final class WarmLoad {
  private static final int WARM_UP = 30;
  private static final int ROUNDS = 100;
  private static final String KEY = "people.csv";
  private static final String FILE = "id,name\n1,Ana\n";

  private final Site site;
  private final Report report;

  WarmLoad(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    Series ours = new Series();
    Series bare = new Series();
    try (LambdaRuntime runtime = LambdaRuntime.start(site.settings("people"))) {
      for (int round = -WARM_UP; round < ROUNDS; round++) {
        Duration load = load(runtime);
        Duration statements = statements(site.database().port());
        if (round >= 0) {
          ours.add(load);
          bare.add(statements);
        }
      }
    }
    report.compare("A file of one row, warm, %d runs each, median (min-max)".formatted(ROUNDS));
    report.compared("load", ours, "JDBC: connect, begin, truncate, import, commit, close", bare);
    countRoundTrips();
  }

  private Duration load(LambdaRuntime runtime) throws IOException {
    String event = site.upload(KEY, FILE);
    if (runtime.invoke(event).failed()) {
      throw new IllegalStateException(String.join("\n", runtime.log()));
    }
    return runtime.took();
  }

  private Duration statements(int port) throws SQLException {
    long start = System.nanoTime();
    String url =
        "jdbc:postgresql://localhost:%d/%s?sslmode=verify-full&sslrootcert=%s"
            .formatted(port, site.database().name(), site.authority());
    try (Connection connection = DriverManager.getConnection(url, Site.ROLE, Site.PASSWORD);
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("TRUNCATE TABLE people");
      statement.execute(Site.importStatement("people", KEY));
      connection.commit();
    }
    return Duration.ofNanos(System.nanoTime() - start);
  }

  private void countRoundTrips() throws IOException, SQLException {
    report.table("Round trips of such a load", "to", "ours", "bare statements");
    int s3Port = site.s3().endpoint().getPort();
    try (Network postgres = Network.to("localhost", site.database().port());
        Network s3 = Network.to("localhost", s3Port)) {
      statements(postgres.port());
      long bare = postgres.roundTrips();
      Map<String, String> settings = new HashMap<>(site.settings("people"));
      settings.put("DB_PORT", Integer.toString(postgres.port()));
      settings.put("AWS_ENDPOINT_URL_S3", "http://localhost:" + s3.port());
      try (LambdaRuntime runtime = LambdaRuntime.start(settings)) {
        load(runtime);
        long postgresBefore = postgres.roundTrips();
        long s3Before = s3.roundTrips();
        load(runtime);
        report.row(
            "Postgres", Long.toString(postgres.roundTrips() - postgresBefore), Long.toString(bare));
        report.row("S3, from the function", Long.toString(s3.roundTrips() - s3Before), "0");
      }
    }
  }
}
