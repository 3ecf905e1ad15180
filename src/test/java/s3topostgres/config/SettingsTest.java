package s3topostgres.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings.ImportWith;

class SettingsTest {
  private static final Map<String, String> LEAST =
      Map.of(
          "DB_HOST", "db.example",
          "DB_DATABASE", "people",
          "DB_USERNAME", "loader",
          "DB_PASSWORD_PARAMETER", "/people/password",
          "DB_TABLE_NAME", "people");

  /** Every setting, none at its default. */
  private static final Map<String, String> FULL =
      Map.ofEntries(
          Map.entry("DB_HOST", "db.example"),
          Map.entry("DB_PORT", "6432"),
          Map.entry("DB_DATABASE", "people"),
          Map.entry("DB_USERNAME", "loader"),
          Map.entry("DB_AUTH", "iam"),
          Map.entry("DB_TABLE_NAME", "\"Mixed Case\".{table}"),
          Map.entry("DB_SSL_MODE", "verify-ca"),
          Map.entry("DB_CA_CERTIFICATE", "/people/ca"),
          Map.entry("S3_BUCKET_NAME", "drops"),
          Map.entry("S3_KEY_PREFIX", "in/"),
          Map.entry("S3_KEY_PATTERN", "{table}/*.csv"),
          Map.entry("S3_SET_MARKER", "_SUCCESS"),
          Map.entry("S3_RESULTS_PREFIX", "results/"),
          Map.entry("IMPORT_WITH", "copy"),
          Map.entry("CSV_HEADER", "skip"),
          Map.entry("CSV_COLUMNS", "Op, id"),
          Map.entry("CSV_DELIMITER", "tab"),
          Map.entry("CSV_QUOTE", "'"),
          Map.entry("CSV_ESCAPE", "\\"),
          Map.entry("CSV_NULL", "NULL"),
          Map.entry("CSV_ENCODING", "WIN1252"),
          Map.entry("LOAD_MODE", "sync"),
          Map.entry("LOAD_KEY", "Region, \"Order \"\"No\"\", a\",täg"),
          Map.entry("CSV_SCAN", "off"),
          Map.entry("CSV_UNKNOWN_COLUMNS", "ignore"),
          Map.entry("CSV_DATE_ORDER", "dmy"),
          Map.entry("MIN_ROWS", "80%"),
          Map.entry("MAX_DELETED_ROWS", "20%"),
          Map.entry("MAX_REJECTED_ROWS", "100"),
          Map.entry("FUNCTION_TIMEOUT_SECONDS", "1800"),
          Map.entry("LOCK_TIMEOUT_SECONDS", "901"),
          Map.entry("REBUILD_INDEXES", "off"),
          Map.entry("BEFORE_LOAD_SQL", "SET LOCAL datestyle = 'ISO, DMY'"),
          Map.entry("AFTER_LOAD_SQL", "REFRESH MATERIALIZED VIEW v"),
          Map.entry("HISTORY_TABLE", "audit.loads"),
          Map.entry("LOG_LEVEL", "debug"));

  private static final Map<String, String> WITH_PASSWORD =
      with("DB_PASSWORD_PARAMETER", "", "DB_PASSWORD", "p\"a's\\s w%o+r=d");

