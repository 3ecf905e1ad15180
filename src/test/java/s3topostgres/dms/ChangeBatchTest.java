package s3topostgres.dms;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static s3topostgres.config.Mode.CHANGES;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/** {@code LOAD_MODE=changes}: a backlog of files of changes, applied in batches. */
class ChangeBatchTest {
  private static final String FULL_LOAD = "LOAD00000001.csv";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void loadTheTable() {
    fixture.mode(CHANGES).set("CSV_HEADER", "none").set("S3_BUCKET_NAME", fixture.bucket);
    fixture.load(FULL_LOAD, "1,Ana,\n2,Bo,\n3,Cy,\n");
    fixture.catchUp(); // So the full load is over.
  }

  @ParameterizedTest
  @ValueSource(strings = {"aws_s3", "copy"})
  void isOneTransactionWithARowInTheHistoryForEachFile(String way) {
    fixture.set("IMPORT_WITH", way);
    backlog("U,1,Ann,\nI,4,Di,\n", "D,2,,\n", "U,1,Anna,\nI,5,NULL,\nI,6,NULL,\n");

    assertThat(fixture.load(name(4), "D,3,,\n").status()).isEqualTo(LOADED);

    assertThat(fixture.people())
        .containsExactly("1|Anna|null", "4|Di|null", "5|NULL|null", "6|NULL|null");
    assertThat(applied()).isEqualTo("1,2,3 4");
    assertThat(
            fixture.rows(
                """
                SELECT rows_loaded, rows_inserted, rows_updated, rows_deleted, size_bytes,
                  warnings -> 0 -> 'line', warnings -> 0 -> 'count'
                FROM history.loads WHERE object_key LIKE '2024%' ORDER BY id"""))
        .containsExactly(
            "2|null|null|null|17|null|null",
            "1|null|null|null|6|null|null",
            "3|3|1|1|30|2|2",
            "1|0|0|1|6|null|null");
    assertThat(fixture.log())
        .containsPattern(
            "status=LOADED object=\\S*%s table=public.people rows=2 bytes=17 .* batch=3\n"
                .formatted(name(1)))
        .containsPattern(
            "status=LOADED object=\\S*%s .* rows=3 inserted=3 updated=1 deleted=1 bytes=30 .* batch=3 "
                .formatted(name(3)));
  }

  @Test
  void isCaughtUpOn() {
    backlog("U,1,Ann,\n", "U,1,Anna,\n", "D,1,,\n");

    assertThat(fixture.catchUp())
        .extracting(LoadResult::status)
        .containsExactly(LOADED, LOADED, LOADED);
    assertThat(fixture.log()).contains("catching up: 3 of 4 files");
    assertThat(applied()).isEqualTo("1,2,3");
    assertThat(fixture.catchUp()).isEmpty();
    assertThat(fixture.people()).containsExactly("2|Bo|null", "3|Cy|null");
  }

  @Test
  void followsKeysThatChangeFromFileToFile() {
    fixture.set("CSV_COLUMNS", "op, id, name, born, \"BI_id\"");
    backlog(
        "U,9,Ana,,1\n", "U,1,Bo,,2\n", "U,2,Ana,,9\n", "U,30,Cy,,3\n", "U,3,Cyd,,30\nI,30,Eve,,\n");

    fixture.load(name(6), "D,30,,,\n");

    assertThat(fixture.people()).containsExactly("1|Bo|null", "2|Ana|null", "3|Cyd|null");
    assertThat(applied()).isEqualTo("1,2,3,4,5 6");
  }

  @Test
  void endsWhereTheColumnsOfTheNextFileDiffer() {
    fixture.set("CSV_HEADER", "match");
    backlog(
        "Op,id,name\nU,1,Ann\n",
        "Op,name,id\nU,Bob,2\n",
        "Op,id,born,name\nU,1,2001-02-03,Anna\n",
        "Op,id,born,name\nU,2,2002-02-03,Bobby\n",
        "Op,id,name\nU,1,Annabel\n");

    fixture.load(name(6), "Op,id,name\nD,3,\n");

    assertThat(fixture.people()).containsExactly("1|Annabel|2001-02-03", "2|Bobby|2002-02-03");
    assertThat(applied()).isEqualTo("1,2 3,4 5 6");
    assertThat(fixture.log()).containsPattern("%s.* defaulted=born".formatted(name(2)));
  }

