package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import s3topostgres.sandbox.LocalPipeline.Delivery;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * {@code ./mvnw -Plocal}: the function at work on this machine, told in plain words. The exit code
 * is 0 when everything went as it should.
 *
 * <p>System properties: {@code import} is {@code aws_s3} or {@code copy}, which loads a database of
 * one's own where the environment names one; {@code csv} is a file to load instead of the samples,
 * or a folder; {@code keep} goes on with whatever else comes, until Ctrl-C; {@code folder} is where
 * that may be copied to, instead of {@code target/drop}.
 */
public final class LocalRun {
  private static final Path SAMPLES = Path.of("src/test/resources/sample");
  private static final Path OWN_FOLDER = Path.of("target/drop");

  private final String importWith = System.getProperty("import", "aws_s3");

  private final PrintStream out =
      new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8);

  private LocalRun() {}

  /** Runs it and ends this JVM. */
  public static void main(String[] arguments) {
    System.exit(new LocalRun().run() ? 0 : 1);
  }

  private boolean run() {
    try {
      String csv = System.getProperty("csv", "");
      boolean good = csv.isEmpty() ? samples() : own(Path.of(csv));
      out.println();
      return good;
    } catch (InterruptedException | IOException | SQLException | RuntimeException e) {
      if (!Cleanup.ending()) {
        e.printStackTrace(out);
      }
      return false;
    }
  }

  private boolean samples() throws IOException, SQLException, InterruptedException {
    if (LocalDatabase.isOwn(importWith) && System.getenv("DB_TABLE_NAME") != null) {
      out.println("The samples do not go into a table of yours: name a file with -Dcsv=.");
      return false;
    }
    try (LocalPipeline pipeline = start("people", false)) {
      pipeline.execute(
          "CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL, city text, joined date)");
      pipeline.upload(SAMPLES.resolve("people.csv"));
      boolean loaded = deliver(pipeline);
      long rows = pipeline.countRows();
      pipeline.upload(SAMPLES.resolve("people-with-a-bad-line.csv"));
      boolean refused = !deliver(pipeline);
      boolean good = loaded && rows == 7 && refused && pipeline.countRows() == rows;
      if (!good) {
        out.println("That is not what should have happened.");
      }
      keepOn(pipeline);
      return good;
    }
  }

  private boolean own(Path path) throws IOException, SQLException, InterruptedException {
    Path csv = path.toAbsolutePath().normalize();
    boolean folder = Files.isDirectory(csv);
    if (!folder && !Files.isRegularFile(csv)) {
      out.println("There is no file " + csv + ".");
      return false;
    }
    String name = csv.getFileName().toString().replaceFirst("(?i)\\.csv$", "");
    try (LocalPipeline pipeline = start(quoted(name), folder)) {
      JsonNode found = pipeline.dryRun(folder ? pipeline.uploadSet(csv) : pipeline.upload(csv));
      if (found.hasNonNull("createTable")) {
        out.printf("%n%s. This makes one for the file:%n", found.get("message").asText());
        found.get("createTable").asText().lines().forEach(this::print);
        pipeline.execute(found.get("createTable").asText());
      }
      boolean loaded = deliver(pipeline);
      if (!folder) {
        keepOn(pipeline);
      }
      return loaded;
    }
  }

  private LocalPipeline start(String table, boolean ofSets) throws IOException, SQLException {
    Instant start = Instant.now();
    out.println(
        LocalDatabase.isOwn(importWith)
            ? "Starting an S3 server and the function on this machine. The database is yours."
            : "Starting Postgres, an S3 server and the function, all on this machine.");
    LocalPipeline pipeline = new LocalPipeline(table, importWith, ofSets);
    out.printf("Ready after %d s.%n", Duration.between(start, Instant.now()).toSeconds());
    return pipeline;
  }

  /** Tells the function what is new in the bucket, and us what came of it; false if any failed. */
  private boolean deliver(LocalPipeline pipeline) throws IOException, SQLException {
    boolean good = true;
    for (S3Object upload : pipeline.uploads()) {
      out.printf("%n%s is in the bucket, and S3 tells the function.%n", upload.key());
      Delivery delivery = pipeline.deliver(upload);
      boolean failed = delivery.answer().failed();
      good &= !failed;
      out.println(failed ? "The function fails:" : "The function answers:");
      print(failed ? errorMessage(delivery.answer().body()) : delivery.answer().body());
      out.println("It logged:");
      delivery.log().forEach(this::print);
      out.printf(
          failed ? "The table still has its %d rows:%n" : "The table now has %d rows:%n",
          pipeline.countRows());
      TextTable.lines(pipeline.firstRows()).forEach(this::print);
    }
    return good;
  }

  private void keepOn(LocalPipeline pipeline)
      throws IOException, SQLException, InterruptedException {
    if (System.getProperty("keep") == null) {
      return;
    }
    Path folder = Path.of(System.getProperty("folder", OWN_FOLDER.toString())).toAbsolutePath();
    DropFolder drop = new DropFolder(folder);
    if (folder.equals(OWN_FOLDER.toAbsolutePath())) {
      Cleanup.by(() -> ScratchFolder.delete(folder));
    }
    out.printf(
        """

        Copy CSV files into %s
        or upload them to s3://%s at %s with any credentials.
        The database: psql %s
        Ctrl-C ends it all.
        """,
        folder, LocalPipeline.BUCKET, pipeline.s3Endpoint(), pipeline.databaseAddress());
    while (true) {
      pipeline.upload(drop);
      deliver(pipeline);
      Thread.sleep(300);
    }
  }

  private void print(String line) {
    out.println("  " + line);
  }

  private static String errorMessage(String body) throws IOException {
    return new ObjectMapper().readTree(body).path("errorMessage").asText();
  }

  private static String quoted(String name) {
    return "\"" + name.replace("\"", "\"\"") + "\"";
  }
}
