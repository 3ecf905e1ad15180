package s3topostgres.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TABLE_UNUSABLE;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.IGNORED;
import static s3topostgres.history.Verdict.LOADED;
import static s3topostgres.history.Verdict.STALE;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.s3.Upload;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/** What the sender is told beside the files, and what is no result. */
class ResultFileTest {
  private static final String TIME = "\nTime: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC\n";
  private static final String GOOD = "id,name\n1,Ana\n";
  private static final String BAD = "id,name\n1,Ana\nmarker,Bo\n3\n";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void putResults() {
    fixture.set("S3_BUCKET_NAME", fixture.bucket).set("S3_RESULTS_PREFIX", "results/");
  }

  @Test
  void tellsWhatWasLoaded() {
    fixture.mode(Mode.SYNC);

    fixture.load("in/München 1.csv", "name,id\nNULL,1\nBo,2\nNULL,3\n");

    assertThat(result("in/München 1.csv"))
        .matches(
            """
            s3://BUCKET/in/München 1.csv was loaded into public.people.

            Rows: 3
            Changed in the table: 3 inserted, 0 updated, 1 deleted
            Columns that are not in the file: born

            Loaded, but probably not as it was meant:
            - line 2, column name: The word NULL is loaded as a text. [^\n]* \\(2 times\\)
            """
                    .replace("BUCKET", fixture.bucket)
                + TIME);
    assertThat(resultOf("in/München 1.csv").response().contentType())
        .isEqualToIgnoringWhitespace("text/plain; charset=utf-8");
  }

  @Test
  void tellsEveryFaultAndNoValue() {
    LoadException failure = fixture.failure(ROW_REJECTED, "people.csv", BAD);

    assertThat(result("people.csv"))
        .startsWith(
            """
            s3://%s/people.csv was not loaded.

            %s

            Upload the file again when it is corrected; it is not tried again as it is.

            The first 2 faults:
            - line 3, column id: not a whole number
            - line 4: \
            """
                .formatted(fixture.bucket, failure.getMessage()))
        .doesNotContain("marker");
  }

  @Test
  void tellsAThousandFaults() {
    StringBuilder file = new StringBuilder("id,name\n");
    IntStream.range(0, 1_200).forEach(row -> file.append("x,y\n"));

    fixture.failure(ROW_REJECTED, "people.csv", file.toString());

    assertThat(result("people.csv"))
        .contains("1200 values do not fit", "The first 1,000 faults:\n- line 2, column id: ")
        .contains("\n- line 1001, column id: not a whole number\n")
        .doesNotContain("- line 1002");
  }

  @Test
  void tellsWhatComesOfAFileThatTheOperatorHasToMendAndThenThatItIsLoaded() {
    fixture.load("first.csv", GOOD);
    fixture.nextSecond();
    fixture.execute("REVOKE INSERT ON people FROM \"%s\"".formatted(fixture.role()));
    Upload upload = fixture.upload("people.csv", "id,name\n2,Bo\n");
    LoadException failure = failure(upload, "one");
    assertThat(failure.code()).isEqualTo(TABLE_UNUSABLE);
    assertThat(result("people.csv"))
        .contains(failure.getMessage(), "The operator has to act; then it is loaded by itself.");

    fixture.execute("GRANT INSERT ON people TO \"%s\"".formatted(fixture.role()));
    assertThat(fixture.catchUp()).extracting(LoadResult::status).containsExactly(LOADED);
    assertThat(result("people.csv")).contains("people.csv was loaded into public.people.");
    assertThat(fixture.people()).containsExactly("2|Bo|null");
  }

  @Test
  void tellsNothingNewOfADuplicateAndOfARepeatedFailure() {
    Upload good = fixture.upload("good.csv", GOOD);
    fixture.load(good, "one");
    Upload bad = fixture.upload("bad.csv", BAD);
    failure(bad, "two");
    assertThat(results()).containsExactly("results/bad.csv.txt", "results/good.csv.txt");
    results().forEach(key -> fixture.s3.delete(fixture.bucket, key));

    assertThat(fixture.load(good, "one").status()).isEqualTo(DUPLICATE);
    failure(bad, "two");
    assertThat(results()).isEmpty();
  }

  @Test
  void tellsThatSomethingNewerIsInTheTable() {
    Upload late = fixture.upload("late.csv", GOOD);
    fixture.load("newer.csv", "id,name\n2,Bo\n");

    assertThat(fixture.load(late).status()).isEqualTo(STALE);
    assertThat(result("late.csv"))
        .startsWith(
            "s3://%s/late.csv was not loaded, because something newer is in public.people already.\n"
                .formatted(fixture.bucket));
  }

