package s3topostgres.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static s3topostgres.ErrorCode.HEADER_MISMATCH;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.history.Verdict.LOADED;

import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.s3.Upload;

/** What Lambda's retries of a request cost, which have its name. */
class RetryOfARequestTest {
  private static final String BAD = "id,name\nx,bad\n2\n";
  private static final String GOOD = "id,name\n1,good\n";

  private final LoadFixture fixture = new LoadFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {BAD, "id,nmae\n1,Ana\n", "id,name\n1,a\n1,b\n", "id,name\n", "", "<html></html>"})
  void aFaultOfTheFileCostsOneTry(String content) throws Exception {
    Upload upload = fixture.upload("people.csv", content);
    LoadException first = failure(upload, "one");
    fixture.logEverything();
    int before = statements().size();

    try (Connection other = fixture.connect();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE");
      for (int retry = 0; retry < 2; retry++) {
        LoadException again = failure(upload, "one");
        assertThat(again.code()).isEqualTo(first.code());
        assertThat(again).hasMessage(first.getMessage());
      }
    }
    assertThat(statements().subList(before, statements().size()))
        .as("what two retries ask the database")
        .hasSizeLessThanOrEqualTo(12)
        .noneMatch(sql -> sql.contains("people") || sql.contains("aws_s3.table_import"));
    assertThat(fixture.rows("SELECT status, request_id FROM history.loads"))
        .containsExactly("FAILED|one");
    assertThat(fixture.people()).containsExactly("0|old|null");
  }

  @Test
  void anotherRequestTriesTheFileAgain() {
    Upload upload = fixture.upload("people.csv", BAD);
    assertThat(failure(upload, "one").code()).isEqualTo(ROW_REJECTED);
    assertThat(failure(upload, "two").code()).isEqualTo(ROW_REJECTED);

    assertThat(fixture.rows("SELECT request_id FROM history.loads ORDER BY id"))
        .containsExactly("one", "two");
    fixture.execute("ALTER TABLE people RENAME name TO nmae");
    assertThat(failure(upload, "three").code()).isEqualTo(HEADER_MISMATCH);
  }

  @Test
  void theRetryLoadsAnObjectThatWasChangedMeanwhile() {
    Upload upload = fixture.upload("people.csv", BAD);
    failure(upload, "one");
    Upload corrected = fixture.upload("people.csv", GOOD);

    assertThat(fixture.load(upload, "one").status()).isEqualTo(LOADED);
    assertThat(fixture.people()).containsExactly("1|good|null");
    assertThat(corrected.etag()).isNotEqualTo(upload.etag());
  }

  @Test
  void anotherUploadOfTheSameRequestIsLoaded() {
    failure(fixture.upload("people.csv", BAD), "one");

    assertThat(fixture.load(fixture.upload("people.csv", GOOD), "one").status()).isEqualTo(LOADED);
    assertThat(fixture.load(fixture.upload("other.csv", GOOD), "one").status()).isEqualTo(LOADED);
  }

  @Test
  void theRetryLoadsWhatAnotherTableRefusedAtFirst() {
    fixture.execute(
        "CREATE TABLE teams (id integer PRIMARY KEY)",
        "ALTER TABLE people ADD team integer REFERENCES teams");
    Upload child = fixture.upload("people.csv", "id,name,team\n1,Ana,7\n");
    assertThat(failure(child, "one").code()).isEqualTo(ROW_REJECTED);
    fixture.execute("INSERT INTO teams VALUES (7)");

    assertThat(fixture.load(child, "one").status()).isEqualTo(LOADED);
  }

  @Test
  void theRetryTriesTheFileAgainWithoutAHistory() {
    fixture.set("HISTORY_TABLE", "off");
    Upload upload = fixture.upload("people.csv", "id,name\n1,longer\n");
    fixture.execute("ALTER TABLE people ALTER name TYPE varchar(3)");
    assertThat(failure(upload, "one").code()).isEqualTo(ROW_REJECTED);
    fixture.execute("ALTER TABLE people ALTER name TYPE text");

    assertThat(fixture.load(upload, "one").status()).isEqualTo(LOADED);
  }

  @Test
  void theRetryTriesTheFileAgainWhenNothingIsRecorded() {
    Upload upload = fixture.upload("people.csv", BAD);
    failure(upload, "one");
    fixture.execute("DELETE FROM history.loads");

    assertThat(failure(upload, "one").code()).isEqualTo(ROW_REJECTED);
    assertThat(fixture.rows("SELECT status FROM history.loads")).containsExactly("FAILED");
  }

  private LoadException failure(Upload upload, String requestId) {
    LoadException failure =
        catchThrowableOfType(LoadException.class, () -> fixture.load(upload, requestId));
    assertThat(failure).as("the load should have failed").isNotNull();
    return failure;
  }

  /** The statements that were logged; each begins a line at the level debug. */
  private List<String> statements() {
    return fixture.log().lines().filter(line -> line.startsWith("DEBUG")).toList();
  }
}
