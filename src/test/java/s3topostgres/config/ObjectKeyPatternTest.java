package s3topostgres.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;

class ObjectKeyPatternTest {
  @ParameterizedTest
  @CsvSource({
    "people.csv, people",
    "people.CSV, people",
    "two words.csv, two words",
    "a.b.c.csv, a.b.c",
    "m\u00fcnchen 100%.csv, m\u00fcnchen 100%",
    "'\"x\"; DROP TABLE people; --.csv', '\"x\"; DROP TABLE people; --'"
  })
  void takesAName(String key, String table) {
    assertThat(pattern("{table}.csv").match(key)).contains(Map.of("table", table));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".csv", "people.txt", "folder/people.csv", "people.csv/"})
  void refusesWhatLooksOtherwise(String key) {
    assertThat(pattern("{table}.csv").match(key)).isEmpty();
  }

  @Test
  void takesTwoNamesFromOneSegmentTheFirstAsShortAsPossible() {
    assertThat(pattern("{schema}.{table}.csv").match("a.b.c.csv"))
        .contains(Map.of("schema", "a", "table", "b.c"));
  }

  @Test
  void matchesOneSegmentWithOneStarAndManyWithTwo() {
    ObjectKeyPattern one = pattern("{table}/*.csv");
    ObjectKeyPattern many = pattern("{table}/**");

    assertThat(one.match("people/2026.csv")).contains(Map.of("table", "people"));
    assertThat(one.match("people/2026/11.csv")).isEmpty();
    assertThat(many.match("people/2026/11.csv")).contains(Map.of("table", "people"));
    assertThat(many.match("people/")).isEmpty();
  }

  @Test
  void comparesWhatIsBehindThePrefix() {
    ObjectKeyPattern keys =
        settings(
                Map.of(
                    "S3_KEY_PREFIX", "in/coming-",
                    "S3_KEY_PATTERN", "{table}.csv",
                    "DB_TABLE_NAME", "{table}"))
            .objectKeys();

    assertThat(keys.match("in/coming-people.csv")).contains(Map.of("table", "people"));
    assertThat(keys.match("in/people.csv")).isEmpty();
    assertThat(keys.match("people.csv")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "in/out/_temporary/0/attempt_1/part-00000.csv, true",
    "in/_committed_1.csv, true",
    "in/.part-00000.csv, true",
    "in/.spark-staging-1/part-00000.csv, true",
    "in/out/beam-temp-people/1.csv, true",
    "in/a_b/.c/people.csv, true",
    "in/_day=1/part-00000.csv, false",
    "in/a_b.c/pe_op.le.csv, false",
    "in/not-beam-temp-people.csv, false"
  })
  void hidesWhatJobsKeepToThemselves(String key, boolean hidden) {
    ObjectKeyPattern keys =
        settings(Map.of("S3_KEY_PREFIX", "in/", "DB_TABLE_NAME", "people")).objectKeys();

    assertThat(keys.isHidden(key)).isEqualTo(hidden);
    assertThat(keys.match(key).isEmpty()).isEqualTo(hidden);
  }

  @ParameterizedTest
  @CsvSource({
    "_in/, _in/people.csv",
    "in/_people, in/_people.csv",
    "in/pe, in/pe_ople.csv",
    "in/_, in/_people.csv"
  })
  void hidesNothingForWhatTheOperatorHasPutIntoThePrefix(String prefix, String key) {
    ObjectKeyPattern keys =
        settings(Map.of("S3_KEY_PREFIX", prefix, "DB_TABLE_NAME", "people")).objectKeys();

    assertThat(keys.match(key)).contains(Map.of());
  }

  @Test
  void takesEveryKeyWhereNothingIsSet() {
    ObjectKeyPattern keys = settings(Map.of("DB_TABLE_NAME", "people")).objectKeys();

    assertThat(keys.match("any/thing at\nall")).contains(Map.of());
    assertThat(keys.prefix()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"in coming/", "m\u00fcnchen/", "day=1/", "a+b/", "*/", "in?/", "${aws:username}/"})
  void refusesAPrefixThatANotificationOrAPolicyReadsDifferently(String prefix) {
    assertThatThrownBy(() -> settings(Map.of("S3_KEY_PREFIX", prefix, "DB_TABLE_NAME", "people")))
        .isInstanceOf(LoadException.class)
        .hasMessageContaining("S3_KEY_PREFIX is \"%s\"; it takes ".formatted(prefix));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{table} | it has to end in .csv or *",
        "{table}.txt | it has to end in .csv or *",
        "/{table}.csv | it has a folder without a name",
        "{table}//x.csv | it has a folder without a name",
        "{table}*.csv | two wildcards side by side",
        "{a}{b}.csv | two wildcards side by side",
        "***/{table}.csv | not more",
        "{table.csv | braces come in pairs",
        "table}.csv | braces come in pairs",
        "{Table}.csv | a name consists of lower-case letters",
        "{}.csv | a name consists of lower-case letters",
        "{table}/{table}.csv | occurs only once",
        "_in/{table}.csv | objects with a folder or name that begins with _, . or beam-temp- are ignored",
        "{table}/.x/*.csv | unless that is in S3_KEY_PREFIX"
      })
  void refusesAPatternThatMakesNoSense(String pattern, String problem) {
    assertThatThrownBy(
            () -> settings(Map.of("S3_KEY_PATTERN", pattern, "DB_TABLE_NAME", "{table}")))
        .isInstanceOf(LoadException.class)
        .hasMessageContaining("S3_KEY_PATTERN is \"%s\"; ".formatted(pattern))
        .hasMessageContaining(problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{table}.csv | people | has the names [table], and DB_TABLE_NAME has []",
        "people.csv | {table} | has the names [], and DB_TABLE_NAME has [table]",
        "{a}/{b}.csv | {a}.{c} | has the names [a, b], and DB_TABLE_NAME has [a, c]",
        "{table}.csv | import_{table} | stands for a whole identifier",
        "{table}.csv | {table}_new | stands for a whole identifier",
        "{table}.csv | one.two.{table} | stands for a whole identifier",
        "{table}.csv | {table}. | stands for a whole identifier",
        "{table}.csv | {table}; DROP TABLE people | stands for a whole identifier"
      })
  void refusesNamesThatDoNotFitTheTables(String pattern, String table, String problem) {
    assertThatThrownBy(() -> settings(Map.of("S3_KEY_PATTERN", pattern, "DB_TABLE_NAME", table)))
        .isInstanceOf(LoadException.class)
        .hasMessageContaining(problem);
  }

  @Test
  void offersTheNameAsWrittenThenInLowerCaseThenWithUnderscores() {
    TableName table =
        settings(Map.of("S3_KEY_PATTERN", "{table}.csv", "DB_TABLE_NAME", "\"My\"\"Own\".{table}"))
            .table();

    assertThat(table.candidates(Map.of("table", "Order Lines (new)")))
        .containsExactly(
            List.of("My\"Own"),
            List.of("Order Lines (new)", "order lines (new)", "order_lines_new_"));
    assertThat(table.candidates(Map.of("table", "people")))
        .containsExactly(List.of("My\"Own"), List.of("people"));
  }

  @Test
  void foldsAnIdentifierAsPostgresDoes() {
    TableName table =
        settings(Map.of("S3_KEY_PATTERN", "{table}.csv", "DB_TABLE_NAME", "\u00dcBER.{table}"))
            .table();

    assertThat(table.candidates(Map.of("table", "people")).get(0)).containsExactly("\u00dcber");
  }

  @ParameterizedTest
  @CsvSource({
    "{schema}/{table}/**, hr/people/2024/06/20240612-103127367.csv, hr/people/",
    "{schema}/{table}/*.csv, hr/people/LOAD00000001.CSV, hr/people/",
    "{table}.csv, people.CSV, people",
    "{table}.csv.gz, people.csv.gz, people",
    "old-*/{table}/*.csv, old-1/people/a.csv, old-"
  })
  void tellsWhatTheKeysOfATableBeginWith(String text, String key, String beginning) {
    ObjectKeyPattern pattern = pattern(text);

    assertThat(pattern.commonPrefix(pattern.match(key).orElseThrow())).isEqualTo(beginning);
  }

  private static ObjectKeyPattern pattern(String pattern) {
    String table = pattern.contains("{schema}") ? "{schema}.{table}" : "{table}";
    return settings(Map.of("S3_KEY_PATTERN", pattern, "DB_TABLE_NAME", table)).objectKeys();
  }

  private static LoadSettings settings(Map<String, String> some) {
    Map<String, String> all =
        new HashMap<>(
            Map.of(
                "DB_HOST", "db.example",
                "DB_DATABASE", "people",
                "DB_USERNAME", "loader",
                "DB_PASSWORD", "secret"));
    all.putAll(some);
    return Settings.read(all).load();
  }
}
