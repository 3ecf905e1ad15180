package s3topostgres.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.ErrorCode.OUT_OF_TIME;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.history.Verdict.LOADED;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.Sandbox;

/** A load by the table's owner of a file that is large enough for indexes to be built after it. */
public class IndexBuildTest {
  /** An index that takes half a minute to be built with a row of that id. */
  static final String SLOW =
      """
      CREATE FUNCTION slow(id integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE
      AS 'BEGIN IF id = 1 THEN PERFORM pg_sleep(30); END IF; RETURN id; END';
      CREATE INDEX slow ON people (slow(id))""";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void prepare() {
    fixture.execute(
        "ALTER TABLE people OWNER TO \"%s\"".formatted(fixture.role()),
        "GRANT CREATE ON SCHEMA public TO \"%s\"".formatted(fixture.role()),
        "CREATE INDEX born ON people (born DESC)");
  }

  @Test
  void buildsThemAfterTheRows() {
    List<String> before = fixture.indexes();

    LoadResult result = fixture.load("people.csv", large("1,Ana,1980-02-03\n"));

    assertThat(fixture.rows("SELECT id, name, born FROM people WHERE id < 1000"))
        .containsExactly("1|Ana|1980-02-03");
    assertThat(result.rows()).isEqualTo(10);
    assertThat(fixture.indexes()).hasSize(2).doesNotContainAnyElementsOf(before);
    assertThat(fixture.log())
        .containsPattern(
            "load status=LOADED object=.* millis=\\d+ request=request-1 rowsMillis=\\d+ indexMillis=\\d+")
        .doesNotContain("WARN");
  }

