package s3topostgres.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.history.Verdict.STALE;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.s3.Upload;

/** What a load does when nothing is wrong, on a real Postgres and a real S3 server. */
public class LoaderTest {
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @Test
  void replacesTheRowsOfTheTable() {
    LoadResult result = fixture.load("people.csv", "id,name,born\n1,Ana,1980-02-03\n2,Bo,\n");

    assertThat(fixture.people()).containsExactly("1|Ana|1980-02-03", "2|Bo|null");
    assertThat(result.object()).isEqualTo("s3://" + fixture.bucket + "/people.csv");
    assertThat(result.table()).isEqualTo("public.people");
    assertThat(result.status()).isEqualTo(LOADED);
    assertThat(result.rows()).isEqualTo(2);
    assertThat(result.bytes()).isEqualTo(36);
    assertThat(result.millis()).isPositive();
  }

  @Test
  void saysSoInOneLineOfTheLog() {
    LoadResult result = fixture.load("people.csv", "id,name,born\n1,Ana,\n");

    assertThat(fixture.log().lines())
        .containsExactly(
            "INFO load status=LOADED object=%s table=public.people rows=1 bytes=20 millis=%d request=request-1"
                .formatted(result.object(), result.millis()));
  }

  @Test
  void namesTheColumnsThatTakeTheirDefaults() {
    fixture.execute("ALTER TABLE people ALTER born SET DEFAULT '2000-01-01'");

    fixture.load("people.csv", "id,name\n1,Ana\n");

    assertThat(fixture.people()).containsExactly("1|Ana|2000-01-01");
    assertThat(fixture.log()).contains(" defaulted=born");
  }

