package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 10, unit = TimeUnit.MINUTES)
class LocalRunIT {
  @TempDir Path temporary;
  private List<Path> before;

  @BeforeEach
  void rememberFolders() throws IOException {
    Sandbox.shared(); // Its folders stay until this JVM ends, whichever class comes first.
    before = folders();
  }

  @AfterEach
  void leavesNoFolderBehind() throws IOException {
    assertThat(folders()).isEqualTo(before);
  }

  @Test
  void showsAFileThatIsLoadedAndOneThatIsRefused() throws Exception {
    Process run = start();

    assertThat(run.waitFor()).as(output()).isZero();
    assertThat(output())
        .containsSubsequence(
            "people.csv is in the bucket, and S3 tells the function.",
            "\"status\":\"LOADED\",\"rows\":7",
            "The table now has 7 rows:",
            "3  | Zoë O'Neill             | Galway   | NULL",
            "people-with-a-bad-line.csv is in the bucket, and S3 tells the function.",
            "ROW_REJECTED: s3://drop/people-with-a-bad-line.csv, line 3, column joined: ",
            "The table still has its 7 rows:");
  }

  @Test
  void saysThatThereIsNoFileOfThatName() throws Exception {
    Path missing = temporary.resolve("missing.csv");

    assertThat(start("-Dcsv=" + missing).waitFor()).isEqualTo(1);
    assertThat(output().strip()).isEqualTo("There is no file " + missing + ".");
  }

  @Test
  void loadsAFileOfOnesOwnAndGoesOnUntilItIsStopped() throws Exception {
    Path csv = Files.writeString(temporary.resolve("My file.csv"), "\"a\"\"b\",Größe\n1,2\n");
    Path drop = temporary.resolve("drop");
    Process run = start("-Dcsv=" + csv, "-Dkeep", "-Dfolder=" + drop);

    awaitOutput("Ctrl-C ends it all.");
    assertThat(output())
        .containsSubsequence(
            "there is no table \"My file\". This makes one for the file:",
            "CREATE TABLE \"My file\" (",
            "a_b integer NOT NULL,",
            "\"größe\" integer NOT NULL",
            "\"status\":\"LOADED\",\"rows\":1",
            "a_b | größe");
    Files.writeString(drop.resolve("ignored.txt"), "no CSV");
    Files.writeString(drop.resolve("next.csv"), "Größe,\"a\"\"b\"\n3,4\n5,6\n");
    awaitOutput("The table now has 2 rows:");
    List<ProcessHandle> children = run.descendants().toList();
    run.destroy();

    assertThat(run.waitFor()).isEqualTo(143);
    assertThat(output()).doesNotContain("Exception", "ignored.txt");
    assertThat(children).isNotEmpty().noneMatch(ProcessHandle::isAlive);
    assertThat(drop).isDirectoryContaining("glob:**/next.csv");
  }

  @Test
  void loadsAFolderAsOneFile() throws Exception {
    Path folder = Files.createDirectories(temporary.resolve("people"));
    Files.writeString(folder.resolve("part-0.csv"), "id,name\n1,Ana\n");
    Files.writeString(folder.resolve("part-1.csv"), "id,name\n2,Bo\n3,Cy\n");
    Files.writeString(folder.resolve("_SUCCESS"), "");

    assertThat(start("-Dcsv=" + folder).waitFor()).as(output()).isZero();
    assertThat(output())
        .containsSubsequence(
            "there is no table people. This makes one for the file:",
            "people/_SUCCESS is in the bucket, and S3 tells the function.",
            "\"status\":\"LOADED\",\"rows\":3",
            "parts=2",
            "The table now has 3 rows:");
  }

  /** As -Dimport=copy with the settings of a database in the environment. */
  @Test
  void loadsADatabaseOfOnesOwn() throws Exception {
    try (SandboxDatabase database = Sandbox.shared().createDatabase()) {
      database.createRole("own_user", "its password");
      database.execute(
          "CREATE TABLE t (id integer, name text)",
          "ALTER TABLE t OWNER TO own_user",
          "GRANT CREATE ON SCHEMA public TO own_user");
      Map<String, String> settings = database.settings("own_user", "its password", "t");
      Path csv = Files.writeString(temporary.resolve("any.csv"), "name,id\nAna,1\n");

      assertThat(start(settings, "-Dimport=copy").waitFor()).isEqualTo(1);
      assertThat(output()).contains("The samples do not go into a table of yours");
      assertThat(start(settings, "-Dimport=copy", "-Dcsv=" + csv).waitFor()).as(output()).isZero();
      assertThat(output()).contains("The database is yours.", "The table now has 1 rows:");
      assertThat(database.rows("SELECT id, name FROM t")).containsExactly(List.of("1", "Ana"));

      settings.remove("DB_TABLE_NAME");
      assertThat(start(settings, "-Dimport=copy").waitFor()).as(output()).isZero();
      assertThat(database.rows("SELECT count(*) FROM people")).containsExactly(List.of("7"));
    }
  }

  private Process start(String... options) throws IOException {
    return start(Map.of(), options);
  }

  private Process start(Map<String, String> environment, String... options) throws IOException {
    List<String> command = new ArrayList<>(List.of(ServerProcess.JAVA));
    command.add("-Dsandbox.fork=" + ScratchFolder.FORK);
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), LocalRun.class.getName()));
    ProcessBuilder process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(temporary.resolve("output").toFile());
    process.environment().putAll(environment);
    return process.start();
  }

  private String output() throws IOException {
    return new String(Files.readAllBytes(temporary.resolve("output")), UTF_8);
  }

  private void awaitOutput(String text) throws Exception {
    while (!output().contains(text)) {
      Thread.sleep(100);
    }
  }

  private static List<Path> folders() throws IOException {
    try (Stream<Path> paths = Files.list(ScratchFolder.FOLDERS)) {
      return paths.sorted().toList();
    }
  }
}
