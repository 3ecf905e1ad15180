package s3topostgres.dms;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.config.Mode.CHANGES;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.load.LoadFixture;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.Upload;

/** {@code LOAD_MODE=changes}: which part of the bucket's list is needed to find what is pending. */
class PendingChangesTest {
  private static final String FOLDER = "dms/public/people/";
  private static final String FULL_LOAD = FOLDER + "LOAD00000001.csv";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void prepare() {
    fixture
        .mode(CHANGES)
        .set("CSV_HEADER", "none")
        .set("S3_BUCKET_NAME", fixture.bucket)
        .set("S3_KEY_PREFIX", "dms/")
        .set("S3_KEY_PATTERN", "{schema}/{table}/**")
        .set("DB_TABLE_NAME", "{schema}.{table}");
    fixture.lists.pageSize(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "2024/06/%02d/", "2024-06-%02d-10/", "202406%02d/"})
  void areListedFromTheLastAppliedFileOn(String folder) {
    fixture.load(FULL_LOAD, "1,Ana,\n");
    for (int day = 1; day <= 9; day++) {
      fixture.load(changes(folder, day), "I,%d,Bo,\n".formatted(10 + day));
    }
    Upload lost = fixture.upload(changes(folder, 10), "I,20,Cy,\n");
    Upload next = fixture.upload(changes(folder, 11), "U,20,Cyd,\n");
    int before = fixture.lists.pages();

    assertThat(fixture.load(next).status()).isEqualTo(LOADED);
    assertThat(fixture.lists.pages() - before).as("two changes and the full load").isEqualTo(1);
    assertThat(fixture.load(lost).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.lists.pages() - before).as("none for a duplicate").isEqualTo(1);
    assertThat(fixture.people()).hasSize(11).endsWith("20|Cyd|null");
  }

  @Test
  void areFoundWhereFoldersDoNotSortByTime() {
    fixture.load(FULL_LOAD, "1,Ana,\n");
    fixture.load(FOLDER + "30062024/20240630-103127367.csv", "I,2,Bo,\n");
    fixture.upload(FOLDER + "01072024/20240701-103127367.csv", "I,3,Cy,\n");

    fixture.load(FOLDER + "31072024/20240731-103127367.csv", "U,3,Cyd,\n");

    assertThat(fixture.people()).containsExactly("1|Ana|null", "2|Bo|null", "3|Cyd|null");
  }

  @Test
  void areFoundWhereTheFoldersFormatHasChanged() {
    fixture.load(FULL_LOAD, "1,Ana,\n");
    fixture.load(FOLDER + "20240630-103127367.csv", "I,2,Bo,\n");
    fixture.upload(FOLDER + "2024/07/01/20240701-103127367.csv", "I,3,Cy,\n");

    fixture.load(FOLDER + "2024/07/02/20240702-103127367.csv", "U,3,Cyd,\n");

    assertThat(fixture.people()).containsExactly("1|Ana|null", "2|Bo|null", "3|Cyd|null");
  }

  @ParameterizedTest
  @ValueSource(strings = {"LOAD00000001.csv", "SEGMENT1_LOAD00000001.csv", "1/LOAD00000001.csv"})
  void comeAfterAFullLoadThatWasBegunAgainWhereverItsFilesAre(String file) {
    fixture.load(FOLDER + file, "1,Ana,\n");
    fixture.load(changes("", 1), "I,2,Bo,\n");
    fixture.nextSecond();
    fixture.upload(FOLDER + file, "3,Cy,\n");
    fixture.nextSecond();

    fixture.load(changes("", 2), "I,4,Di,\n");

    assertThat(fixture.people()).containsExactly("3|Cy|null", "4|Di|null");
  }

  @Test
  void areCaughtUpOnPageByPage() {
    fixture.load(FULL_LOAD, "1,Ana,\n");
    for (int day = 1; day <= 3; day++) {
      fixture.load(changes("", day), "I,%d,Bo,\n".formatted(10 + day));
    }
    for (int day = 4; day <= 9; day++) {
      fixture.upload(changes("", day), "U,11,%d,\n".formatted(day));
    }
    int before = fixture.lists.pages();

    assertThat(fixture.catchUp()).hasSize(6);
    assertThat(fixture.lists.pages() - before).as("of all ten files").isEqualTo(4);
    assertThat(fixture.catchUp()).isEmpty();
    assertThat(fixture.people()).contains("11|9|null");
  }

  @ParameterizedTest
  @CsvSource({
    "p/20240612-103127367.csv, true",
    "p/20240612-1031.csv.csv, false",
    "p/2024/06/12/20240612-103127367.csv.gz, true",
    "p/2024/06/20240612-103127367.csv, true",
    "p/2024_06_12_10/20240612-103127367.csv, true",
    "p/2024-06-13/20240612-103127367.csv, true",
    "p/2024/06/14/20240612-103127367.csv, false",
    "p/12062024/20240612-103127367.csv, false",
    "p/06202412/20240612-103127367.csv, false",
    "p/a/20240612-103127367.csv, false",
    "p/20240612/20249912-103127367.csv, false",
    "q/20240612-103127367.csv, false",
    "p/LOAD00000001.csv, true",
    "p/2023/LOAD00000001.csv, false",
    "p/2023_LOAD00000001.csv, false",
  })
  void areInOrderWhereObjectKeysSortByTime(String key, boolean sorts) {
    ObjectLocation object = new ObjectLocation("in", key);

    assertThat(DmsFile.find(object).isPresent() && DmsFile.sortsByTime(object, "p/"))
        .isEqualTo(sorts);
  }

  /** Dates of DMS's own kind, the folder with the day. */
  private static String changes(String folder, int day) {
    return FOLDER + folder.formatted(day) + "202406%02d-103127367.csv".formatted(day);
  }
}