  @Test
  void saysThatItStreamsWhatTheDatabaseWouldNotUnpack() throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write("id,name\n1,Ana\n".getBytes(UTF_8));
    }

    fixture.set("IMPORT_WITH", "aws_s3").load(fixture.upload("a.csv.gz", packed.toByteArray()));
    assertThat(fixture.log()).contains(" import=copy");
    int logged = fixture.log().length();
    fixture.load("b.csv", "id,name\n1,Ana\n");
    fixture.set("IMPORT_WITH", "copy").load(fixture.upload("c.csv.gz", packed.toByteArray()));
    assertThat(fixture.log().substring(logged)).contains("c.csv.gz").doesNotContain("import=");
  }

  @Test
  void recordsTheLoadInTheHistory() {
    Upload upload = fixture.upload("people.csv", "id,name\n1,Ana\n");

    fixture.load(upload);

    assertThat(
            fixture.rows(
                """
                SELECT target_table, bucket, object_key, version_id, etag, size_bytes, sequencer,
                  status, rows_loaded, error_code, error_message, request_id
                FROM history.loads"""))
        .containsExactly(
            "public.people|%s|people.csv|null|%s|14|%s|LOADED|1|null|null|request-1"
                .formatted(
                    fixture.bucket, upload.etag().orElseThrow(), upload.sequencer().orElseThrow()));
    assertThat(
            fixture.rows(
                "SELECT event_time <= started_at AND started_at <= finished_at FROM history.loads"))
        .containsExactly("t");
  }

  @Test
  void takesTheColumnsInTheOrderOfTheHeader() {
    fixture.load("people.csv", "born,ID, Name \n1980-02-03,1,Ana\n");

    assertThat(fixture.people()).containsExactly("1|Ana|1980-02-03");
  }

  @Test
  void takesTheColumnsInTheOrderOfTheTableWhereTheHeaderIsSkipped() {
    fixture.set("CSV_HEADER", "skip").load("people.csv", "a,b,c\n1,Ana,1980-02-03\n");

    assertThat(fixture.people()).containsExactly("1|Ana|1980-02-03");
  }

  @Test
  void loadsAFileWithoutAHeader() {
    fixture.set("CSV_HEADER", "none").load("people.csv", "1,Ana,1980-02-03\n");

    assertThat(fixture.people()).containsExactly("1|Ana|1980-02-03");
  }

  @Test
  void readsTheFileInTheFormatThatTheSettingsName() {
    fixture
        .set("CSV_DELIMITER", ";")
        .set("CSV_QUOTE", "'")
        .set("CSV_ESCAPE", "\\")
        .set("CSV_NULL", "n/a")
        .set("CSV_ENCODING", "latin1")
        .load(
            fixture.upload(
                "people.csv",
                "id;name;born\n1;'J\u00fcrgen \\'Jo\\'; sen.';n/a\n"
                    .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)));

    assertThat(fixture.people()).containsExactly("1|J\u00fcrgen 'Jo'; sen.|null");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "two words.csv",
        "a+b.csv",
        "100%25.csv",
        "m\u00fcnchen/stra\u00dfe.csv",
        "\ud83d\ude80.csv",
        "it's \"quoted\" $HOME `x`.csv",
        "UPPER.CSV"
      })
  void loadsAnObjectWhateverItsKey(String key) {
    assertThat(fixture.load(key, "id,name\n1,Ana\n").rows()).isEqualTo(1);
    assertThat(fixture.rows("SELECT object_key FROM history.loads")).containsExactly(key);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"Mixed Case\".\"T\"",
        "\"quote\"\"d\".\"it's; DROP TABLE people\"",
        "plain.\"select\""
      })
  void loadsATableWhateverItsName(String table) {
    String schema = table.substring(0, table.indexOf('.'));
    fixture.execute(
        "CREATE SCHEMA " + schema,
        "CREATE TABLE %s (\"First Name\" text, \"b\"\"c\" integer, \"select\" integer)"
            .formatted(table),
        "GRANT USAGE ON SCHEMA %s TO \"%s\"".formatted(schema, fixture.role()),
        "GRANT SELECT, INSERT, TRUNCATE ON %s TO \"%s\"".formatted(table, fixture.role()));

    LoadResult result =
        fixture
            .set("DB_TABLE_NAME", table)
            .load("t.csv", "\"b\"\"c\",select,first name\n1,2,Ana\n");

    assertThat(result.table()).isEqualTo(table);
    assertThat(fixture.rows("SELECT * FROM " + table)).containsExactly("Ana|1|2");
  }

  @Test
  void loadsAPartitionedTable() {
    fixture.execute(
        "CREATE TABLE events (id integer, at date) PARTITION BY RANGE (at)",
        "CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        "INSERT INTO events VALUES (0, '2024-05-05')",
        "GRANT SELECT, INSERT, TRUNCATE ON events TO \"%s\"".formatted(fixture.role()));

    fixture.set("DB_TABLE_NAME", "events").load("e.csv", "id,at\n1,2024-12-31\n2,2025-01-01\n");

    assertThat(fixture.rows("SELECT * FROM events ORDER BY id"))
        .containsExactly("1|2024-12-31", "2|2025-01-01");
  }

  @Test
  void runsTheProjectsSqlInTheTransaction() {
    fixture.execute(
        "CREATE TABLE seen (step text, rows bigint, xid xid8)",
        "GRANT INSERT ON seen TO \"%s\"".formatted(fixture.role()));

    fixture
        .set(
            "BEFORE_LOAD_SQL",
            "SET LOCAL datestyle = 'ISO, DMY'; INSERT INTO seen SELECT 'before', count(*), pg_current_xact_id() FROM people")
        .set(
            "AFTER_LOAD_SQL",
            "INSERT INTO seen SELECT 'after', count(*), pg_current_xact_id() FROM people; -- done {d '?'}")
        .load("people.csv", "id,name,born\n1,Ana,03/02/1980\n2,Bo,\n");

    assertThat(fixture.people()).containsExactly("1|Ana|1980-02-03", "2|Bo|null");
    assertThat(fixture.rows("SELECT step, rows FROM seen ORDER BY rows"))
        .containsExactly("before|1", "after|2");
    assertThat(fixture.rows("SELECT count(DISTINCT xid) FROM seen")).containsExactly("1");
  }

  @Test
  void letsDefaultsSayWhereARowCameFrom() {
    fixture.execute(
        "ALTER TABLE people ADD loaded_from text DEFAULT current_setting('s3_load.bucket', true) || '/' || current_setting('s3_load.key', true) || ' ' || current_setting('s3_load.request_id', true)");

    fixture.load("my people.csv", "id,name\n1,Ana\n");

    assertThat(fixture.rows("SELECT loaded_from FROM people"))
        .containsExactly(fixture.bucket + "/my people.csv request-1");
  }

  @Tag("aws_s3")
  @Test
  void installsTheExtensionWhereItIsMissing() {
    fixture.execute("DROP EXTENSION aws_s3", "DROP EXTENSION aws_commons");
    fixture.execute("ALTER ROLE \"%s\" SUPERUSER".formatted(fixture.role()));

    assertThat(fixture.load("people.csv", "id,name\n1,Ana\n").status()).isEqualTo(LOADED);
  }

  @Test
  void recognisesTheSameDelivery() {
    Upload upload = fixture.upload("people.csv", "id,name\n1,Ana\n");
    fixture.load(upload);
    fixture.execute("DELETE FROM people");

    LoadResult again = fixture.load(upload);

    assertThat(again.status()).isEqualTo(DUPLICATE);
    assertThat(again.rows()).isZero();
    assertThat(fixture.people()).isEmpty();
    assertThat(fixture.rows("SELECT count(*) FROM history.loads")).containsExactly("1");
  }

  @Test
  void recognisesADeliveryWhoseObjectIsGone() {
    Upload upload = fixture.upload("people.csv", "id,name\n1,Ana\n");
    fixture.load(upload);
    fixture.s3.delete(fixture.bucket, "people.csv");

    assertThat(fixture.load(upload).status()).isEqualTo(DUPLICATE);
  }

  @Test
  void leavesNewerRowsAlone() {
    Upload older = fixture.upload("a.csv", "id,name\n1,older\n");
    Upload olderOfOtherKey = fixture.upload("b.csv", "id,name\n2,other\n");
    Upload newer = fixture.upload("a.csv", "id,name\n3,newer\n");
    fixture.load(newer);

    assertThat(fixture.load(older).status()).isEqualTo(STALE);
    assertThat(fixture.load(olderOfOtherKey).status()).isEqualTo(STALE);
    assertThat(fixture.people()).containsExactly("3|newer|null");
  }

  @Test
  void keepsNoHistoryWhenItIsOff() {
    Upload upload = fixture.upload("people.csv", "id,name\n1,Ana\n");
    fixture.set("HISTORY_TABLE", "off");

    assertThat(List.of(fixture.load(upload).status(), fixture.load(upload).status()))
        .containsExactly(LOADED, LOADED);
    assertThat(fixture.rows("SELECT to_regclass('history.loads')")).containsExactly("null");
  }
}
