package s3topostgres.dms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static s3topostgres.ErrorCode.CONFIG_INVALID;
import static s3topostgres.ErrorCode.HEADER_MISMATCH;
import static s3topostgres.ErrorCode.OBJECT_UNREADABLE;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TABLE_UNUSABLE;
import static s3topostgres.config.Mode.CHANGES;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.history.Verdict.STALE;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.history.Verdict;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.s3.Upload;

/** {@code LOAD_MODE=changes}: one file of AWS DMS at a time. */
class ChangesTest {
  private static final String FULL_LOAD = "hr/people/LOAD00000001.csv";
  private static final String FIRST = "hr/people/20240612-103127367.csv";
  private static final String SECOND = "hr/people/20240612-103227368.csv";

  private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void prepare() {
    fixture.mode(CHANGES).set("CSV_HEADER", "none").set("S3_BUCKET_NAME", fixture.bucket);
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void insertsUpdatesAndDeletes() {
    fixture.load(FULL_LOAD, "1,Ana,2001-02-03\n2,Bo,\n3,Cy,\n");

    LoadResult result = fixture.load(FIRST, "I,4,Di,\nU,2,Bob,\nD,3,,\nU,1,Ana,2001-02-03\n");

    assertThat(result.status()).isEqualTo(LOADED);
    assertThat(List.of(result.rows(), result.inserted(), result.updated(), result.deleted()))
        .containsExactly(4L, 1L, 1L, 1L);
    assertThat(fixture.people()).containsExactly("1|Ana|2001-02-03", "2|Bob|null", "4|Di|null");
    assertThat(fixture.log()).contains("rows=4 inserted=1 updated=1 deleted=1");
    assertThat(history())
        .containsExactly(
            "changes|LOAD00000001.csv|3|3|0|0",
            "sync|LOAD00000001.csv|3|0|0|1",
            "changes|20240612-103127367.csv|4|1|1|1");
  }

  @Test
  void doesNotWriteARowThatIsAsBefore() {
    fixture.load(FULL_LOAD, "1,Ana,\n2,Bo,\n");
    List<String> before = fixture.rows("SELECT ctid, xmin FROM people WHERE id > 0 ORDER BY id");

    fixture.load(FIRST, "U,1,Ana,\nU,2,Bob,\n");

    assertThat(fixture.rows("SELECT ctid, xmin FROM people ORDER BY id"))
        .contains(before.get(0))
        .doesNotContain(before.get(1));
  }

  @Test
  void letsTheLastLineOfAKeyWin() {
    fixture.load(
        FIRST,
        """
        I,1,one,
        U,1,two,
        I,2,one,
        D,2,,
        D,3,,
        I,3,three,
        U,0,new,
        D,0,,
        I,4,four,
        D,4,,
        I,4,five,
        """);

    assertThat(fixture.people()).containsExactly("1|two|null", "3|three|null", "4|five|null");
  }

  @ParameterizedTest
  @ValueSource(strings = {"TRUNCATE people", "SELECT"})
  void letsTheLastLineOfAKeyWinInAFullLoadToo(String before) {
    fixture.execute(before);
    fixture.load(FULL_LOAD, "1,one,\n2,one,\n1,two,\n");

    assertThat(fixture.people()).contains("1|two|null", "2|one|null");
  }

  @Test
  void refusesAValueThatAFullLoadIntoAnEmptyTableHasTwice() {
    fixture.execute("TRUNCATE people", "ALTER TABLE people ADD UNIQUE (name)");

    assertThatThrownBy(() -> fixture.load(FULL_LOAD, "1,Ana,\n2,Ana,\n"))
        .hasMessageStartingWith("ROW_REJECTED");
    assertThat(fixture.people()).isEmpty();
  }

  @Test
  void takesAnInsertOfARowThatIsThereForAnUpdateAndADeleteOfNoneForNothing() {
    LoadResult result = fixture.load(FIRST, "I,0,new,\nD,7,,\nU,8,Eve,\n");

    assertThat(List.of(result.inserted(), result.updated(), result.deleted()))
        .containsExactly(1L, 1L, 0L);
    assertThat(fixture.people()).containsExactly("0|new|null", "8|Eve|null");
  }

  /** As a PostgreSQL source with before-image columns of the primary key writes them. */
  @Test
  void followsAKeyThatChanges() {
    fixture.set("CSV_COLUMNS", "op, id, name, born, seq, \"BI_id\"");
    fixture.load(FULL_LOAD, "30017,Ana,,,\n30030,Bo,,,\n30040,Cy,,,\n");

    fixture.load(
        FIRST,
        """
        U,30018,Ana,,20240612103127000000000000000000001,30017
        U,30019,Ana,,20240612103127000000000000000000002,30018
        U,30020,Anna,,20240612103127000000000000000000003,30019
        U,30031,Bo,,20240612103127000000000000000000004,30030
        U,30030,Bob,,20240612103127000000000000000000005,30031
        U,30040,Cyd,,20240612103127000000000000000000006,30040
        """);

    assertThat(fixture.people())
        .containsExactly("30020|Anna|null", "30030|Bob|null", "30040|Cyd|null");
  }

  @Test
  void followsAKeyThatAnotherRowTakesOver() {
    fixture.set("CSV_COLUMNS", "op, id, name, born, bi_id");
    fixture.load(FULL_LOAD, "1,Ana,\n2,Bo,\n3,Cy,\n");

    fixture.load(FIRST, "U,9,Ana,,1\nU,1,Bo,,2\nU,2,Ana,,9\nI,9,Di,,\nD,3,,,\n");

    assertThat(fixture.people()).containsExactly("1|Bo|null", "2|Ana|null", "9|Di|null");
  }

  @Test
  void followsAKeyOfSeveralColumns() {
    fixture.execute(
        "CREATE TABLE items (order_id numeric, \"Line\" text COLLATE \"C\", n integer NOT NULL, PRIMARY KEY (\"Line\", order_id))");
    fixture.mode(CHANGES, "items").set("DB_TABLE_NAME", "items");
    fixture.set("CSV_COLUMNS", "op, order_id, \"Line\", n, \"BI_order_id\", \"BI_Line\"");
    fixture.load(FULL_LOAD, "30014,1,5\n30014,2,5\n30015,1,5\n");

    fixture.load(FIRST, "U,30014,66,6,30014,1\nU,30016,2,7,30014,\nU,30015,1,8,30015,1\n");

    assertThat(fixture.rows("SELECT * FROM items ORDER BY 1, 2"))
        .containsExactly("30014|66|6", "30015|1|8", "30016|2|7");
  }

  @Test
  void movesAUniqueValueFromOneRowToAnother() {
    fixture.execute("ALTER TABLE people ADD UNIQUE (name)");
    fixture.load(FULL_LOAD, "1,Ana,\n2,Bo,\n3,Cy,\n4,Di,\n");

    fixture.load(FIRST, "D,1,,\nU,2,Ana,\nI,5,Bo,\nU,3,Di,\nU,4,Cy,\n");

    assertThat(fixture.people())
        .containsExactly("2|Ana|null", "3|Di|null", "4|Cy|null", "5|Bo|null");
  }

  @ParameterizedTest
  @CsvSource({
    "'1,Ana,2001-02-03\n', none",
    "'I,1,Ana,2001-02-03\n', none",
    "'2024-06-12 10:31:27.367000,1,Ana,2001-02-03\n', none",
    "'I,2024-06-12 10:31:27.367000,1,Ana,2001-02-03\n', none",
    "'x\n1,Ana,2001-02-03\n', skip",
    "'id,name,born\n1,Ana,2001-02-03\n', match",
    "'Op,id,name,born\nI,1,Ana,2001-02-03\n', match",
    "'Op,ts,BORN,id,NAME,$AR_H_CHANGE_SEQ,BI_id\nI,2024-06-12 10:31:27.367000,2001-02-03,1,Ana,,\n', match",
    "'ts,id,name,born\n2024-06-12 10:31:27.367000,1,Ana,2001-02-03\n', match"
  })
  void readsAFullLoad(String content, String header) {
    fixture.set("CSV_HEADER", header).load(FULL_LOAD, content);
    assertThat(fixture.people()).containsExactly("0|old|null", "1|Ana|2001-02-03");

    assertThat(fixture.catchUp()).extracting(LoadResult::deleted).containsExactly(1L);
    assertThat(fixture.people()).containsExactly("1|Ana|2001-02-03");
  }

  @ParameterizedTest
  @CsvSource({
    "'U,1,Ana,2001-02-03\nD,0,,\n', none",
    "'U,2024-06-12 10:31:27.367000,1,Ana,2001-02-03\nD,2024-06-12 10:31:27.367000,0,,\n', none",
    "'x\nU,1,Ana,2001-02-03\nD,0,,\n', skip",
    "'Op,id,name,born\nU,1,Ana,2001-02-03\nD,0,,\n', match",
    "'Op,commit_time,born,id,name,transact_AR_H_CHANGE_SEQ,BI_id\nU,2024-06-12 10:31:27,2001-02-03,1,Ana,2,0\n', match"
  })
  void readsChanges(String content, String header) {
    fixture.set("CSV_HEADER", header).load(FIRST, content);

    assertThat(fixture.people()).containsExactly("1|Ana|2001-02-03");
  }

  @Test
  void takesFewerFieldsFromOlderFilesAndLeavesOutWhatIsNoColumn() {
    fixture.set("CSV_COLUMNS", "op, commit_time, id, secret, name, born");
    String time = "2024-06-12 10:31:27.367000";

    fixture.load(FULL_LOAD, "I,%s,1,x,Ana\n".formatted(time));
    fixture.load(FIRST, "U,%1$s,1,x,Anna\nI,%1$s,2,x,Bo\n".formatted(time));
    fixture.load(SECOND, "U,%s,1,x,Anna,2001-02-03\n".formatted(time));

    assertThat(fixture.people()).containsExactly("1|Anna|2001-02-03", "2|Bo|null");
  }

  @ParameterizedTest
  @CsvSource({
    "'kind, id', 'I,1\nI,2\n', I:1 I:2",
    "'kind, id', 'I,I,1\nI,U,2\n', I:1 U:2",
    "'op, kind, id', 'I,I,1\nI,U,2\n', I:1 U:2"
  })
  void tellsAnOperationFromATextInTheFirstColumn(String columns, String content, String expected) {
    fixture.execute("CREATE TABLE kinds (kind text, id integer PRIMARY KEY)");
    fixture.mode(CHANGES, "kinds").set("DB_TABLE_NAME", "kinds").set("CSV_COLUMNS", columns);

    fixture.load(FULL_LOAD, content);

    assertThat(fixture.rows("SELECT string_agg(kind || ':' || id, ' ' ORDER BY id) FROM kinds"))
        .containsExactly(expected);
  }

  @Test
  void readsNullAsItIsSet() {
    fixture.set("CSV_NULL", "NULL");
    fixture.load(FULL_LOAD, "1,Ana,NULL\n2,,2001-02-03\n");
    fixture.load(FIRST, "U,2,Bo,NULL\nD,1,NULL,NULL\n");

    assertThat(fixture.people()).containsExactly("2|Bo|null");
  }

  @Test
  void readsGzip() throws IOException {
    fixture.set("IMPORT_WITH", "copy").set("S3_KEY_PATTERN", "hr/people/*.csv.gz");
    fixture.load(fixture.upload(FULL_LOAD + ".gz", gzip("1,Ana,\n")));
    fixture.load(fixture.upload(FIRST + ".gz", gzip("U,1,Anna,\n")));

    assertThat(fixture.people()).containsExactly("1|Anna|null");
  }

  @Test
  void loadsNoGzipByNameInOtherModes() throws IOException {
    fixture.set("LOAD_MODE", "append").set("IMPORT_WITH", "copy");

    assertThat(fixture.load(fixture.upload("people.csv.gz", gzip("1,Ana,\n"))).status())
        .isEqualTo(Verdict.IGNORED);
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  @Test
  void showsTheLinesToAfterLoadSql() {
    fixture.execute("CREATE TABLE seen (n bigint, operation text, name text)");
    fixture.execute("GRANT INSERT ON seen TO \"%s\"".formatted(fixture.role()));
    fixture.set(
        "AFTER_LOAD_SQL",
        "INSERT INTO seen SELECT s3_load_row, s3_load_operation, name FROM s3_load_stage");

    fixture.load(FIRST, "I,1,Ana,\nD,1,,\n");

    assertThat(fixture.rows("SELECT * FROM seen ORDER BY n"))
        .containsExactly("1|I|Ana", "2|D|null");
  }

  @ParameterizedTest
  @CsvSource({
    "'I,1,Ana,\nX,2,Bo,\n', 2",
    "'I,1,Ana,\n,2,Bo,\n', 2",
    "'I,1,\"A\na\",\ni,2,Bo,\n', 3",
    "'1,Ana,,\n', 1"
  })
  void refusesARowThatDoesNotSayWhatIsDone(String content, int line) {
    LoadException failure = fixture.failure(ROW_REJECTED, FIRST, content);

    assertThat(failure.line()).hasValue(line);
    assertThat(failure).hasMessageContaining("the first field is not I, U or D");
  }

  @Test
  void refusesALineWithoutAKeyAndOneWithoutARequiredValue() {
    assertThat(fixture.failure(ROW_REJECTED, FIRST, "D,0,,\nD,,x,\n"))
        .hasMessageContaining("line 2: a row without a value in its key (id)");
    assertThat(fixture.failure(ROW_REJECTED, FIRST, "D,0,,\nI,1,,\n"))
        .hasMessageContaining("line 2, column name");
  }

  @Test
  void refusesFilesThatMixTables() {
    assertThat(fixture.failure(OBJECT_UNREADABLE, "hr/CDC_TXN-20201117153046033.csv", "I,1,Ana,\n"))
        .hasMessageContaining("PreserveTransactions=false");
    assertThat(fixture.failure(HEADER_MISMATCH, FIRST, "I,people,hr,1,Ana,\n"))
        .hasMessageContaining("record 1 has 6 fields")
        .hasMessageContaining("PreserveTransactions=false");
  }

  @ParameterizedTest
  @ValueSource(strings = {"people.csv", "LOAD1.csv", "20240612.csv", "LOAD00000001.csv.csv"})
  void refusesANameThatIsNotOfDms(String name) {
    assertThat(fixture.failure(OBJECT_UNREADABLE, "hr/people/" + name, "I,1,Ana,\n"))
        .hasMessageContaining("its name is not one that AWS DMS gives");
  }

  @Test
  void refusesAHeaderWithoutOpAndOneWithAnUnknownColumn() {
    fixture.set("CSV_HEADER", "match");
    assertThat(fixture.failure(HEADER_MISMATCH, FIRST, "id,name,born\n1,Ana,\n"))
        .hasMessageContaining("the first line does not begin with Op");
    assertThat(fixture.failure(HEADER_MISMATCH, FIRST, "Op,id,name,born,email\nI,1,Ana,,\n"))
        .hasMessageContaining("\"email\" is not a column");
  }

  @Test
  void needsAKeyAHistoryAndNoPercentage() {
    fixture.set("HISTORY_TABLE", "off").set("MIN_ROWS", "80%");
    assertThatThrownBy(fixture::loader)
        .hasMessageStartingWith(CONFIG_INVALID.name())
        .hasMessageContaining("HISTORY_TABLE is \"off\"")
        .hasMessageContaining("MIN_ROWS is a percentage");

    fixture.set("HISTORY_TABLE", "history.loads").set("MIN_ROWS", "1");
    fixture.execute("ALTER TABLE people DROP CONSTRAINT people_pkey");
    assertThat(fixture.failure(TABLE_UNUSABLE, FIRST, "I,1,Ana,\n"))
        .hasMessageContaining("no primary key, by which LOAD_MODE=changes would find its rows");
    fixture.set("LOAD_KEY", "id").load(SECOND, "D,0,,\n");
    assertThat(fixture.people()).containsExactly("1|Ana|null");
  }

  @Test
  void recognisesADeliveryThatComesAgain() {
    Upload full = fixture.upload(FULL_LOAD, "1,Ana,\n");
    Upload first = fixture.upload(FIRST, "U,1,Anna,\n");
    Upload second = fixture.upload(SECOND, "D,1,,\n");
    for (Upload upload : List.of(full, first, second)) {
      assertThat(fixture.load(upload).status()).isEqualTo(LOADED);
    }

    for (Upload upload : List.of(first, full, second, full, first)) {
      assertThat(fixture.load(upload).status()).isEqualTo(DUPLICATE);
    }
    assertThat(fixture.people()).isEmpty();
    assertThat(fixture.catchUp()).isEmpty();
  }

  @Test
  void appliesWhatIsMissingUpToAFileAndNoMore() {
    Upload full = fixture.upload(FULL_LOAD, "1,Ana,\n");
    Upload first = fixture.upload(FIRST, "U,1,first,\n");
    Upload second = fixture.upload(SECOND, "U,1,second,\n");
    Upload third = fixture.upload("hr/people/20240612-103327369.csv", "D,1,,\n");

    assertThat(fixture.load(second).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|second|null");
    assertThat(fixture.load(first).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.load(full).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.load(third).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).isEmpty();
    assertThat(history())
        .extracting(row -> row.split("\\|")[0] + " " + row.split("\\|")[1])
        .containsExactly(
            "changes LOAD00000001.csv",
            "sync LOAD00000001.csv",
            "changes 20240612-103127367.csv",
            "changes 20240612-103227368.csv",
            "changes 20240612-103327369.csv");
  }

  @Test
  void stopsAtAFileThatCannotBeAppliedUntilItIsCorrected() {
    Upload bad = fixture.upload(FIRST, "U,x,Ana,\n");
    Upload next = fixture.upload(SECOND, "U,0,new,\n");

    assertThat(fixture.failure(ROW_REJECTED, next))
        .hasMessageContaining(bad.object() + ", which comes before it, cannot be loaded");
    assertThat(fixture.failure(ROW_REJECTED, bad)).hasMessageContaining("line 1, column id");

    fixture.upload(FIRST, "U,0,corrected,\n");
    assertThat(fixture.load(next).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("0|new|null");
  }

  @ParameterizedTest
  @ValueSource(strings = {".csv", ".CSV"})
  void refusesAFileThatComesTooLate(String extension) {
    fixture.load(SECOND.replace(".csv", extension), "U,0,second,\n");

    assertThatThrownBy(() -> fixture.load(FIRST.replace(".csv", extension), "U,0,first,\n"))
        .hasMessageStartingWith("OBJECT_UNREADABLE")
        .hasMessageContaining("later changes of the table were applied before it arrived");
    assertThat(fixture.people()).containsExactly("0|second|null");
  }

  private List<String> history() {
    return fixture.rows(
        """
        SELECT mode, substring(object_key FROM '[^/]*$'), rows_loaded, rows_inserted, rows_updated,
          rows_deleted
        FROM history.loads WHERE status = 'LOADED' ORDER BY id""");
  }

  @Test
  void tellsAStaleFileByTheFullLoadAfterIt() {
    fixture.load(FULL_LOAD, "1,Ana,\n");
    Upload old = fixture.upload(FIRST, "U,1,stale,\n");
    fixture.load(FULL_LOAD, "1,Bo,\n");

    assertThat(fixture.load(old).status()).isEqualTo(STALE);
    assertThat(fixture.people()).containsExactly("0|old|null", "1|Bo|null");
  }
}
