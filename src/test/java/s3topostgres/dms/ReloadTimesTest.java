package s3topostgres.dms;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.config.Mode.CHANGES;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.history.Verdict;
import s3topostgres.load.LoadFixture;
import s3topostgres.s3.Upload;

/**
 * {@code LOAD_MODE=changes}: a full load, begun again within the second after changes or a file of
 * the one before it. Events have milliseconds, the bucket's list has seconds.
 */
@Tag("slow")
class ReloadTimesTest {
  /** Of the changes' names; and long after it, as when somebody copies DMS's files. */
  private static final List<Instant> SECONDS =
      List.of(Instant.parse("2024-06-12T10:32:27Z"), Instant.parse("2026-06-12T10:32:27Z"));

  private static final String FOLDER = "hr/people/";
  private static final String OLD_CHANGES = FOLDER + "20240612-103227367.csv";
  private static final String NEW_CHANGES = FOLDER + "20240612-103427367.csv";

  /**
   * How long after the second began each file is uploaded, in milliseconds: the first before the
   * others' second, because DMS takes longer than a second to begin a full load.
   */
  private static final List<List<Integer>> TIMES =
      List.of(
          List.of(0, 1000, 1001, 1002),
          List.of(0, 1500, 1999, 2000),
          List.of(500, 1000, 2000, 2001),
          List.of(500, 1001, 2000, 2500),
          List.of(999, 1000, 1001, 1999),
          List.of(999, 1999, 2000, 3000));

  /** A file that somebody uploads. */
  private record File(String name, String content) {}

  /**
   * Changes whose event comes late or never, a full load of two files, and the changes after it.
   */
  private static final List<File> AFTER_CHANGES =
      List.of(
          new File(OLD_CHANGES, "U,1,stale,\nD,2,,\n"),
          new File(FOLDER + "SEGMENT1_LOAD00000001.csv", "1,reload,\n"),
          new File(FOLDER + "SEGMENT2_LOAD00000001.csv", "2,reload,\n"),
          new File(NEW_CHANGES, "I,3,new,\n"));

  /**
   * The last file of a full load that had three of them, one with two, and the changes after it.
   */
  private static final List<File> AFTER_MORE_FILES =
      List.of(
          new File(FOLDER + "LOAD00000003.csv", "4,stale,\n"),
          new File(FOLDER + "LOAD00000001.csv", "1,reload,\n"),
          new File(FOLDER + "LOAD00000002.csv", "2,reload,\n"),
          new File(NEW_CHANGES, "I,3,new,\n"));

  /** A file of a full load of two segments, changes, and a full load in which one has no rows. */
  private static final List<File> AFTER_MORE_SEGMENTS =
      List.of(
          new File(FOLDER + "SEGMENT2_LOAD00000001.csv", "4,stale,\n"),
          new File(OLD_CHANGES, "U,1,stale,\nD,2,,\n"),
          new File(FOLDER + "SEGMENT1_LOAD00000001.csv", "1,reload,\n2,reload,\n"),
          new File(NEW_CHANGES, "I,3,new,\n"));

  private static final List<List<File>> SCENARIOS =
      List.of(AFTER_CHANGES, AFTER_MORE_FILES, AFTER_MORE_SEGMENTS);

  /** The first two are uploaded before the others' second. */
  private static final List<List<Integer>> TIMES_OF_SEGMENTS =
      List.of(
          List.of(0, 1, 1000, 1001),
          List.of(0, 999, 1000, 2000),
          List.of(500, 501, 1999, 2000),
          List.of(999, 1000, 2000, 2001));

  @AutoClose private final LoadFixture fixture = new LoadFixture();
  private Instant second = SECONDS.get(1);

  @BeforeEach
  void prepare() {
    fixture.mode(CHANGES).set("CSV_HEADER", "none").set("S3_BUCKET_NAME", fixture.bucket);
  }

  @ParameterizedTest
  @ValueSource(strings = {"aws_s3", "copy"})
  void leavesOutChangesOfTheSecondBeforeAFullLoad(String importWith) {
    fixture.set("IMPORT_WITH", importWith);
    begin(AFTER_CHANGES);
    List<Upload> uploads = new ArrayList<>();
    for (int file = 0; file < 3; file++) {
      uploads.add(upload(AFTER_CHANGES, file, List.of(500, 1000, 1001, 1002)));
    }

    assertThat(fixture.load(uploads.get(2)).status()).isEqualTo(Verdict.LOADED);
    Upload changes = upload(AFTER_CHANGES, 3, List.of(500, 1000, 1001, 1002));
    assertThat(fixture.load(changes).status()).isEqualTo(Verdict.LOADED);

    assertThat(fixture.people()).containsExactly("1|reload|null", "2|reload|null", "3|new|null");
    assertThat(fixture.load(uploads.get(0)).status()).isEqualTo(Verdict.STALE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"aws_s3", "copy"})
  void leavesOutAFileOfTheFullLoadBefore(String importWith) {
    fixture.set("IMPORT_WITH", importWith);
    second = SECONDS.get(0);
    begin(AFTER_MORE_SEGMENTS);
    List<Upload> uploads = new ArrayList<>();
    for (int file = 0; file < 3; file++) {
      uploads.add(upload(AFTER_MORE_SEGMENTS, file, TIMES_OF_SEGMENTS.get(0)));
    }

    assertThat(fixture.load(uploads.get(2)).status()).isEqualTo(Verdict.LOADED);
    assertThat(fixture.load(uploads.get(0)).status()).isEqualTo(Verdict.STALE);
    assertThat(fixture.catchUp()).hasSize(1);
    assertThat(fixture.people()).containsExactly("1|reload|null", "2|reload|null");
  }

