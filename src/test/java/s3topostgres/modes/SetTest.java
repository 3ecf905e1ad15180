package s3topostgres.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static s3topostgres.ErrorCode.CONFIG_INVALID;
import static s3topostgres.ErrorCode.HEADER_MISMATCH;
import static s3topostgres.ErrorCode.OBJECT_UNREADABLE;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TOO_FEW_ROWS;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.IGNORED;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.history.Verdict.STALE;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.Warning;
import s3topostgres.check.DryRunResult;
import s3topostgres.check.DryRunResult.FaultInFile;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/** Folders whose files are one table together, and files that are named like parts of one. */
public class SetTest {
  private static final String ONE = "id,name\n1,Ana\n2,Bo\n";
  private static final String TWO = "name,id\nCy,3\n";
  private static final String THREE = "id,name\n4,Di\n";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void setMarker() {
    fixture.set("S3_BUCKET_NAME", fixture.bucket).set("S3_SET_MARKER", "_SUCCESS");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void loadsTheFilesOfAFolderAsOneWhenTheMarkerComes(Mode mode) {
    fixture.mode(mode);
    List<Upload> parts = uploadParts();
    for (Upload part : parts) {
      assertThat(fixture.load(part).status()).isEqualTo(IGNORED);
    }
    assertThat(fixture.people()).containsExactly("0|old|null");
    Upload marker = fixture.upload("out/_SUCCESS", "");

    LoadResult result = fixture.load(marker);

    assertThat(result.status()).isEqualTo(LOADED);
    assertThat(result.rows()).isEqualTo(4);
    assertThat(result.bytes()).isEqualTo(ONE.length() + TWO.length() + THREE.length());
    assertThat(fixture.people()).containsExactlyElementsOf(with(mode, "1", "2", "3", "4"));
    assertThat(
            fixture.rows(
                """
                SELECT object_key, etag, size_bytes, status, mode, rows_loaded,
                  jsonb_path_query_array(parts, '$[*].object_key')
                FROM history.loads"""))
        .containsExactly(
            "out/_SUCCESS|%s|%d|LOADED|%s|4|[\"out/part-0.csv\", \"out/part-1.csv\", \"out/part-2.csv\"]"
                .formatted(marker.etag().orElseThrow(), result.bytes(), mode.label()));
    assertThat(fixture.rows("SELECT parts #>> '{1,etag}' FROM history.loads"))
        .containsExactly(parts.get(1).etag().orElseThrow());
    assertThat(fixture.log())
        .contains("reason=\"its folder is loaded when _SUCCESS is put there (S3_SET_MARKER)\"")
        .contains(" parts=3");
    assertThat(fixture.load(marker).status()).isEqualTo(DUPLICATE);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void takesWhatEveryFileSaysByItself(Mode mode) {
    fixture.mode(mode);
    uploadParts();
    fixture.upload("out/part-3.csv", "name,id\n");
    fixture.upload("out/part-4.csv", "");
    fixture.s3.put(fixture.bucket, "out/part-4.csv.gz", packed(""), "gzip");
    fixture.upload("out/day=1/000000_0", "id,name\n5,Eve\n");
    fixture.upload("out/export.csv_part2", "id,name\n6,Flo\n");
    fixture.upload("out/_temporary/0/part-5.csv", "no part");
    fixture.upload("out/.part-0.csv.crc", "no part");
    fixture.upload("out/readme.txt", "no part");
    fixture.upload("other/part-0.csv", "no part");

    assertThat(fixture.load("out/_SUCCESS", "{}").rows()).isEqualTo(6);
    assertThat(fixture.people())
        .containsExactlyElementsOf(with(mode, "1", "2", "3", "4", "5", "6"));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void namesEveryFaultWithItsFileAndLine(Mode mode) {
    fixture.mode(mode);
    fixture.upload("out/part-0.csv", "id,name\n1,Ana\nx,Bo\n");
    fixture.upload("out/part-1.csv", "name,id\n\"Cy\nDi\",3\nEve\n");
    fixture.upload("out/part-2.csv", "id,name\n5,\n");

    assertThat(fixture.failure(ROW_REJECTED, fixture.upload("out/_SUCCESS", "")))
        .hasMessageContaining("3 faults: ")
        .hasMessageContaining("part-0.csv, line 3, column id: not a whole number")
        .hasMessageContaining("part-1.csv, line 4: ")
        .hasMessageContaining("part-2.csv, line 2, column name: empty");
    assertThat(
            fixture.rows(
                """
                SELECT fault ->> 'part', fault ->> 'line'
                FROM history.loads, jsonb_array_elements(faults) AS fault"""))
        .containsExactly("part-0.csv|3", "part-1.csv|4", "part-2.csv|2");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void namesBothPlacesOfAKeyThatIsInTwoFiles(Mode mode) {
    fixture.mode(mode);
    uploadParts();
    fixture.upload("out/part-1.csv", "name,id\n\"A\nB\",7\nCy,2\n");

    assertThat(fixture.failure(ROW_REJECTED, fixture.upload("out/_SUCCESS", "")))
        .hasMessageContaining("out/_SUCCESS, part-1.csv, line 4")
        .hasMessageContaining("a second row with the ")
        .hasMessageContaining("line 3 of part-0.csv");
    assertThat(fixture.log()).contains(" part=part-1.csv line=4 ");
  }

  @Test
  void countsTheRowsOfAllFiles() {
    uploadParts();
    fixture.set("MIN_ROWS", "5");

    assertThat(fixture.failure(TOO_FEW_ROWS, fixture.upload("out/_SUCCESS", "")))
        .hasMessageContaining("the files have 4 rows, and at least 5 are expected");
    assertThat(fixture.set("MIN_ROWS", "4").load("out/_SUCCESS", "").rows()).isEqualTo(4);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void loadsOfTheNextRunIntoTheFolderItsOwnFilesWhereFilesAdd(Mode mode) {
    fixture.mode(mode);
    uploadParts();
    Upload first = fixture.upload("out/_SUCCESS", "");
    fixture.load(first);
    fixture.execute("DELETE FROM people WHERE id = 1");
    fixture.upload("out/part-9.csv", "id,name\n9,Ina\n");
    Upload older = fixture.upload("out/_SUCCESS", "");

    LoadResult second = fixture.load("out/_SUCCESS", "");

    boolean whole = mode.isWholeTable();
    assertThat(second.rows()).isEqualTo(whole ? 5 : 1);
    assertThat(fixture.people())
        .containsExactlyElementsOf(
            whole ? with(mode, "1", "2", "3", "4", "9") : with(mode, "2", "3", "4", "9"));
    assertThat(fixture.load(older).status()).isEqualTo(STALE);
    assertThat(fixture.load(first).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.load("out/_SUCCESS", "").status())
        .as("once more, and no new file")
        .isEqualTo(whole ? LOADED : DUPLICATE);
  }

  @ParameterizedTest
  @EnumSource(names = {"APPEND", "UPSERT"})
  void loadsAFileAgainThatHasItsFirstContentAgain(Mode mode) {
    fixture.mode(mode);
    for (String name : List.of("Ana", "Bo", "Ana")) {
      if (mode == Mode.APPEND) {
        fixture.execute("DELETE FROM people WHERE id = 1");
      }
      fixture.upload("out/part-0.csv", "id,name\n1,%s\n".formatted(name));
      assertThat(fixture.load("out/_SUCCESS", "").rows()).isEqualTo(1);
      assertThat(fixture.people()).contains("1|%s|null".formatted(name));
    }
    assertThat(fixture.load("out/_SUCCESS", "").status()).isEqualTo(DUPLICATE);
  }

  @ParameterizedTest
  @EnumSource(names = {"APPEND", "UPSERT"})
  void passesOverFilesThatWereLoadedByThemselves(Mode mode) {
    fixture.mode(mode).set("S3_SET_MARKER", "");
    List<Upload> parts = uploadParts();
    fixture.load(parts.get(0));
    fixture.set("S3_SET_MARKER", "_SUCCESS");

    assertThat(fixture.load("out/_SUCCESS", "").rows()).isEqualTo(2);
    assertThat(fixture.people()).containsExactlyElementsOf(with(mode, "1", "2", "3", "4"));
  }

  @ParameterizedTest
  @EnumSource(names = {"APPEND", "UPSERT"})
  void looksOnceForWhatIsNewBesideFilesThatWereAllLoadedByThemselves(Mode mode) {
    fixture.mode(mode).set("S3_SET_MARKER", "").set("MIN_ROWS", "100%");
    fixture.load("first.csv", "id,name\n9,Ina\n");
    fixture.nextSecond();
    fixture.load(fixture.upload("out/part-0.csv", ONE));
    fixture.upload("out/_SUCCESS", "");
    fixture.set("S3_SET_MARKER", "_SUCCESS");

    assertThat(fixture.catchUp()).extracting(LoadResult::status).containsExactly(DUPLICATE);
    assertThat(fixture.catchUp()).isEmpty();
    fixture.upload("out/part-1.csv", TWO);
    assertThatThrownBy(() -> fixture.load("out/_SUCCESS", ""))
        .hasMessageContaining("the files have 1 rows, and at least 2 are expected");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void refusesAMarkerThatCameBeforeItsFiles(Mode mode) {
    fixture.mode(mode);
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Upload marker = fixture.upload("out/_SUCCESS", "", now);
    assertThat(fixture.failure(OBJECT_UNREADABLE, marker))
        .hasMessageContaining("there is no file in its folder");
    fixture.upload("out/part-0.csv", ONE, now.minusSeconds(60));
    fixture.upload("out/part-1.csv", TWO, now.plusSeconds(2));

    assertThat(fixture.failure(OBJECT_UNREADABLE, marker))
        .hasMessageContaining("out/_SUCCESS, part-1.csv: it was uploaded after the marker")
        .hasMessageContaining("Put the marker there again");
    assertThat(fixture.load(fixture.upload("out/_SUCCESS", "", now.plusSeconds(3))).rows())
        .isEqualTo(3);
    assertThat(fixture.people()).containsExactlyElementsOf(with(mode, "1", "2", "3"));
  }

  @Test
  void failsWhenTheMarkerIsGone() {
    uploadParts();

    assertThat(fixture.failure(OBJECT_UNREADABLE, fixture.announce("out/_SUCCESS", "0")))
        .hasMessageContaining("there is no such object any more");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void changesNothingWhenAnImportedFileIsOverwritten(Mode mode) {
    failsWhenTheFolderChanges(
        mode, "out/part-0.csv", THREE, "part-0.csv: it was added, overwritten or deleted");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void changesNothingWhenTheNextFileIsOverwritten(Mode mode) {
    failsWhenTheFolderChanges(mode, "out/part-1.csv", THREE, " while ");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void changesNothingWhenAFileIsAdded(Mode mode) {
    failsWhenTheFolderChanges(
        mode, "out/part-5.csv", "id,name\n", "part-5.csv: it was added, overwritten or deleted");
  }

  /** Puts an object while the second file is imported. */
  private void failsWhenTheFolderChanges(Mode mode, String key, String content, String words) {
    fixture.mode(mode);
    uploadParts();
    Upload marker = fixture.upload("out/_SUCCESS", "");
    atTheSecondImport(() -> fixture.s3.put(fixture.bucket, key, bytes(content)));

    assertThat(fixture.failure(OBJECT_UNREADABLE, marker)).hasMessageContaining(words);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void changesNothingWhenItIsKilledBetweenTwoFiles(Mode mode) {
    fixture.mode(mode);
    uploadParts();
    Upload marker = fixture.upload("out/_SUCCESS", "");
    atTheSecondImport(fixture.networkToDatabase()::cut);
    RunningLoad.start(fixture, marker).failure(s3topostgres.ErrorCode.DATABASE_UNAVAILABLE);

    assertThat(fixture.load(marker).rows()).isEqualTo(4);
    assertThat(fixture.people()).containsExactlyElementsOf(with(mode, "1", "2", "3", "4"));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void loadsOnceWhenTwoFunctionsHaveTheEvent(Mode mode) {
    fixture.mode(mode);
    uploadParts();
    Upload marker = fixture.upload("out/_SUCCESS", "");
    List<RunningLoad> loads = new ArrayList<>();
    atTheSecondImport(() -> loads.add(RunningLoad.start(fixture, marker)));

    LoadResult one = fixture.load(marker);

    assertThat(List.of(one.status(), loads.get(0).result().status()))
        .containsExactly(LOADED, DUPLICATE);
    assertThat(fixture.people()).containsExactlyElementsOf(with(mode, "1", "2", "3", "4"));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void catchesUpOnASetWhoseEventNeverCame(Mode mode) {
    fixture.mode(mode);
    fixture.upload("first/part-0.csv", "id,name\n8,Hal\n");
    fixture.load("first/_SUCCESS", "");
    fixture.nextSecond();
    uploadParts();
    assertThat(fixture.catchUp()).as("not without a marker").isEmpty();
    Upload marker = fixture.upload("out/_SUCCESS", "");

    assertThat(fixture.catchUp()).extracting(LoadResult::rows).containsExactly(4L);
    assertThat(fixture.catchUp()).isEmpty();
    assertThat(fixture.load(marker).status()).isEqualTo(DUPLICATE);
    fixture.nextSecond();
    fixture.upload("out/_SUCCESS", "");
    assertThat(fixture.catchUp())
        .as("put there again")
        .extracting(LoadResult::status)
        .containsExactly(mode.isWholeTable() ? LOADED : DUPLICATE);
    assertThat(fixture.catchUp()).isEmpty();
  }

  @Test
  void refusesFilesWithOtherColumns() {
    uploadParts();
    fixture.upload("out/part-1.csv", "id,name,born\n3,Cy,2001-02-03\n");

    assertThat(fixture.failure(HEADER_MISMATCH, fixture.upload("out/_SUCCESS", "")))
        .hasMessageContaining(
            "part-1.csv: one of it and part-0.csv has a column that the other has not: born");
  }

  @Test
  void refusesAFolderWithAnotherSetInIt() {
    uploadParts();
    fixture.upload("out/more/part-0.csv", "id,name\n9,Ina\n");
    fixture.upload("out/more/_SUCCESS", "");

    assertThat(fixture.failure(CONFIG_INVALID, fixture.upload("out/_SUCCESS", "")))
        .hasMessageContaining("its folder holds another set")
        .hasMessageContaining("out/more/_SUCCESS");
  }

  @Test
  void takesTheTableFromTheFolder() {
    fixture
        .set("S3_KEY_PREFIX", "in/")
        .set("S3_KEY_PATTERN", "{table}/*.csv")
        .set("DB_TABLE_NAME", "{table}");
    fixture.upload("in/people/part-0.csv", ONE);
    fixture.upload("in/people/deeper/part-1.csv", TWO);

    assertThat(fixture.load("in/people/_SUCCESS", "").rows()).isEqualTo(2);
    assertThat(fixture.people()).containsExactly("1|Ana|null", "2|Bo|null");
    assertThat(fixture.load("in/_SUCCESS", "").status()).isEqualTo(IGNORED);
  }

  @Test
  void takesTheFilesOfAFolderWhateverTheExtensionOfThePattern() {
    fixture.set("S3_KEY_PATTERN", "{table}/*.csv").set("DB_TABLE_NAME", "{table}");
    fixture.upload("people/export.csv", ONE);
    fixture.upload("people/export.csv_part2", TWO);
    fixture.upload("people/more.csv.gz", THREE);
    fixture.upload("people/000000_0", "id,name\n5,Eve\n");

    assertThat(fixture.load("people/_SUCCESS", "").rows()).isEqualTo(5);
  }

  @Test
  void takesTheFirstFileOfAnExportThatHasNoExtension() {
    fixture.upload("out/export", ONE);
    fixture.upload("out/export_part2", TWO);
    fixture.upload("out/exported", "no part");

    assertThat(fixture.load("out/_SUCCESS", "").rows()).isEqualTo(3);
  }

  @Test
  void tellsDefaultsWhichFileARowComesFrom() {
    fixture.execute(
        "ALTER TABLE people ADD loaded_from text DEFAULT current_setting('s3_load.key', true)");
    uploadParts();
    fixture.load("out/_SUCCESS", "");

    assertThat(fixture.rows("SELECT id, loaded_from FROM people ORDER BY id"))
        .containsExactly(
            "1|out/part-0.csv", "2|out/part-0.csv", "3|out/part-1.csv", "4|out/part-2.csv");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void readsAValueFromAFolderOnlyWhereTheDefaultSeesTheOwnKey(Mode mode) {
    fixture.mode(mode);
    fixture.execute(
        "ALTER TABLE people ADD day text DEFAULT substring(current_setting('s3_load.key', true), 'day=(.)')");
    fixture.upload("out/day=1/part-0.csv", ONE);
    fixture.upload("out/day=2/part-0.csv", TWO);
    Upload marker = fixture.upload("out/_SUCCESS", "");

    if (mode == Mode.REPLACE) {
      fixture.load(marker);
      assertThat(fixture.rows("SELECT id, day FROM people ORDER BY id"))
          .containsExactly("1|1", "2|1", "3|2");
    } else {
      assertThat(fixture.failure(HEADER_MISMATCH, marker))
          .hasMessageContaining("day=1/part-0.csv: a folder of its key, day=...")
          .hasMessageContaining("with LOAD_MODE=replace only");
    }
  }

  @Test
  void triesASetAndChangesNothing() {
    uploadParts();
    fixture.upload("out/part-2.csv", "id,name\nx,Di\n");
    fixture.upload("out/_SUCCESS", "");

    DryRunResult result = fixture.dryRun("out/_SUCCESS");

    assertThat(result.wouldLoad()).isFalse();
    assertThat(result.rows()).isEqualTo(4);
    assertThat(result.faults())
        .containsExactly(new FaultInFile("part-2.csv", 2L, "id", "not a whole number"));
    assertThat(fixture.dryRun("out/part-0.csv").message())
        .contains("It would be ignored: its folder is loaded when _SUCCESS is put there");
    assertThat(fixture.people()).containsExactly("0|old|null");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "part-00000-8f4dc3b3-35ce-4a2c-9d4b-6f3b0d6a5f2e-c000.csv",
        "part-00000-tid-123-8f4dc3b3-1-1-c000.csv",
        "part-r-00000.csv",
        "part-0.csv",
        "part-8f4dc3b3-35ce-4a2c-9d4b-6f3b0d6a5f2e-0.csv",
        "run-1700000000000-part-r-00000.csv",
        "people_0000_part_00.csv",
        "people.part_00000.csv",
        "people-00000-of-00003.csv",
        "data_0_1_2.csv",
        "data_01a2b3c4-0000-1111-2222-333344445555_0_0_0.csv",
        "000000_0.csv",
        "0a1b_bucket-00000.CSV",
        "a1B2c3D4e5F6g7H8_0.csv",
        "people-000000000012.csv"
      })
  void refusesAFileThatIsNamedLikeAPartWhereItWouldReplaceTheOthers(String name) {
    fixture.set("S3_SET_MARKER", "");

    assertThat(fixture.failure(CONFIG_INVALID, "out/" + name, ONE))
        .hasMessageContaining("named like one of several files of a table")
        .hasMessageContaining("Set S3_SET_MARKER to the name of the object")
        .hasMessageContaining("set S3_SET_MARKER=none");
    assertThat(fixture.dryRun("out/" + name).message()).contains("S3_SET_MARKER=none");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "people.csv",
        "2026-11-30.csv",
        "data_2026_11_30.csv",
        "202611_1.csv",
        "people_202611301200.csv",
        "quarterlyfigures_1.csv",
        "department-1.csv",
        "counterpart-1.csv"
      })
  void takesOtherNamesForWholeTables(String name) {
    assertThat(fixture.set("S3_SET_MARKER", "").load("out/" + name, ONE).status())
        .isEqualTo(LOADED);
  }

  @ParameterizedTest
  @CsvSource({"REPLACE, none", "SYNC, none", "APPEND, ''", "UPSERT, ''"})
  void loadsAPartByItselfWhereThatIsMeant(Mode mode, String marker) {
    fixture.mode(mode).set("S3_SET_MARKER", marker);

    assertThat(fixture.load("out/part-00000.csv", ONE).status()).isEqualTo(LOADED);
    assertThat(fixture.load("out/_SUCCESS", "").status()).isEqualTo(IGNORED);
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC"})
  void refusesAPartInEitherModeForWholeTables(Mode mode) {
    fixture.mode(mode).set("S3_SET_MARKER", "");

    assertThat(fixture.failure(CONFIG_INVALID, "out/part-00000.csv", ONE))
        .hasMessageContaining("with LOAD_MODE=" + mode.label());
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void passesOverWhatJobsKeepToThemselves(Mode mode) {
    fixture.mode(mode).set("S3_SET_MARKER", "");
    if (mode == Mode.CHANGES) {
      fixture.set("CSV_HEADER", "none");
    }
    for (String key : List.of("_temporary/0/part-0.csv", ".x/LOAD00000001.csv", "_people.csv")) {
      assertThat(fixture.load(key, ONE).status()).isEqualTo(IGNORED);
    }
    assertThat(fixture.log())
        .contains("reason=\"a folder of it, or its name, begins with _, . or beam-temp-\"");
    assertThat(fixture.catchUp()).isEmpty();
  }

  @Test
  void showsNoControlCharacterOfAFilesName() {
    fixture.upload("out/a\nb.csv", "id,name\nx,Ana\n");

    assertThat(fixture.failure(ROW_REJECTED, fixture.upload("out/_SUCCESS", "")))
        .hasMessageContaining("out/_SUCCESS, a?b.csv, line 2, column id: not a whole number");
  }

  @Test
  void tellsAWarningOnceHoweverManyFilesHaveIt() {
    for (int i = 0; i < 3; i++) {
      fixture.upload("out/part-%d.csv".formatted(i), "id,name\n%d,NULL\n".formatted(i));
    }
    fixture.upload("out/_SUCCESS", "");
    List<Warning> tried = fixture.dryRun("out/_SUCCESS").warnings();

    assertThat(fixture.load("out/_SUCCESS", "").warnings())
        .isEqualTo(tried)
        .singleElement()
        .satisfies(
            warning -> {
              assertThat(warning.part()).isEqualTo("part-0.csv");
              assertThat(warning.line()).isEqualTo(2);
              assertThat(warning.count()).isEqualTo(3);
            });
  }

  private List<Upload> uploadParts() {
    return List.of(
        fixture.upload("out/part-0.csv", ONE),
        fixture.upload("out/part-1.csv", TWO),
        fixture.upload("out/part-2.csv", THREE));
  }

  private void atTheSecondImport(Runnable action) {
    String importing = LoadFixture.importStatement();
    fixture
        .networkToDatabase()
        .before(importing, () -> fixture.networkToDatabase().before(importing, action));
  }

  /** The people with these ids and, where files add to the table, the old one. */
  private static List<String> with(Mode mode, String... ids) {
    List<String> all =
        List.of(
            "1|Ana|null",
            "2|Bo|null",
            "3|Cy|null",
            "4|Di|null",
            "5|Eve|null",
            "6|Flo|null",
            "9|Ina|null");
    return Stream.concat(
            mode.isWholeTable() ? Stream.empty() : Stream.of("0|old|null"),
            all.stream().filter(row -> List.of(ids).contains(row.substring(0, 1))))
        .toList();
  }

  private static byte[] packed(String content) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(bytes(content));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  private static byte[] bytes(String content) {
    return content.getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }
}
