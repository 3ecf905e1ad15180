package s3topostgres.load;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.load.LoadResult.Status.DUPLICATE;
import static s3topostgres.load.LoadResult.Status.LOADED;
import static s3topostgres.load.LoadResult.Status.STALE;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import s3topostgres.LoadException;
import s3topostgres.s3.Upload;

/** The history as operators use it, and when it is long. */
class HistoryTest {
  private static final Pattern SQL = Pattern.compile("(?s)```sql\n(.*?)```");

  private final LoadFixture fixture = new LoadFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void answersTheQueriesOfTheReadme() throws Exception {
    fixture.set("HISTORY_TABLE", "s3_load_history");
    fixture.execute("GRANT CREATE ON SCHEMA public TO \"%s\"".formatted(fixture.role()));
    fixture.failure(ROW_REJECTED, "bad.csv", "id,name\nx,bad\n");
    fixture.load("first.csv", "id,name\n1,first\n");
    fixture.load("second.csv", "id,name\n1,first\n2,second\n");

    List<String> queries = runningItQueries();

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

  private static List<String> runningItQueries() throws Exception {
    String readme = Files.readString(Path.of("README.md"));
    String block =
        SQL.matcher(readme.substring(readme.indexOf("## Running it")))
            .results()
            .map((MatchResult result) -> result.group(1))
            .findFirst()
            .orElseThrow();
    return List.of(block.split(";\\s*"));
  }

  @Test
  void keepsTheFirstErrorWhenTheFailureCannotBeRecorded() {
    fixture.load("people.csv", "id,name\n0,old\n");
    fixture.execute("ALTER TABLE history.loads ADD CHECK (status = 'LOADED') NOT VALID");

    LoadException failure = fixture.failure(ROW_REJECTED, "bad.csv", "id,name\nx,bad\n");

    assertThat(failure.line()).hasValue(2);
    assertThat(fixture.log()).contains("the failure could not be recorded in the history");
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
