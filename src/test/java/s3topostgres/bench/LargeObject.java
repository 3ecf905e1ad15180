package s3topostgres.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import s3topostgres.sandbox.GeneratedObject;
import s3topostgres.sandbox.LambdaRuntime;

/**
 * {@code IMPORT_WITH=copy} of an object of 5 GB, which is generated while it is read, into a table
 * without an index: how long it takes, and what memory.
 */
final class LargeObject {
  private static final long ROWS = 50_000_000;

  private final Site site;
  private final Report report;

  LargeObject(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  void run() throws IOException, SQLException {
    site.database()
        .execute(
            "CREATE TABLE large (id bigint, filler text)",
            "ALTER TABLE large OWNER TO " + Site.ROLE);
    Map<String, String> settings = site.settings("large");
    settings.put("IMPORT_WITH", "copy");
    try (GeneratedObject object = new GeneratedObject(ROWS)) {
      settings.put("AWS_ENDPOINT_URL_S3", object.endpoint().toString());
      try (LambdaRuntime runtime = LambdaRuntime.start(settings)) {
        Duration took = Site.load(runtime, site.event("large.csv"));
        report.line(
            "%,d rows, %,d MB, by IMPORT_WITH=copy: %d s, peak memory of the function %s; rows: %s"
                .formatted(
                    ROWS,
                    object.size() / 1_000_000,
                    took.toSeconds(),
                    Throughput.peakMemory(runtime),
                    site.database().rows("SELECT count(*), sum(id) FROM large")));
      }
    }
  }
}
