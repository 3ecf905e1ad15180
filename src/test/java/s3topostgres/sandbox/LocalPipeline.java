package s3topostgres.sandbox;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import s3topostgres.sandbox.LambdaRuntime.Answer;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A bucket, the function and a table, put together as the README says: what is put into the bucket
 * the function is told of, and loads into the table.
 */
final class LocalPipeline implements AutoCloseable {
  static final String BUCKET = "drop";

  private static final Duration TIME_LIMIT = Duration.ofMinutes(15);

  private final String table;
  private final Sandbox sandbox;
  private final SandboxDatabase database;
  private final LambdaRuntime runtime;
  private final Map<String, S3Object> known = new HashMap<>();

  /** What came of an event, and what the function logged about it. */
  record Delivery(Answer answer, List<String> log) {}

  /**
   * Starts everything. If that fails, what was started ends with this JVM.
   *
   * @param table as in SQL
   * @param columns as in {@code CREATE TABLE}
   */
  LocalPipeline(String table, String columns) throws IOException, SQLException {
    this.table = table;
    sandbox = Sandbox.launch();
    sandbox.s3().createBucket(BUCKET);
    database = sandbox.createDatabase();
    database.execute(
        "CREATE EXTENSION aws_s3 CASCADE", "CREATE TABLE " + table + " (" + columns + ")");
    database.createRole("csv_loader", "local");
    database.execute(
        "GRANT INSERT, TRUNCATE ON " + table + " TO csv_loader",
        "GRANT CREATE ON SCHEMA public TO csv_loader");
    runtime = LambdaRuntime.start(settings());
  }

  /** Puts a file into the bucket, under its own name. */
  void upload(Path file) {
    sandbox.s3().put(BUCKET, file.getFileName().toString(), file);
  }

  /** Takes into the bucket what is copied into the folder. */
  void upload(DropFolder folder) throws IOException {
    folder.upload(sandbox.s3(), BUCKET);
  }

  /** The CSV files that were put into the bucket since the last time. */
  List<S3Object> uploads() {
    List<S3Object> uploads = new ArrayList<>();
    for (S3Object object :
        sandbox.s3().client().listObjectsV2Paginator(r -> r.bucket(BUCKET)).contents()) {
      boolean csv = object.key().endsWith(".csv") || object.key().endsWith(".CSV");
      if (csv && !object.equals(known.put(object.key(), object))) {
        uploads.add(object);
      }
    }
    return uploads;
  }

  /** Tells the function of an upload. */
  Delivery deliver(S3Object upload) throws IOException {
    int logged = runtime.log().size();
    String eTag = upload.eTag().replace("\"", "");
    String event = UploadEvent.of(BUCKET, upload.key(), upload.size(), eTag);
    Answer answer = runtime.invoke(event, TIME_LIMIT);
    List<String> log =
        runtime.log().stream().skip(logged).filter(line -> line.contains("load status=")).toList();
    return new Delivery(answer, log);
  }

  /** The names of the table's columns, and then its first rows. */
  List<List<String>> firstRows() throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT * FROM " + table + " LIMIT 10")) {
      ResultSetMetaData columns = rows.getMetaData();
      List<List<String>> lines = new ArrayList<>();
      List<String> names = new ArrayList<>();
      for (int column = 1; column <= columns.getColumnCount(); column++) {
        names.add(columns.getColumnName(column));
      }
      lines.add(names);
      while (rows.next()) {
        List<String> line = new ArrayList<>();
        for (int column = 1; column <= columns.getColumnCount(); column++) {
          line.add(rows.getString(column));
        }
        lines.add(line);
      }
      return lines;
    }
  }

  /** How many rows the table has. */
  long countRows() throws SQLException {
    return Long.parseLong(database.rows("SELECT count(*) FROM " + table).get(0).get(0));
  }

  /** Where S3 is reached. */
  URI s3Endpoint() {
    return sandbox.s3().endpoint();
  }

  /** The database's address, as {@code psql} takes it. */
  String databaseAddress() {
    return "postgresql://postgres@"
        + database.host()
        + ":"
        + database.port()
        + "/"
        + database.name();
  }

  @Override
  public void close() {
    runtime.close();
    sandbox.close();
  }

  /** The function's settings; those about CSV and a few others can be given in the environment. */
  private Map<String, String> settings() {
    Map<String, String> settings = database.settings("csv_loader", "local", table);
    System.getenv()
        .forEach(
            (name, value) -> {
              if (name.startsWith("CSV_")
                  || name.endsWith("_LOAD_SQL")
                  || name.equals("MIN_ROWS")) {
                settings.put(name, value);
              }
            });
    settings.put("AWS_ENDPOINT_URL_S3", s3Endpoint().toString());
    return settings;
  }
}