  @Test
  void keepsTheResultOfALaterUploadOfTheSameObject() {
    Upload earlier = fixture.upload("people.csv", BAD);
    // When the first load has failed, but its result is not put yet.
    fixture
        .networkToDatabase()
        .before("INSERT INTO history.loads", () -> fixture.load("people.csv", "id,name\n2,good\n"));

    assertThat(failure(earlier, "one").code()).isEqualTo(ROW_REJECTED);

    assertThat(result("people.csv")).contains("people.csv was loaded into public.people.");
    assertThat(fixture.load(earlier).status()).isEqualTo(STALE);
    assertThat(result("people.csv")).contains("people.csv was loaded into public.people.");
  }

  @Test
  void loadsAFileWhoseResultCannotBePut() {
    Upload good = fixture.upload("good.csv", GOOD);
    fixture.networkToS3().before("PUT /", this::removeBucket);

    assertThat(fixture.load(good).status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|Ana|null");
    assertThat(fixture.rows("SELECT status FROM history.loads")).containsExactly("LOADED");
    assertThat(fixture.log())
        .contains(
            "WARN the result could not be put to s3://%s/results/good.csv.txt: OBJECT_UNREADABLE: S3 answered HTTP 404"
                .formatted(fixture.bucket));
  }

  private void removeBucket() {
    objects().forEach(key -> fixture.s3.delete(fixture.bucket, key));
    fixture.s3.client().deleteBucket(request -> request.bucket(fixture.bucket));
  }

  @Test
  void tellsOfASetByItsMarkerAndNamesItsParts() {
    fixture.set("S3_SET_MARKER", "_SUCCESS");
    fixture.upload("out/part-0.csv", GOOD);
    fixture.upload("out/part-1.csv", "id,name\nmarker,Bo\nx,Cy\n");
    fixture.failure(ROW_REJECTED, "out/_SUCCESS", "");
    assertThat(result("out/_SUCCESS"))
        .contains("\n- part-1.csv, line 2, column id: not a whole number\n- part-1.csv, line 3,");

    assertThat(fixture.load("out/part-1.csv", "id,name\n2,Bo\n").status()).isEqualTo(IGNORED);
    fixture.load("out/_SUCCESS", "");
    assertThat(result("out/_SUCCESS")).contains("Rows: 2\nFiles: 2\n");
    assertThat(results()).containsExactly("results/out/_SUCCESS.txt");
  }

  @Test
  void doesNotTakeResultsForUploads() {
    fixture.load("first.csv", GOOD);
    fixture.nextSecond();

    assertThat(fixture.load("results/people.csv", "id,name\n2,Bo\n").status()).isEqualTo(IGNORED);
    assertThat(fixture.log()).contains("reason=\"it is among the results of loads");
    assertThat(fixture.catchUp()).isEmpty();
    assertThat(fixture.dryRun("results/people.csv").message()).contains("among the results");
    assertThat(fixture.people()).containsExactly("1|Ana|null");
    assertThat(results()).containsExactly("results/first.csv.txt", "results/people.csv");

    fixture.set("S3_SET_MARKER", "_SUCCESS").upload("results/part-0.csv.txt", "x");
    assertThat(fixture.load("_SUCCESS", "").rows()).as("of the set at the top").isEqualTo(1);
  }

  @Test
  void putsNothingForADryRunOrWithoutThePrefixOrIntoAnotherBucket() {
    fixture.upload("people.csv", GOOD);
    fixture.dryRun("people.csv");
    fixture.set("S3_RESULTS_PREFIX", "").load("people.csv", GOOD);
    fixture.set("S3_RESULTS_PREFIX", "results/").set("S3_BUCKET_NAME", "another");
    failure(fixture.upload("people.csv", GOOD), "one");

    assertThat(objects()).containsExactly("people.csv");
    assertThat(fixture.log()).doesNotContain("the result could not be put");
  }

  private LoadException failure(Upload upload, String requestId) {
    return catchThrowableOfType(LoadException.class, () -> fixture.load(upload, requestId));
  }

  private String result(String key) {
    return resultOf(key).asString(StandardCharsets.UTF_8);
  }

  private ResponseBytes<GetObjectResponse> resultOf(String key) {
    return fixture
        .s3
        .client()
        .getObjectAsBytes(request -> request.bucket(fixture.bucket).key("results/" + key + ".txt"));
  }

  private List<String> results() {
    return objects().stream().filter(key -> key.startsWith("results/")).toList();
  }

  private List<String> objects() {
    return fixture
        .s3
        .client()
        .listObjectsV2(request -> request.bucket(fixture.bucket))
        .contents()
        .stream()
        .map(S3Object::key)
        .toList();
  }
}