  @Test
  void keepsThemForASmallFile() {
    List<String> before = fixture.indexes();

    fixture.load("people.csv", "id,name,born\n1,Ana,\n");

    assertThat(fixture.indexes()).isEqualTo(before);
    assertThat(fixture.log()).doesNotContain("indexMillis");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ALTER TABLE people OWNER TO postgres | auto",
        "REVOKE CREATE ON SCHEMA public FROM \"ROLE\", PUBLIC | auto",
        "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch() | auto",
        "SELECT | off",
      })
  void keepsThemWhereTheyAreNotOursToBuild(String sql, String setting) {
    fixture.execute(
        "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        sql.replace("ROLE", fixture.role()),
        "GRANT SELECT, INSERT, TRUNCATE ON people TO \"%s\"".formatted(fixture.role()));
    List<String> before = fixture.indexes();

    fixture.set("REBUILD_INDEXES", setting).load("people.csv", large("1,Ana,\n"));

    assertThat(fixture.indexes()).isEqualTo(before);
    assertThat(fixture.log()).doesNotContain("indexMillis").doesNotContain("WARN");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "SELECT | 47114711,\"two\\nlines\",\\n47114711,Bo, | 4 | a second row with the same id (constraint people_pkey)",
        "ALTER TABLE people ADD CONSTRAINT apart EXCLUDE USING gist (daterange(born, born, '[]') WITH &&) | 1,a,2026-04-11\\n2,b,2026-04-11 | 3 | conflicts with another row in its values (constraint apart)",
        "CREATE INDEX ON people ((1 / (id - 47114711))) | 1,a,\\n47114711,b, | 3 | SQLSTATE 22012",
      })
  void namesTheLineAsIfTheyHadBeenThere(String sql, String lines, long line, String words) {
    fixture.execute(sql);
    List<String> before = fixture.indexes();
    Upload upload = fixture.upload("people.csv", large(lines.replace("\\n", "\n") + "\n"));

    LoadException failure = fixture.failure(ROW_REJECTED, upload);

    assertThat(failure).hasMessageContaining(words).hasMessageNotContaining("47114711");
    assertThat(failure.line()).hasValue(line);
    assertThat(failure)
        .hasMessage(
            fixture.set("REBUILD_INDEXES", "off").failure(ROW_REJECTED, upload).getMessage());
    assertThat(fixture.log()).doesNotContain("47114711");
    assertThat(fixture.indexes()).isEqualTo(before);
  }

  @Tag("slow")
  @Test
  void namesTheKeyWithoutTheLineWhenThereIsNoTimeForIt() {
    Upload upload = fixture.upload("people.csv", large("47114711,a,\n47114711,b,\n"));
    // The rows come once in time, but not twice.
    fixture.letPassAt(LoadFixture.LOAD_TIME, "PRIMARY KEY", LoadFixture.importStatement());

    assertThat(fixture.failure(ROW_REJECTED, upload))
        .hasMessageContaining("a second row with the same id (constraint people_pkey)")
        .hasMessageNotContaining("47114711");
  }

  @Test
  void loadsWithThemInPlaceWhenOneCannotBeBuilt() {
    // Like all functions that look for names on the path, it fails in CREATE INDEX.
    fixture.execute(
        "CREATE FUNCTION one() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END'",
        "CREATE FUNCTION next(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n + one(); END'",
        "TRUNCATE people",
        "CREATE INDEX next ON people (next(id))");
    List<String> before = fixture.indexes();

    assertThat(fixture.load("people.csv", large("1,Ana,\n")).status()).isEqualTo(LOADED);

    assertThat(fixture.rows("SELECT count(*) FROM people")).containsExactly("10");
    assertThat(fixture.indexes()).isEqualTo(before);
    assertThat(fixture.log())
        .contains("public.people has an index that cannot be built after the rows (SQLSTATE 42883)")
        .contains("REBUILD_INDEXES=off");
  }

  @Test
  void leavesADeferredConstraintToTheProjectsSql() {
    fixture.execute(
        "ALTER TABLE people DROP CONSTRAINT people_pkey, ADD PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED");
    fixture.set("AFTER_LOAD_SQL", "DELETE FROM people WHERE id = 1 AND name = 'again'");

    assertThat(fixture.load("people.csv", large("1,Ana,\n1,again,\n")).rows()).isEqualTo(11);

    assertThat(fixture.rows("SELECT name FROM people WHERE id = 1")).containsExactly("Ana");
  }

  @Test
  void leavesTheProjectsSqlAndDefaultsTheirSearchPath() {
    fixture.execute(
        "CREATE SCHEMA other",
        "GRANT USAGE ON SCHEMA other TO PUBLIC",
        "ALTER TABLE people ADD path text DEFAULT current_setting('search_path')");
    fixture.set("BEFORE_LOAD_SQL", "SET LOCAL search_path = other, public");
    fixture.set("AFTER_LOAD_SQL", "UPDATE people SET name = current_setting('search_path')");

    fixture.load("people.csv", large("1,Ana,\n"));

    assertThat(fixture.rows("SELECT DISTINCT name, path FROM people"))
        .containsExactly("other, public|other, public");
  }

  @Test
  void letsReadersInWhenSomebodyElseHasFilledTheTable() throws SQLException {
    fixture.execute("TRUNCATE people");
    Runnable release = fixture.mode(Mode.SYNC).holdImport();
    Upload upload = fixture.upload("people.csv", large("1,Ana,\n"));
    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("INSERT INTO people VALUES (2, 'Bo')");
      RunningLoad load = RunningLoad.start(fixture, upload);
      RunningLoad.await(
          () ->
              !fixture
                  .rows("SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted")
                  .isEmpty());
      other.commit();
      load.untilImporting();

      statement.execute("SET lock_timeout = '2min'; SELECT FROM people");
      other.commit();
      release.run();
      assertThat(load.result())
          .extracting(LoadResult::inserted, LoadResult::deleted)
          .containsExactly(10L, 1L);
    }
  }

  @Tag("slow")
  @Test
  void haveThemAllAgainWhenTheConnectionIsCutWhileOneIsBuilt() throws IOException {
    fixture.execute(SLOW);
    List<String> before = fixture.indexes();
    try (Network network = Network.to("localhost", Sandbox.shared().postgres().port())) {
      fixture.set("DB_PORT", Integer.toString(network.port()));
      RunningLoad load =
          RunningLoad.start(fixture, fixture.upload("people.csv", large("1,Ana,\n")))
              .untilIndexing();
      network.cut();

      load.failure(DATABASE_UNAVAILABLE);
    }
    assertThat(fixture.indexes()).isEqualTo(before);
  }

  @Tag("slow")
  @Test
  void haveThemAllAgainWhenTimeIsOverWhileOneIsBuilt() {
    fixture.execute(SLOW);
    List<String> before = fixture.indexes();

    fixture.leaveAMomentAfter(LoadFixture.importStatement());

    fixture.failure(OUT_OF_TIME, fixture.upload("people.csv", large("1,Ana,\n")));

    assertThat(fixture.indexes()).isEqualTo(before);
  }

  /** Those lines, and then nine of a megabyte. */
  static String large(String lines) {
    StringBuilder csv = new StringBuilder("id,name,born\n").append(lines);
    for (int id = 1000; id < 1009; id++) {
      csv.append(id).append(',').append(id).append("x".repeat(1_000_000)).append(',');
      csv.append("2026-01-0").append(id - 999).append('\n');
    }
    return csv.toString();
  }
}
