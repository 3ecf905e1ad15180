package s3topostgres.csv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import s3topostgres.config.CsvFormat;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

class ColumnMatchTest {
  private static final CsvFormat FORMAT =
      new CsvFormat(
          CsvFormat.Header.MATCH,
          ',',
          '"',
          true,
          '"',
          "",
          "UTF8",
          StandardCharsets.UTF_8,
          false,
          Optional.empty(),
          Optional.empty());

  private static final TargetTable PEOPLE =
      new TargetTable(
          1,
          "public.people",
          Set.of(),
          List.of(
              new Column("id", "id", "integer", true, false, false, "", false),
              new Column("date_of_birth", "date_of_birth", "date", false, false, false, "", false),
              new Column("Name", "\"Name\"", "text", false, false, false, "", false),
              new Column("name", "name", "text", false, false, false, "", false),
              new Column("age", "age", "integer", false, true, false, "", false)));

  @Test
  void takesTheColumnsInTheOrderOfTheHeader() {
    assertThat(match("name", "id")).containsExactly("name", "id");
  }

  @Test
  void prefersTheExactName() {
    assertThat(match("Name", "id", "name")).containsExactly("Name", "id", "name");
  }

  @Test
  void overlooksCaseSpacesAndPunctuation() {
    assertThat(match(" ID ", "Date of Birth")).containsExactly("id", "date_of_birth");
    assertThat(match("Id", "date-of-birth")).containsExactly("id", "date_of_birth");
  }

  /** A byte-order mark, no-break and zero-width spaces, and what tells the direction of writing. */
  @Test
  void overlooksWhatNobodySeesAroundAName() {
    assertThat(match("\ufeff\ufeffid", "\u00a0date_of_birth\u200b", "\u202aname\u202c"))
        .containsExactly("id", "date_of_birth", "name");
    assertThat(match("id", "Date\u00a0of\u00a0Birth")).containsExactly("id", "date_of_birth");
  }

  @Test
  void takesALongNameForTheColumnThatPostgresMadeOfIt() {
    String name = "a".repeat(62) + "\u00e4".repeat(9);
    TargetTable table =
        new TargetTable(
            1,
            "t",
            Set.of(),
            List.of(new Column("a".repeat(62), "", "text", true, false, false, "", false)));

    assertThat(ColumnMatch.match(List.of(name), new Column[1], FORMAT, false, table).columns())
        .isEqualTo(table.columns());
  }

  @Test
  void reportsEverythingThatDoesNotFit() {
    assertThatThrownBy(
            () ->
                match("born", "date of brith", "", "NAME", "age", "Date Of Birth", "date-of-birth"))
        .hasMessage(
            "HEADER_MISMATCH: the first line does not fit the table: \"born\" is not a column;"
                + " \"date of brith\" is not a column (did you mean date_of_birth?); field 3 has no"
                + " name; \"NAME\" may be any of Name, name; column age is filled by the database;"
                + " date_of_birth is named twice; column id is required and missing. public.people"
                + " has the columns id, date_of_birth, Name, name, age. Correct the first line, or"
                + " have the operator set CSV_HEADER, CSV_DELIMITER and CSV_ENCODING to what the file has.");
  }

  @Test
  void showsNothingOfALineThatMayBeData() {
    assertThatThrownBy(() -> match("marker-47114711", "1980-01-01"))
        .hasMessageStartingWith(
            "HEADER_MISMATCH: the first line does not fit the table: none of its fields (2) names a"
                + " column (if it is data, the operator sets CSV_HEADER=none); column id is required and missing.")
        .hasMessageNotContaining("47114711")
        .hasMessageNotContaining("1980");
  }

  @Test
  void showsNothingOfALineThatMayBeDataAlthoughACellIsAColumnsName() {
    assertThatThrownBy(() -> match("17", "marker-47114711", "name", "id"))
        .hasMessageContaining("field 1 is not a column; field 2 is not a column.")
        .hasMessageNotContaining("47114711")
        .hasMessageNotContaining("17");
  }

  @Test
  void showsNothingBehindALineBreakWhichMayBeOfTheRows() {
    assertThatThrownBy(
            () -> match("id", "date of brith", "Name", "name\n1,marker-47114711", "marker-4712"))
        .hasMessageContaining("\"date of brith\" is not a column (did you mean date_of_birth?)")
        .hasMessageContaining("field 4 is not a column; field 5 is not a column")
        .hasMessageNotContaining("marker");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " is ",
      value = {"id;name is ;", "id|name is |", "'id\tname' is tab"})
  void suspectsAnotherDelimiter(String line, String delimiter) {
    assertThatThrownBy(() -> match(line))
        .hasMessageContaining("the file looks delimited by " + delimiter)
        .hasMessageContaining("have the operator set CSV_DELIMITER=" + delimiter);
  }

  private static List<String> match(String... header) {
    return ColumnMatch.match(List.of(header), new Column[header.length], FORMAT, false, PEOPLE)
        .columns()
        .stream()
        .map(Column::name)
        .toList();
  }
}