  @Test
  void hasDefaultsForWhatIsNotRequired() {
    Settings settings = Settings.read(LEAST);

    assertThat(settings.database().port()).isEqualTo(5432);
    assertThat(settings.database().sslMode()).isEqualTo("verify-full");
    assertThat(settings.database().password()).isEmpty();
    assertThat(settings.database().passwordParameter()).contains("/people/password");
    assertThat(settings.database().login()).isEqualTo(DatabaseSettings.Login.PASSWORD);
    assertThat(settings.database().caCertificate()).isEmpty();
    assertThat(settings.load().bucket()).isEmpty();
    assertThat(settings.load().mode()).isEqualTo(Mode.REPLACE);
    assertThat(settings.load().rowKey()).isEmpty();
    assertThat(settings.load().minRows()).isEqualTo(new RowLimit(1, false));
    assertThat(settings.load().maxDeletedRows()).isEmpty();
    assertThat(settings.load().maxRejectedRows()).isEmpty();
    assertThat(settings.load().importWith()).isEqualTo(ImportWith.AWS_S3);
    assertThat(settings.load().setMarker().setting()).isEmpty();
    assertThat(settings.load().resultsPrefix()).isEmpty();
    assertThat(settings.load().scan()).isTrue();
    assertThat(settings.load().functionTimeout()).isEqualTo(Duration.ofMinutes(15));
    assertThat(settings.load().lockTimeout()).isEqualTo(Duration.ofSeconds(60));
    assertThat(settings.load().rebuildIndexes()).isTrue();
    assertThat(settings.load().beforeLoadSql()).isEmpty();
    assertThat(settings.load().afterLoadSql()).isEmpty();
    assertThat(settings.load().historyTable()).contains("s3_load_history");
    assertThat(settings.format())
        .isEqualTo(
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
                Optional.empty()));
    assertThat(settings.logLevel()).isEqualTo("info");
  }

  @Test
  void takesEverySettingFromItsVariable() {
    Settings settings = Settings.read(FULL);

    assertThat(settings.database().host()).isEqualTo("db.example");
    assertThat(settings.database().port()).isEqualTo(6432);
    assertThat(settings.database().database()).isEqualTo("people");
    assertThat(settings.database().username()).isEqualTo("loader");
    assertThat(settings.database().login()).isEqualTo(DatabaseSettings.Login.IAM);
    assertThat(settings.database().password()).isEmpty();
    assertThat(settings.database().passwordParameter()).isEmpty();
    assertThat(settings.database().sslMode()).isEqualTo("verify-ca");
    assertThat(settings.database().caCertificate()).contains("/people/ca");
    assertThat(settings.load().table().setting()).isEqualTo("\"Mixed Case\".{table}");
    assertThat(settings.load().bucket()).contains("drops");
    assertThat(settings.load().objectKeys().prefix()).isEqualTo("in/");
    assertThat(settings.load().objectKeys().names()).containsExactly("table");
    assertThat(settings.load().setMarker().name()).contains("_SUCCESS");
    assertThat(settings.load().mode()).isEqualTo(Mode.SYNC);
    assertThat(settings.load().resultsPrefix()).contains("results/");
    assertThat(settings.load().rowKey()).contains(List.of("region", "Order \"No\", a", "täg"));
    assertThat(settings.load().minRows()).isEqualTo(new RowLimit(80, true));
    assertThat(settings.load().maxDeletedRows()).contains(new RowLimit(20, true));
    assertThat(settings.load().maxRejectedRows()).contains(new RowLimit(100, false));
    assertThat(settings.load().importWith()).isEqualTo(ImportWith.COPY);
    assertThat(settings.load().scan()).isFalse();
    assertThat(settings.load().lockTimeout()).isEqualTo(Duration.ofSeconds(901));
    assertThat(settings.load().functionTimeout()).isEqualTo(Duration.ofMinutes(30));
    assertThat(settings.load().rebuildIndexes()).isFalse();
    assertThat(settings.load().beforeLoadSql()).contains("SET LOCAL datestyle = 'ISO, DMY'");
    assertThat(settings.load().afterLoadSql()).contains("REFRESH MATERIALIZED VIEW v");
    assertThat(settings.load().historyTable()).contains("audit.loads");
    assertThat(settings.format())
        .isEqualTo(
            new CsvFormat(
                CsvFormat.Header.SKIP,
                '\t',
                '\'',
                true,
                '\\',
                "NULL",
                "WIN1252",
                Charset.forName("windows-1252"),
                true,
                Optional.of(List.of("op", "id")),
                Optional.of(CsvFormat.DateOrder.DMY)));
    assertThat(settings.logLevel()).isEqualTo("debug");
  }

  @Test
  void knowsNoSettingThatThisTestDoesNotSet() {
    TreeMap<String, String> tested = new TreeMap<>(FULL);
    tested.putAll(LEAST);
    tested.putAll(WITH_PASSWORD);

    assertThat(Settings.names()).isEqualTo(tested.keySet());
  }

  @Test
  void reportsAllProblemsAtOnce() {
    assertThatThrownBy(
            () ->
                Settings.read(
                    Map.of(
                        "DB_HOST", "db.example",
                        "DB_PORT", "70000",
                        "DB_PASSWORD", "secret-marker",
                        "DB_PASSWORD_PARAMETER", "/people/password",
                        "CSV_HEADER", "Match",
                        "MIN_ROWS", " 1",
                        "DB_TABEL_NAME", "people",
                        "LOGLEVEL", "debug",
                        "LOAD_LEVEL", "debug")))
        .isInstanceOfSatisfying(
            LoadException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CONFIG_INVALID))
        .hasMessage(
            """
            CONFIG_INVALID: the function's settings have 9 problems
            - DB_PORT is "70000"; it takes a whole number from 1 to 65535
            - DB_DATABASE is not set
            - DB_USERNAME is not set
            - set exactly one of DB_PASSWORD_PARAMETER (an SSM parameter's name) and DB_PASSWORD
            - DB_TABLE_NAME is not set
            - MIN_ROWS is " 1"; it takes a whole number, or one from 1% to 100%
            - CSV_HEADER is "Match"; it takes match, skip, none
            - DB_TABEL_NAME is not a setting; did you mean DB_TABLE_NAME?
            - LOAD_LEVEL is not a setting; did you mean LOG_LEVEL?
            Nothing was loaded. Correct the environment variables and deploy again.""");
  }

  @Test
  void takesAnEmptyVariableForOneThatIsNotSet() {
    Map<String, String> variables = with("DB_PASSWORD", "");
    Settings.names().stream()
        .filter(name -> !LEAST.containsKey(name))
        .forEach(name -> variables.put(name, ""));

    assertThat(Settings.read(variables)).isEqualTo(Settings.read(LEAST));
  }

  @Test
  void takesNoPercentageOfRowsThatNothingRecords() {
    Map<String, String> variables = new HashMap<>(with("HISTORY_TABLE", "off"));
    variables.put("MIN_ROWS", "80%");

    assertThatThrownBy(() -> Settings.read(variables))
        .hasMessageContaining("MIN_ROWS is a percentage of the last file's rows");
  }

  @Test
  void keepsNoHistoryWhenItIsOff() {
    assertThat(Settings.read(with("HISTORY_TABLE", "off")).load().historyTable()).isEmpty();
  }

  @Test
  void escapesWithTheQuoteUnlessToldOtherwise() {
    assertThat(Settings.read(with("CSV_QUOTE", "'")).format().escape()).isEqualTo('\'');
  }

  @Test
  void takesThePasswordAsItIs() {
    assertThat(Settings.read(WITH_PASSWORD).database().password().orElseThrow().reveal())
        .isEqualTo("p\"a's\\s w%o+r=d");
  }

  @Test
  void neverShowsThePassword() {
    assertThat(Settings.read(WITH_PASSWORD).toString())
        .contains("[REDACTED]")
        .doesNotContain("w%o+r=d");
  }

  @Test
  void refusesAPasswordOrAPlainConnectionWithIam() {
    assertThatThrownBy(() -> Settings.read(with("DB_AUTH", "iam", "DB_SSL_MODE", "disable")))
        .hasMessageContaining(
            """
            - DB_AUTH is iam, which takes the place of DB_PASSWORD_PARAMETER and DB_PASSWORD
            - DB_AUTH is iam, which needs TLS, but DB_SSL_MODE is disable
            """);
  }

  @ParameterizedTest
  @ValueSource(strings = {"disable", "require"})
  void refusesAnAuthorityThatWouldNotBeAsked(String sslMode) {
    assertThatThrownBy(
            () -> Settings.read(with("DB_CA_CERTIFICATE", "ca.pem", "DB_SSL_MODE", sslMode)))
        .hasMessageContaining(
            "- DB_CA_CERTIFICATE is set, but with DB_SSL_MODE=%s no certificate is checked"
                .formatted(sslMode));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "CSV_DELIMITER | ;; | one ASCII character",
        "CSV_DELIMITER | \u00a7 | one ASCII character",
        "CSV_DELIMITER | \" | the same character",
        "CSV_ESCAPE    | ,  | the same character",
        "CSV_NULL      | a,b | which Postgres does not allow",
        "CSV_ESCAPE    | \\\\ | one ASCII character",
        "CSV_QUOTE     | ,  | the same character",
        "CSV_QUOTE     | '' | the word tab or none",
        "CSV_NULL      | \"\" | which Postgres does not allow",
        "CSV_ENCODING  | UTF-16 | it takes an encoding of Postgres",
        "CSV_ENCODING  | windows-437 | it takes an encoding of Postgres",
        "CSV_ENCODING  | ISO_8859_11 | it takes an encoding of Postgres",
        "CSV_ENCODING  | UTF8x | it takes an encoding of Postgres",
        "DB_SSL_MODE   | prefer | verify-full, verify-ca, require, disable",
        "DB_AUTH       | IAM | password, iam",
        "LOAD_MODE     | Sync | it takes replace, sync, append, upsert",
        "LOAD_KEY      | id, | names of columns with commas between them",
        "LOAD_KEY      | , | names of columns with commas between them",
        "LOAD_KEY      | id name | names of columns with commas between them",
        "LOAD_KEY      | \"id | names of columns with commas between them",
        "LOAD_KEY      | \"\" | names of columns with commas between them",
        "LOAD_KEY      | t.id | names of columns with commas between them",
        "LOAD_KEY      | 1st | names of columns with commas between them",
        "LOAD_KEY      | id; DROP TABLE people | names of columns with commas between them",
        "LOAD_KEY      | id, ID | which names a column twice",
        "MIN_ROWS      | 0% | from 1% to 100%",
        "MIN_ROWS      | 101% | from 1% to 100%",
        "MIN_ROWS      | 80 % | from 1% to 100%",
        "MIN_ROWS      | -1 | it takes a whole number",
        "MAX_REJECTED_ROWS | 100001 | more than 100000",
        "MAX_REJECTED_ROWS | all | it takes a whole number, or one from 1% to 100%",
        "MAX_DELETED_ROWS | 0% | it takes a whole number, or one from 1% to 100%",
        "MAX_DELETED_ROWS | 20% | LOAD_MODE=replace does not count the rows that it deletes",
        "IMPORT_WITH | COPY | it takes aws_s3, copy",
        "CSV_SCAN | no | it takes on, off",
        "CSV_UNKNOWN_COLUMNS | no | it takes refuse, ignore",
        "CSV_DATE_ORDER | DMY | it takes ymd, dmy, mdy",
        "S3_SET_MARKER | out/_SUCCESS | without its folder",
        "S3_SET_MARKER | done.csv | an object that ends in .csv or .csv.gz is a file of the set",
        "S3_RESULTS_PREFIX | results | takes a folder that ends in a slash",
        "S3_RESULTS_PREFIX | /results/ | takes a folder that ends in a slash",
        "S3_RESULTS_PREFIX | r*/ | takes a folder that ends in a slash",
        "S3_SET_MARKER | done.CSV.gz | an object that ends in .csv or .csv.gz is a file of the set",
        "FUNCTION_TIMEOUT_SECONDS | 59 | from 60 to 1800",
        "FUNCTION_TIMEOUT_SECONDS | 1801 | from 60 to 1800",
        "LOCK_TIMEOUT_SECONDS | -1 | from 0 to 900",
        "LOCK_TIMEOUT_SECONDS | 901 | from 0 to 900",
        "REBUILD_INDEXES | on | it takes auto, off",
      })
  void refusesWhatPostgresWouldNotTake(String name, String value, String words) {
    assertThatThrownBy(() -> Settings.read(with(name, value)))
        .hasMessageStartingWith("CONFIG_INVALID: the function's settings have a problem\n- ")
        .hasMessageContaining(name)
        .hasMessageContaining(words);
  }

  @ParameterizedTest
  @CsvSource({
    "S3_KEY_PREFIX, results/",
    "S3_KEY_PREFIX, results/in",
    "S3_KEY_PATTERN, results/*.csv"
  })
  void refusesToLoadResultsOnly(String name, String value) {
    assertThatThrownBy(() -> Settings.read(with("S3_RESULTS_PREFIX", "results/", name, value)))
        .hasMessageContaining("S3_KEY_PREFIX or S3_KEY_PATTERN begins with it");
  }

  @Test
  void refusesAMarkerWhereNoFolderIsATable() {
    Map<String, String> variables = with("S3_SET_MARKER", "_SUCCESS");
    variables.put("LOAD_MODE", "changes");
    variables.put("S3_KEY_PATTERN", "in/{table}_*.csv");
    variables.put("DB_TABLE_NAME", "{table}");

    assertThatThrownBy(() -> Settings.read(variables))
        .hasMessageContaining("LOAD_MODE=changes loads each file by itself")
        .hasMessageContaining("S3_KEY_PATTERN has a name in braces behind the last slash");
    variables.put("S3_SET_MARKER", "none");
    assertThat(Settings.read(variables).load().setMarker().name()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r"})
  void refusesALineBreakAsDelimiter(String value) {
    assertThatThrownBy(() -> Settings.read(with("CSV_DELIMITER", value)))
        .hasMessageContaining("other than a line break");
  }

  @ParameterizedTest
  @ValueSource(strings = {"NULL\n", "\r"})
  void refusesALineBreakAsNull(String value) {
    assertThatThrownBy(() -> Settings.read(with("CSV_NULL", value)))
        .hasMessageContaining("CSV_NULL holds the delimiter, the quote or a line break");
  }

  @Test
  void letsAQuoteBeACharacterLikeAnyOther() {
    CsvFormat format = Settings.read(with("CSV_QUOTE", "none")).format();

    assertThat(format.isQuoted()).isFalse();
    assertThat(format.quote()).isEqualTo(format.escape()).isEqualTo('\u0006');
  }

  @Test
  void letsAnotherCharacterStandForTheQuoteWhereThatIsTheDelimiter() {
    Map<String, String> variables = with("CSV_QUOTE", "none");
    variables.put("CSV_DELIMITER", "\u0006");

    assertThat(Settings.read(variables).format().quote()).isEqualTo('\u0005');
  }

  @Test
  void refusesAnEscapeWithoutQuotes() {
    Map<String, String> variables = with("CSV_QUOTE", "none");
    variables.put("CSV_ESCAPE", "\\");

    assertThatThrownBy(() -> Settings.read(variables))
        .hasMessageContaining("CSV_ESCAPE has no meaning with CSV_QUOTE=none");
  }

  @Test
  void reportsEveryContradictionOfTheFormatAtOnce() {
    Map<String, String> variables = with("CSV_QUOTE", ";");
    variables.put("CSV_DELIMITER", ";");
    variables.put("CSV_NULL", "a;b");
    variables.put("CSV_ENCODING", "latin-13");

    assertThatThrownBy(() -> Settings.read(variables))
        .hasMessageContaining("3 problems")
        .hasMessageContaining("CSV_DELIMITER and CSV_QUOTE are the same character")
        .hasMessageContaining("CSV_NULL holds the delimiter")
        .hasMessageContaining("CSV_ENCODING is \"latin-13\"");
  }

  @ParameterizedTest
  @CsvSource({
    "SQL_ASCII, UTF-8",
    "ISO_8859_15, ISO-8859-15",
    "windows1251, windows-1251",
    "WIN866, IBM866",
    "utf-8, UTF-8",
    "UTF8, UTF-8",
    "Latin1, ISO-8859-1",
    "ISO_8859_5, ISO-8859-5",
    "WIN1252, windows-1252",
    "windows-1250, windows-1250",
    "EUC_JP, EUC-JP",
    "SJIS, Shift_JIS",
    "SHIFT_JIS_2004, x-SJIS_0213"
  })
  void knowsAnEncodingByAllNamesThatPostgresHasForIt(String encoding, String charset) {
    assertThat(Settings.read(with("CSV_ENCODING", encoding)).format().charset())
        .isEqualTo(Charset.forName(charset));
  }

  @Test
  void ignoresTheVariablesOfOthers() {
    Map<String, String> variables = with("AWS_REGION", "eu-west-1");
    variables.put("PATH", "/bin");
    variables.put("DB_SOMETHING_ELSE", "x");

    assertThat(Settings.read(variables)).isEqualTo(Settings.read(LEAST));
  }

  /** The least settings with these names and values. */
  private static Map<String, String> with(String... others) {
    Map<String, String> variables = new HashMap<>(LEAST);
    for (int i = 0; i < others.length; i += 2) {
      variables.put(others[i], others[i + 1]);
    }
    return variables;
  }
}