  @ParameterizedTest
  @ValueSource(strings = {"aws_s3", "copy"})
  void endsEqualToTheSourceInSomeOrders(String importWith) {
    endsEqualToTheSource(importWith, 521);
  }

  @Tag("thorough")
  @Test
  void endsEqualToTheSourceInManyOrders() {
    endsEqualToTheSource("copy", 17);
  }

  /** The stand-in for aws_s3 starts a program for each import. */
  @Tag("thorough")
  @Test
  void endsEqualToTheSourceInManyOrdersWhenTheDatabaseReads() {
    endsEqualToTheSource("aws_s3", 61);
  }

  /**
   * Tries orders in which each event comes once or never, at any time after its upload.
   *
   * @param step tries every so many of them
   */
  private void endsEqualToTheSource(String importWith, int step) {
    fixture.set("IMPORT_WITH", importWith);
    List<List<Integer>> orders = orders(4);
    assertThat(orders).hasSize(266);
    int tried = 0;
    for (List<File> files : SCENARIOS) {
      boolean segments = files.equals(AFTER_MORE_SEGMENTS);
      for (List<Integer> times : segments ? TIMES_OF_SEGMENTS : TIMES) {
        for (List<Integer> order : orders) {
          if (tried++ % step == 0) {
            second = segments ? SECONDS.get(0) : SECONDS.get(tried % SECONDS.size());
            endsEqualToTheSource(files, times, order);
          }
        }
      }
    }
  }

  private void endsEqualToTheSource(List<File> files, List<Integer> times, List<Integer> order) {
    begin(files);
    Upload[] uploads = new Upload[files.size()];
    for (int file : order) {
      if (uploads[file] == null) {
        uploads[file] = upload(files, file, times);
      } else {
        load(uploads[file]);
      }
    }
    fixture.catchUp();
    assertThat(fixture.catchUp()).as("%s %s", times, order).isEmpty();
    assertThat(fixture.people())
        .as(
            "%s at %s of %s, uploaded and announced as %s\n%s",
            files.get(0).name(), times, second, order, history())
        .containsExactly("1|reload|null", "2|reload|null", "3|new|null");
  }

  /** A file that was overwritten cannot complete a full load; the next one's files do. */
  private void load(Upload upload) {
    try {
      fixture.load(upload);
    } catch (LoadException e) {
      assertThat(e.why()).contains("the next full load has overwritten");
    }
  }

  /** A table that a full load of the second before has filled, as its event told. */
  private void begin(List<File> files) {
    fixture.execute("TRUNCATE people", "DROP TABLE IF EXISTS history.loads");
    for (List<File> earlier : SCENARIOS) {
      earlier.forEach(file -> fixture.s3.delete(fixture.bucket, file.name()));
    }
    String name = files.get(files.equals(AFTER_MORE_SEGMENTS) ? 2 : 1).name();
    fixture.load(fixture.upload(name, "1,first,\n2,first,\n", second.minusMillis(1)));
  }

  private Upload upload(List<File> files, int file, List<Integer> times) {
    return fixture.upload(
        files.get(file).name(), files.get(file).content(), second.plusMillis(times.get(file)));
  }

  private String history() {
    return String.join(
        "\n",
        fixture.rows(
            """
            SELECT id, mode, object_key, status, event_time, sequencer IS NULL, error_message
            FROM history.loads ORDER BY id"""));
  }

  /** Each file once, in their order, and again after that or not at all. */
  private static List<List<Integer>> orders(int files) {
    List<List<Integer>> orders = List.of(List.of());
    for (int file = files - 1; file >= 0; file--) {
      List<List<Integer>> longer = new ArrayList<>();
      for (List<Integer> order : orders) {
        List<Integer> uploaded = new ArrayList<>(order);
        uploaded.add(0, file);
        longer.add(uploaded);
        for (int place = 1; place <= uploaded.size(); place++) {
          List<Integer> announced = new ArrayList<>(uploaded);
          announced.add(place, file);
          longer.add(announced);
        }
      }
      orders = longer;
    }
    return orders;
  }
}
