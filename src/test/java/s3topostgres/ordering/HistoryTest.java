package s3topostgres.ordering;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.history.Verdict.STALE;

import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import s3topostgres.Page;
import s3topostgres.load.LoadFixture;
import s3topostgres.s3.Upload;

/** The history as operators use it, and when it is long. */
class HistoryTest {
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @Test
  void answersTheQueriesOfTheDocumentation() throws Exception {
    fixture.set("HISTORY_TABLE", "s3_load_history");
    fixture.execute("GRANT CREATE ON SCHEMA public TO \"%s\"".formatted(fixture.role()));
    fixture.failure(ROW_REJECTED, "bad.csv", "id,name\nx,bad\n");
    fixture.load("first.csv", "id,name\n1,first\n");
    fixture.load("second.csv", "id,name\n1,first\n2,second\n");

    List<String> queries =
        List.of(
            Page.blocks(Page.ofSite("operate.md").section("What was loaded"), "sql")
                .get(0)
                .split(";\\s*"));

    assertThat(queries).hasSize(3);
    assertThat(fixture.rows(queries.get(0)))
        .singleElement()
        .asString()
        .startsWith(fixture.bucket + "|second.csv|2|");
    assertThat(fixture.rows(queries.get(1)))
        .singleElement()
        .asString()
        .contains("|bad.csv|ROW_REJECTED|ROW_REJECTED: s3://");
    assertThat(fixture.rows(queries.get(2)))
        .singleElement()
        .asString()
        .containsPattern("\\|2\\|2\\|00:00:0");
  }

  @Test
  void listsWhatFailedAndWasNotLoadedSince() {
    fixture.set("HISTORY_TABLE", "s3_load_history");
    fixture.execute("GRANT CREATE ON SCHEMA public TO \"%s\"".formatted(fixture.role()));
    fixture.failure(ROW_REJECTED, "mended.csv", "id,name\nx,bad\n");
    fixture.failure(ROW_REJECTED, "bad.csv", "id,name\nx,bad\n");
    fixture.failure(ROW_REJECTED, "bad.csv", "id,name\ny,bad\n");
    fixture.load("mended.csv", "id,name\n1,first\n");

    assertThat(documented("Who blocks the table")).isEmpty();
    assertThat(documented("What failed, and was not loaded since"))
        .singleElement()
        .asString()
        .contains("|public.people|bad.csv|never|ROW_REJECTED: s3://");
  }

  /** The rows that the runbook's query under a heading finds. */
  private List<String> documented(String heading) {
    return fixture.rows(Page.blocks(Page.ofSite("runbook.md").section(heading), "sql").get(0));
  }

  @Test
  void isDefinedInTheDocumentationAsTheFunctionCreatesIt() {
    String created = createdByTheFunction();
    String documented = Page.ofSite("deploy.md").section("The database user");
    documented =
        documented.substring(
            documented.indexOf("CREATE TABLE s3_load_history"),
            documented.indexOf("GRANT SELECT, INSERT ON s3_load_history"));

    fixture.execute(
        "CREATE SCHEMA documented; SET search_path TO documented; %s SET search_path TO public"
            .formatted(documented));

    assertThat(definition("documented")).isEqualTo(created);
  }

  @Test
  void becomesByTheDocumentedUpgradeWhatTheFunctionCreates() {
    String created = createdByTheFunction();
    fixture.execute(
        "DROP TABLE s3_load_history",
        """
        CREATE TABLE s3_load_history (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          target_table text NOT NULL, bucket text NOT NULL, object_key text NOT NULL,
          version_id text, etag text, size_bytes bigint, sequencer text, event_time timestamptz,
          status text NOT NULL CHECK (status IN ('LOADED', 'FAILED')), rows_loaded bigint,
          started_at timestamptz NOT NULL, finished_at timestamptz NOT NULL,
          error_code text, error_message text, request_id text
        );
        CREATE INDEX ON s3_load_history
          (target_table, bucket, object_key, (rpad(lower(sequencer), 64, '0') COLLATE "C"))
          WHERE status = 'LOADED';
        CREATE INDEX ON s3_load_history (target_table, event_time) WHERE status = 'LOADED';
        """);
    assertThat(definition("public")).as("the first version's").isNotEqualTo(created);
    String upgrade = Page.ofSite("changelog.md").blocks("sql").get(0);

    fixture.execute(upgrade, upgrade);

    assertThat(definition("public")).isEqualTo(created);
  }

  private String createdByTheFunction() {
    fixture.execute("GRANT CREATE ON SCHEMA public TO \"%s\"".formatted(fixture.role()));
    fixture.set("HISTORY_TABLE", "public.s3_load_history");
    fixture.load("people.csv", "id,name\n1,first\n");
    return definition("public");
  }

  /** All that the catalogue says of the history table of a schema. */
  private String definition(String schema) {
    return fixture
        .rows(
            """
            SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity)
            FROM pg_attribute
            WHERE attrelid = '%1$s.s3_load_history'::regclass AND attnum > 0
            UNION ALL
            SELECT indexdef FROM pg_indexes
            WHERE schemaname = '%1$s' AND tablename = 's3_load_history'
            UNION ALL
            SELECT pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = '%1$s.s3_load_history'::regclass
            ORDER BY 1
            """
                .formatted(schema))
        .toString()
        .replace(schema + ".", "");
  }

  @Test
  void isNeverReadAsAWholeHoweverLongItIs() {
    fixture.load("people.csv", "id,name\n1,first\n");
    fill(100_000);
    Upload late = fixture.upload("late.csv", "id,name\n2,late\n");
    Upload second = fixture.upload("people.csv", "id,name\n3,second\n");
    Upload third = fixture.upload("people.csv", "id,name\n3,third\n");

    assertThat(fixture.load(third).status()).isEqualTo(LOADED);
    assertThat(fixture.load(third).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.load(second).status()).isEqualTo(STALE);
    assertThat(fixture.load(late).status()).isEqualTo(STALE);
    assertThat(fixture.load("new.csv", "id,name\n4,new\n").status()).isEqualTo(LOADED);
    assertThat(
            fixture.rows(
                """
                SELECT seq_tup_read < 1000 AS by_index, idx_scan > 0 AS counted
                FROM pg_stat_user_tables WHERE relname = 'loads'"""))
        .containsExactly("t|t");
  }

  /** Many loads of this table and of another, half of them of one key. */
  private void fill(int rows) {
    fixture.execute(
        """
        INSERT INTO history.loads (target_table, bucket, object_key, etag, size_bytes, sequencer,
          event_time, status, rows_loaded, started_at, finished_at, request_id)
        SELECT CASE WHEN n %% 3 = 0 THEN 'public.other' ELSE 'public.people' END, '%s',
          CASE WHEN n %% 2 = 0 THEN 'people.csv' ELSE 'key' || n %% 10007 || '.csv' END,
          md5(n::text), n, lpad(to_hex(n), 16, '0'), now() - interval '1 year' + n * interval '1 s',
          CASE WHEN n %% 10 = 0 THEN 'FAILED' ELSE 'LOADED' END, n, now(), now(), 'request'
        FROM generate_series(1, %d) AS n"""
            .formatted(fixture.bucket, rows),
        "ANALYZE history.loads");
  }
}
