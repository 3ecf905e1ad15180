package s3topostgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxDatabase;

/** {@code .github/try-on-aws.sh}, on the stand-in. Needs psql and the AWS CLI. */
@Tag("packaging")
class TryOnAwsIT {
  private final S3Server s3 = Sandbox.shared().s3();
  private final String bucket = "try-" + UUID.randomUUID();

  @TempDir Path folder;

  @Test
  void printsWhatEachCallAnswers() throws Exception {
    s3.createBucket(bucket);
    String output;
    try (SandboxDatabase database = Sandbox.shared().createEmptyDatabase()) {
      database.set("sandbox.import_bytes_per_second", "100000");
      output = run(database);
      assertThat(database.rows("SELECT FROM pg_class WHERE relname = 'people'")).isEmpty();
    }

    Map<String, List<String>> calls = calls(output);
    assertThat(calls).as(output).hasSizeGreaterThan(25);
    assertThat(calls.get("two rows"))
        .startsWith(
            "00000",
            "2 rows imported into relation \"people\" from file try-on-aws/people.csv of 19 bytes");
    assertThat(calls.get("nothing but a header"))
        .startsWith("XX000", "Import from S3 failed, 0 rows were copied successfully");
    assertThat(calls.get("an empty object").get(1)).contains("HTTP 416");
    assertThat(calls.get("a bad value").get(0)).isEqualTo("22P02");
    assertThat(calls.get("a bad value of two lines").get(3))
        .startsWith("COPY people, line 4, column id: \"two<br>lines\"<br>SQL statement")
        .contains("PL/pgSQL function aws_s3.table_import_from_s3(");
    assertThat(calls.get("a key twice").get(2)).startsWith("DETAIL:  Key (id)=(1)");
    assertThat(calls)
        .allSatisfy(
            (what, cells) ->
                assertThat(cells.get(0))
                    .as(what)
                    .matches(
                        what.endsWith(" key") && !what.startsWith("a slash") ? "0{5}" : ".{5}"));
    assertThat(calls.get("in a transaction after TRUNCATE").get(1)).endsWith(" bytes<br>2");
    assertThat(calls.get("with FREEZE after TRUNCATE").get(1)).endsWith(" bytes<br>2");
    assertThat(calls.get("again after an error, by a savepoint").get(1))
        .startsWith("2 rows imported")
        .endsWith("bytes<br>2<br>Import from S3 failed, 0 rows were copied successfully");
    assertThat(calls.get("a large file, statement_timeout 1 s").get(0)).isEqualTo("57014");
    assertThat(calls.get("a large file, cancelled after 2 s").get(0)).isEqualTo("57014");
    assertThat(output).doesNotContain(bucket);
    assertThat(s3.client().listObjectsV2(r -> r.bucket(bucket)).contents()).isEmpty();
  }

  /**
   * The cells of each call behind its name and its seconds: SQLSTATE, message, hint, context,
   * notices.
   */
  private static Map<String, List<String>> calls(String output) {
    return output
        .substring(output.indexOf("| what "))
        .lines()
        .skip(2)
        .map(line -> Arrays.stream(line.split(" ?(?<!\\\\)\\| ?", -1)).toList())
        .collect(toMap(cells -> cells.get(1), cells -> cells.subList(3, cells.size() - 1)));
  }

  private String run(SandboxDatabase database)
      throws IOException, InterruptedException, SQLException {
    for (String program : List.of("psql", "aws")) {
      needs(program);
    }
    Path output = Path.of("target/try-on-aws.md");
    ProcessBuilder builder =
        new ProcessBuilder("bash", ".github/try-on-aws.sh")
            .redirectOutput(output.toFile())
            .redirectError(folder.resolve("errors").toFile());
    builder
        .environment()
        .putAll(
            Map.ofEntries(
                Map.entry("PGHOST", database.host()),
                Map.entry("PGPORT", Integer.toString(database.port())),
                Map.entry("PGDATABASE", database.name()),
                Map.entry("PGUSER", "postgres"),
                Map.entry("S3_BUCKET_NAME", bucket),
                Map.entry("ROWS", "20000"),
                Map.entry("AWS_REGION", S3Server.REGION),
                Map.entry("AWS_ENDPOINT_URL", s3.endpoint().toString()),
                Map.entry("AWS_ACCESS_KEY_ID", "test"),
                Map.entry("AWS_SECRET_ACCESS_KEY", "test"),
                Map.entry("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")));
    Process process = builder.start();
    boolean ended = process.waitFor(3, TimeUnit.MINUTES);
    process.destroyForcibly();
    assertThat(folder.resolve("errors")).as(Files.readString(output)).hasContent("");
    assertThat(ended).as("ended in 3 minutes").isTrue();
    assertThat(process.exitValue()).isZero();
    return Files.readString(output, UTF_8);
  }

  private static void needs(String program) throws InterruptedException {
    try {
      new ProcessBuilder(program, "--version").start().waitFor();
    } catch (IOException e) {
      Assertions.fail("This test needs psql and the AWS CLI on the PATH.", e);
    }
  }
}