  @Test
  void endsBeforeAFileThatCannotBeOpened() {
    backlog("U,1,Ann,\n", "U,1,Anna,\n", "U,1,Ann,,hr,people\n", "D,1,,\n");

    fails(fixture.upload(name(5), "D,2,,\n"), ErrorCode.HEADER_MISMATCH, name(3));

    assertThat(fixture.people()).containsExactly("1|Anna|null", "2|Bo|null", "3|Cy|null");
    assertThat(applied()).isEqualTo("1,2");
    assertThat(failed()).containsExactly(name(3), name(5));
  }

  @Test
  @Tag("thorough")
  void endsWhereItIsLarge() throws IOException {
    Path large = Files.createTempFile("large", ".csv");
    try {
      String row = "U,1," + "x".repeat(1024 * 1024) + ",\n";
      // Whether there is a field for the operation is seen in the first 256 KiB.
      Files.writeString(large, "U,1,short,\n" + row.repeat(257));
      fixture.s3.put(fixture.bucket, name(1), large);
    } finally {
      Files.delete(large);
    }
    fixture.upload(name(2), "U,1,Ann,\n");
    fixture.upload(name(3), "D,2,,\n");

    assertThat(fixture.catchUp()).hasSize(3);

    assertThat(applied()).isEqualTo("1 2,3");
    assertThat(fixture.people()).containsExactly("1|Ann|null", "3|Cy|null");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE TRIGGER t AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE TRIGGER t BEFORE UPDATE ON people EXECUTE FUNCTION nothing()",
        "CREATE RULE r AS ON DELETE TO people DO ALSO SELECT 1",
        "CREATE TABLE child (person integer REFERENCES people (id) ON DELETE CASCADE)",
        "ALTER TABLE people ADD source text DEFAULT current_setting('s3_load.key', true)",
        "ALTER TABLE people ADD source text DEFAULT current_setting('S3_Load.KEY', true)",
        "ALTER TABLE people ADD source text DEFAULT source()",
        "CREATE DOMAIN source AS text DEFAULT current_setting('s3_load.key', true); ALTER TABLE people ADD source source",
      })
  void isOfOneFileWhereTheTableSeesEach(String sql) {
    fixture.set("CSV_COLUMNS", "op, id, name, born");
    fixture.execute(
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE FUNCTION source() RETURNS text LANGUAGE sql AS 'SELECT current_setting(''s3_load.key'', true)'",
        sql);
    backlog("I,4,Di,\n", "I,5,Eve,\n");

    fixture.load(name(3), "D,1,,\n");

    assertThat(applied()).isEqualTo("1 2 3");
    if (sql.contains("source")) {
      assertThat(fixture.rows("SELECT source FROM people WHERE id > 3 ORDER BY id"))
          .containsExactly(name(1), name(2));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"BEFORE_LOAD_SQL", "AFTER_LOAD_SQL"})
  void isOfOneFileWithAScript(String setting) {
    fixture.set(setting, "SELECT 1");
    backlog("I,4,Di,\n", "I,5,Eve,\n");

    fixture.load(name(3), "D,1,,\n");

    assertThat(applied()).isEqualTo("1 2 3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"U,x,Ann,\n", "U,1,Ann,\nX,2,Bo,\n", "U,1,,\n", "U,,Ann,\n"})
  void namesTheFileWithAFaultAndItsLine(String faulty) {
    int line = faulty.equals("U,1,Ann,\nX,2,Bo,\n") ? 2 : 1;
    backlog("I,4,Di,\n", "I,5,Eve,\n", faulty, "U,2,Bob,\n");
    Upload last = fixture.upload(name(5), "U,3,Cyd,\n");

    fails(last, ErrorCode.ROW_REJECTED, name(3));

    assertThat(fixture.people())
        .containsExactly("1|Ana|null", "2|Bo|null", "3|Cy|null", "4|Di|null", "5|Eve|null");
    assertThat(applied()).isEqualTo("1 2");
    assertThat(fixture.log()).contains("step=file-by-file");
    assertThat(
            fixture.rows(
                "SELECT object_key, faults -> 0 -> 'line' FROM history.loads WHERE status = 'FAILED' ORDER BY id LIMIT 1"))
        .containsExactly(name(3) + "|" + line);

    fixture.upload(name(3), "U,1,Ann,\n");
    assertThat(fixture.load(last).status()).isEqualTo(LOADED);
    assertThat(applied()).isEqualTo("1 2 3,4 5");
    assertThat(fixture.people())
        .containsExactly("1|Ann|null", "2|Bob|null", "3|Cyd|null", "4|Di|null", "5|Eve|null");
  }

  @Test
  void isOfOneFileAfterItRanOutOfTime() {
    fixture.execute("ALTER TABLE people ADD CHECK (name <> 'slow' OR pg_sleep(600) IS NULL)");
    backlog("U,1,Ann,\n", "U,2,Bob,\n", "U,3,slow,\n");
    Upload last = fixture.upload(name(4), "U,3,Cyd,\n");
    fixture.leaveAMomentAfter("s3_load_differences");

    fails(last, ErrorCode.OUT_OF_TIME, name(1));

    assertThat(applied()).isEmpty();
    assertThat(fixture.rows("SELECT DISTINCT retry FROM history.loads WHERE status = 'FAILED'"))
        .containsExactly("soon");
    fixture.execute("ALTER TABLE people DROP CONSTRAINT people_name_check");
    fixture.resumeTime();
    assertThat(fixture.load(last).status()).isEqualTo(LOADED);
    assertThat(applied()).isEqualTo("1 2 3 4");
    assertThat(fixture.people()).containsExactly("1|Ann|null", "2|Bob|null", "3|Cyd|null");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE TEMPORARY TABLE s3_load_stage",
        "CREATE TEMPORARY TABLE s3_load_last",
        "LOCK TABLE",
        "DELETE FROM public.people",
        "UPDATE public.people",
        "INSERT INTO public.people",
        "INSERT INTO history.loads",
        "COMMIT"
      })
  void isAppliedAsAWholeOrNotAtAllWhenTheConnectionIsCut(String statement) {
    backlog("U,1,Ann,\n", "D,2,,\n", "I,4,Di,\n");
    Upload last = fixture.upload(name(4), "U,1,Anna,\n");
    // The first commit is that of the transaction that finds them.
    Runnable cut = () -> fixture.networkToDatabase().before(statement, this::cut);
    if (statement.equals("COMMIT")) {
      fixture.networkToDatabase().before("INSERT INTO history.loads", cut);
    } else {
      cut.run();
    }

    assertThat(RunningLoad.start(fixture, last).failure().code().retryHelps()).isTrue();

    assertThat(fixture.people()).containsExactly("1|Ana|null", "2|Bo|null", "3|Cy|null");
    assertThat(applied()).isEmpty();
    assertThat(fixture.load(last).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|Anna|null", "3|Cy|null", "4|Di|null");
    assertThat(fixture.load(last).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.catchUp()).isEmpty();
  }

  private void cut() {
    fixture.networkToDatabase().cut();
  }

  /** Uploads files of changes without loading them. */
  private void backlog(String... files) {
    IntStream.rangeClosed(1, files.length).forEach(i -> fixture.upload(name(i), files[i - 1]));
  }

  private static String name(int file) {
    return "20240612-10%02d27367.csv".formatted(file);
  }

  private void fails(Upload upload, ErrorCode code, String culprit) {
    LoadException failure = catchThrowableOfType(LoadException.class, () -> fixture.load(upload));
    assertThat(failure).as("the load should have failed").isNotNull();
    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(code);
    assertThat(failure)
        .hasMessageStartingWith(
            "%s: %s: s3://%s/%s, which comes before it, cannot be loaded: "
                .formatted(code, upload.object(), fixture.bucket, culprit));
  }

  private List<String> failed() {
    return fixture.rows("SELECT object_key FROM history.loads WHERE status = 'FAILED' ORDER BY id");
  }

  /** The numbers of the files that were applied: with commas those of one transaction. */
  private String applied() {
    return fixture
        .rows(
            """
            SELECT string_agg(substring(object_key FROM '-10(\\d\\d)')::integer::text, ',' ORDER BY id)
            FROM history.loads WHERE status = 'LOADED' AND object_key LIKE '2024%'
            GROUP BY xmin::text ORDER BY min(id)""")
        .stream()
        .collect(joining(" "));
  }
}
