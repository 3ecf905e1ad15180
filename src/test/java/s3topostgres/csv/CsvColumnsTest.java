package s3topostgres.csv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static s3topostgres.ErrorCode.CONFIG_INVALID;
import static s3topostgres.ErrorCode.HEADER_MISMATCH;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.config.Mode.APPEND;
import static s3topostgres.config.Mode.REPLACE;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;

/** {@code CSV_COLUMNS}: names for the fields of files without a header, in any mode. */
class CsvColumnsTest {
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void noHeader() {
    fixture.set("CSV_HEADER", "none");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void nameTheFieldsInTheirOrder(Mode mode) {
    fixture.mode(mode).set("CSV_COLUMNS", "name, ID").load("people.csv", "Ana,1\n");

    assertThat(fixture.people()).contains("1|Ana|null");
  }

  @ParameterizedTest
  @CsvSource({"SYNC, false", "SYNC, true", "UPSERT, false", "UPSERT, true"})
  void leaveOutWhatIsNoColumnWhereThereIsAStage(Mode mode, boolean empty) {
    if (empty) {
      fixture.execute("DELETE FROM people");
    }
    fixture.mode(mode).set("CSV_COLUMNS", "secret, id, \"Other\", name");

    fixture.load("people.csv", "x,1,\"a\nb\",Ana\n");

    assertThat(fixture.people()).contains("1|Ana|null");
  }

  @Test
  void nameALineBehindAFieldThatIsLeftOut() {
    fixture.mode(Mode.UPSERT).set("CSV_COLUMNS", "secret, id, name");

    assertThat(fixture.failure(ROW_REJECTED, "p.csv", "\"a\nb\",1,Ana\n\"c\nd\",,Bo\n"))
        .hasMessageContaining("line 4");
  }

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "APPEND"})
  void haveToBeColumnsElsewhere(Mode mode) {
    fixture.mode(mode).set("CSV_COLUMNS", "id, nmae");

    assertThat(fixture.failure(CONFIG_INVALID, "people.csv", "1,Ana\n"))
        .hasMessageContaining(
            "CSV_COLUMNS names \"nmae\", which is not a column of public.people (did you mean name?)");
  }

  @Test
  void areAsManyAsTheFields() {
    fixture.mode(REPLACE).set("CSV_COLUMNS", "id, name");

    assertThat(fixture.failure(HEADER_MISMATCH, "people.csv", "1,Ana,2001-02-03\n"))
        .hasMessageContaining("record 1 has 3 fields, and not 2 as expected");
  }

  @Test
  void areForFilesWhoseHeaderDoesNotNameThem() {
    fixture.mode(APPEND).set("CSV_COLUMNS", "name, id").set("CSV_HEADER", "skip");
    fixture.load("people.csv", "x,y\nAna,1\n");
    assertThat(fixture.people()).contains("1|Ana|null");

    fixture.set("CSV_HEADER", "match");
    assertThat(catchThrowable(fixture::loader))
        .hasMessageContaining("CSV_COLUMNS names the fields, and with CSV_HEADER=match");
  }
}
