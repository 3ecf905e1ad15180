package s3topostgres.ordering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/**
 * What is asked of a history of a million rows: of a full load and the changes after it, and of one
 * object that was loaded again and again.
 */
@Tag("thorough")
class LongHistoryTest {
  /** How many rows one step may read, of a million. */
  private static final long FEW = 500;

  @AutoClose private final LoadFixture fixture = new LoadFixture();
  private final List<String> expensive = new ArrayList<>();
  private Mode mode = Mode.CHANGES;
  private int files;

  @BeforeEach
  void fill() {
    fixture
        .set("S3_BUCKET_NAME", fixture.bucket)
        .set("S3_KEY_PREFIX", "in/")
        .set("CSV_HEADER", "none");
    fixture.mode(Mode.CHANGES).load("in/LOAD00000001.csv", "1,Ana,\n");
    fixture.execute(
        """
        INSERT INTO history.loads (target_table, bucket, object_key, etag, sequencer, event_time,
          status, mode, started_at, finished_at)
        SELECT 'public.people', '%s', 'in/' || CASE i %% 2 WHEN 0 THEN 'again'
            ELSE to_char(time, 'YYYYMMDD-HH24MISS') || lpad((i %% 1000)::text, 3, '0') END || '.csv',
          md5(i::text), '0055AED6D' || lpad(to_hex(i), 9, '0'), time, 'LOADED', 'changes', time, time
        FROM generate_series(1, 1000000) i,
          LATERAL (SELECT timestamptz '2024-01-01 00:00Z' + i * interval '1 min') AS t (time)"""
            .formatted(fixture.bucket),
        "UPDATE history.loads SET event_time = timestamptz '2023-12-31 00:00Z' WHERE id <= 2",
        "VACUUM ANALYZE history.loads");
    fixture.begun("in/LOAD00000001.csv", Instant.parse("2023-12-31T00:00:00Z"));
  }

  @Test
  void isReadByItsIndexes() {
    for (Mode next : List.of(Mode.CHANGES, Mode.REPLACE, Mode.SYNC, Mode.APPEND, Mode.UPSERT)) {
      mode = next;
      fixture.mode(mode).execute("DELETE FROM people");
      Upload upload = upload("first");
      step(mode + ", a file", () -> fixture.load(upload));
      step(mode + ", its event again", () -> fixture.load(upload));
      fixture.nextSecond();
      upload("lost");
      fixture.nextSecond();
      Upload behind = upload("behind");
      step(mode + ", a file behind a lost one", () -> fixture.load(behind));
      fixture.nextSecond();
      upload("lost");
      step(mode + ", catching up", fixture::catchUp);
      step(mode + ", nothing to catch up on", fixture::catchUp);
      Upload again = fixture.upload("in/again.csv", "999,again,\n");
      if (mode != Mode.CHANGES) {
        step(mode + ", an object that was loaded often", () -> fixture.load(again));
      }
    }
    Upload bad = fixture.upload("in/bad.csv", "x,bad,\n");
    step("a failure", () -> fails(bad));
    step("its retry", () -> fails(bad));

    assertThat(expensive).isEmpty();
  }

  /** The next file, of one row with a key of its own. */
  private Upload upload(String name) {
    files++;
    return fixture.upload(
        "in/20300101-%06d000.csv".formatted(files),
        "%s%d,%s,\n".formatted(mode == Mode.CHANGES ? "I," : "", files, name));
  }

  private void fails(Upload upload) {
    assertThatThrownBy(() -> fixture.load(upload)).isInstanceOf(LoadException.class);
  }

  private void step(String name, Runnable action) {
    List<Long> before = reads();
    action.run();
    List<Long> after = reads();
    long scans = after.get(0) - before.get(0);
    long rows = after.get(1) - before.get(1);
    if (scans > 0 || rows > FEW) {
      expensive.add(name + ": " + scans + " sequential scans, " + rows + " rows");
    }
  }

  /** How many sequential scans of the history there were, and how many rows were read in all. */
  private List<Long> reads() {
    RunningLoad.await(() -> fixture.left().isEmpty());
    String[] counts =
        fixture
            .rows(
                """
                SELECT seq_scan, seq_tup_read + (
                  SELECT sum(idx_tup_read) FROM pg_stat_all_indexes i WHERE i.relid = t.relid)
                FROM pg_stat_all_tables t WHERE relid = 'history.loads'::regclass""")
            .get(0)
            .split("\\|");
    return List.of(Long.valueOf(counts[0]), Long.valueOf(counts[1]));
  }
}
