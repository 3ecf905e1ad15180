package s3topostgres.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
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
import java.util.stream.Stream;
import s3topostgres.sandbox.LambdaRuntime.Answer;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A bucket, the function and a table, put together as the documentation says: what is put into the
 * bucket the function is told of, and loads into the table.
 */
final class LocalPipeline implements AutoCloseable {
  static final String BUCKET = "drop";

  private static final Duration TIME_LIMIT = Duration.ofMinutes(15);

  /** Says that the files of a folder are complete. */
  private static final String MARKER = "_SUCCESS";

  private final boolean ofSets;
  private final String table;
  private final S3Server s3;
  private final LocalDatabase database;
  private final Map<String, String> settings;
  private final LambdaRuntime runtime;
  private final Map<String, S3Object> known = new HashMap<>();

  /** What came of an event, and what the function logged about it. */
  record Delivery(Answer answer, List<String> log) {}

  /**
   * Starts everything. If that fails, what was started ends with this JVM.
   *
   * @param table as in SQL
   * @param importWith {@code IMPORT_WITH}
   * @param ofSets whether folders are loaded, instead of single files
   */
  LocalPipeline(String table, String importWith, boolean ofSets) throws IOException, SQLException {
    this.ofSets = ofSets;
    if (LocalDatabase.isOwn(importWith)) {
      s3 = S3Server.launch();
      database = LocalDatabase.own(table);
    } else {
      Sandbox sandbox = Sandbox.launch();
      s3 = sandbox.s3();
      database = LocalDatabase.embedded(sandbox, table);
    }
    s3.createBucket(BUCKET);
    this.table = database.settings().get("DB_TABLE_NAME");
    settings = settings(importWith);
    runtime = LambdaRuntime.start(settings);
  }

  /** Makes the table, and what else it takes. */
  void execute(String sql) throws SQLException {
    database.execute(sql);
  }

  /**
   * What the check function says of a file in the bucket, as JSON.
   *
   * @throws IOException when it fails, with its answer
   */
  JsonNode dryRun(String key) throws IOException {
    ObjectMapper json = new ObjectMapper();
    try (LambdaRuntime check = LambdaRuntime.start("check", settings)) {
      Answer answer = check.invoke(json.writeValueAsString(Map.of("object", key)), TIME_LIMIT);
      if (answer.failed()) {
        throw new IOException(answer.body());
      }
      return json.readTree(answer.body());
    }
  }

  /** Puts a file into the bucket, under its own name, which is its key. */
  String upload(Path file) {
    String key = file.getFileName().toString();
    s3.put(BUCKET, key, file);
    return key;
  }

  /**
   * Puts the files of a folder into the bucket, under the folder's name, and then the marker.
   *
   * @return the marker's key
   */
  String uploadSet(Path folder) throws IOException {
    String prefix = folder.getFileName() + "/";
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path file : paths.filter(Files::isRegularFile).toList()) {
        s3.put(BUCKET, prefix + folder.relativize(file), file);
      }
    }
    s3.put(BUCKET, prefix + MARKER, new byte[0]);
    return prefix + MARKER;
  }

  /** Takes into the bucket what is copied into the folder. */
  void upload(DropFolder folder) throws IOException {
    folder.upload(s3, BUCKET);
  }

  /** What S3 tells of, and was put into the bucket since the last time: CSV files or markers. */
  List<S3Object> uploads() {
    List<S3Object> uploads = new ArrayList<>();
    for (S3Object object : s3.client().listObjectsV2Paginator(r -> r.bucket(BUCKET)).contents()) {
      boolean told =
          ofSets
              ? object.key().endsWith(MARKER)
              : object.key().endsWith(".csv") || object.key().endsWith(".CSV");
      if (told && !object.equals(known.put(object.key(), object))) {
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
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement();
        ResultSet count = statement.executeQuery("SELECT count(*) FROM " + table)) {
      count.next();
      return count.getLong(1);
    }
  }

  /** Where S3 is reached. */
  URI s3Endpoint() {
    return s3.endpoint();
  }

  /** The database's address, as {@code psql} takes it. */
  String databaseAddress() {
    return database.address();
  }

  @Override
  public void close() {
    runtime.close();
    database.close();
    s3.close();
  }

  /** The function's settings; those about CSV and a few others can be given in the environment. */
  private Map<String, String> settings(String importWith) {
    Map<String, String> settings = new HashMap<>(database.settings());
    System.getenv()
        .forEach(
            (name, value) -> {
              if (name.startsWith("CSV_")
                  || name.endsWith("_LOAD_SQL")
                  || name.equals("MAX_REJECTED_ROWS")
                  || name.equals("MIN_ROWS")) {
                settings.put(name, value);
              }
            });
    settings.put("S3_BUCKET_NAME", BUCKET);
    settings.put("S3_SET_MARKER", ofSets ? MARKER : "none");
    settings.put("IMPORT_WITH", importWith);
    settings.put("AWS_ENDPOINT_URL_S3", s3Endpoint().toString());
    return settings;
  }
}
