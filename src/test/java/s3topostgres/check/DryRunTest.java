package s3topostgres.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.check.DryRunResult.FaultInFile;
import s3topostgres.load.LoadFixture;
import s3topostgres.postgres.TestTicker;
import s3topostgres.sandbox.Network;

/** What the check function says of an object, and that nothing comes of it. */
public class DryRunTest {

  private LoadFixture fixture;

  @BeforeEach
  void open() {
    fixture = new LoadFixture();
  }

  @AfterEach
  void close() {
    assertThat(fixture.people()).containsExactly("0|old|null");
    assertThat(fixture.rows("SELECT to_regclass('history.loads') IS NULL")).containsExactly("t");
    fixture.close();
  }

  private DryRunResult dryRun(String content) {
    fixture.upload("people.csv", content);
    return fixture.dryRun("people.csv");
  }

  @Test
  void saysThatAGoodFileWouldLoad() {
    assertThat(dryRun("Name,ID\na,1\nb,2\n"))
        .isEqualTo(
            new DryRunResult(
                "s3://%s/people.csv".formatted(fixture.bucket),
                "public.people",
                true,
                null,
                2L,
                null,
                List.of("name", "id"),
                List.of("born"),
                List.of(),
                List.of(),
                List.of(),
                null));
  }

  @Test
  void tellsEveryFault() {
    DryRunResult result = dryRun("id,name\nx,a\n2,\n");

    assertThat(result.wouldLoad()).isFalse();
    assertThat(result.message())
        .startsWith(
            "ROW_REJECTED: s3://%s/people.csv: 2 values do not fit: ".formatted(fixture.bucket));
    assertThat(result.rows()).isEqualTo(2);
    assertThat(result.faults())
        .containsExactly(
            new FaultInFile(null, 2L, "id", "not a whole number"),
            new FaultInFile(null, 3L, "name", "empty, but a value is required"));
  }

  @Test
  void neitherWaitsForOthersNorDelaysThem() throws SQLException {
    fixture.execute("ALTER TABLE people ADD CONSTRAINT named CHECK (name <> '')");
    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE");
      statement.execute("SELECT pg_advisory_xact_lock(hashtextextended('public.people', 0))");

      assertThat(dryRun("id,name\n1,\"\"\n").faults())
          .containsExactly(new FaultInFile(null, 2L, null, "breaks the check named"));
      other.rollback();
    }
  }

  /** As a load of another file does; nobody may read the table's checks then. */
  @Test
  void findsWhatItCanWhileTheTableIsEmptied() throws SQLException {
    fixture.execute("ALTER TABLE people ADD CONSTRAINT named CHECK (name <> '')");
    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE");

      DryRunResult nothing = dryRun("id,name\n1,\"\"\n");
      assertThat(nothing.wouldLoad()).isFalse();
      assertThat(nothing.message())
          .isEqualTo(
              "nothing was found, but another session locks the table, so its checks were not tried");
      DryRunResult found = dryRun("id,name\nx,a\n1,\n2,b\n2,c\n");
      assertThat(found.faults()).hasSize(3);
      assertThat(found.message()).contains("at least 3 values do not fit", "there may be more");
      other.rollback();
    }
  }

  @Tag("slow")
  @Test
  void answersInItsTime() {
    fixture.upload("people.csv", "id,name\n1,a\n");
    TestTicker time = fixture.stopTime();
    Network network = fixture.networkToS3();
    network.before(
        "bytes=0-\r",
        () -> {
          network.stall();
          time.pass(LoadFixture.LOAD_TIME);
        });

    assertThat(fixture.dryRun("people.csv").message()).startsWith("OUT_OF_TIME: ");
  }

  @Test
  void whatIsProposedLoadsTheFile() {
    String content =
        "Größe,Day,No.,\"a\"\"b\",Tel\n1,2020-01-01,007,x,+441\n2,2020-01-02,,y,+442\n";
    fixture.set("DB_TABLE_NAME", "new_table");
    fixture.upload("new.csv", content);
    DryRunResult proposed = fixture.dryRun("new.csv");
    fixture.execute(proposed.createTable());
    assertThat(fixture.dryRun("new.csv").wouldLoad()).as(proposed.createTable()).isTrue();
    fixture.set("HISTORY_TABLE", "off");

    fixture.load("new.csv", content);

    assertThat(fixture.rows("SELECT * FROM new_table"))
        .containsExactly("1|2020-01-01|007|x|+441", "2|2020-01-02|null|y|+442");
  }
}
