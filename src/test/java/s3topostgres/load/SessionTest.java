package s3topostgres.load;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.history.Verdict.LOADED;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the defaults of a database or role do to a load. */
public class SessionTest {
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void createTable() {
    fixture.execute(
        "CREATE TABLE moments (at timestamptz)",
        "GRANT SELECT, INSERT, TRUNCATE ON moments TO \"%s\"".formatted(fixture.role()));
    fixture.set("DB_TABLE_NAME", "moments");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "\"ISO, DMY\", 03/02/1980 12:00:00, 1980-02-03",
        "\"SQL, DMY\", 03/02/1980 12:00:00, 1980-02-03",
        "German, 03.02.1980 12:00:00, 1980-02-03",
        "European, 03/02/1980 12:00:00, 1980-02-03",
        "NonEuropean, 03/02/1980 12:00:00, 1980-03-02",
        "US, 03/02/1980 12:00:00, 1980-03-02",
        "\"Postgres, YMD\", 80/02/03 12:00:00, 1980-02-03",
        "ISO, 03/02/1980 12:00:00, 1980-03-02",
      })
  void readsDatesInTheOrderOfTheDatabase(String dateStyle, String field, String date) {
    setForDatabase("datestyle = '%s'".formatted(dateStyle));

    assertThat(fixture.load("moments.csv", "at\n" + field + "\n").status()).isEqualTo(LOADED);
    assertThat(fixture.rows("SELECT at::date FROM moments")).containsExactly(date);
  }

  @Test
  void readsTimesInTheZoneOfTheDatabase() {
    setForDatabase("timezone = 'Asia/Kolkata'");
    fixture.load("moments.csv", "at\n2026-01-01 12:00:00\n");

    assertThat(fixture.rows("SELECT at AT TIME ZONE 'UTC' FROM moments"))
        .containsExactly("2026-01-01 06:30:00");
  }

  @Test
  void prefersTheDefaultsOfTheRole() {
    setForDatabase("timezone = 'Asia/Kolkata'");
    setForDatabase("datestyle = 'ISO, DMY'");
    fixture.execute("ALTER ROLE \"%s\" SET TimeZone = 'Asia/Tokyo'".formatted(fixture.role()));
    fixture.load("moments.csv", "at\n01/02/2026 12:00:00\n");

    assertThat(fixture.rows("SELECT at AT TIME ZONE 'UTC' FROM moments"))
        .containsExactly("2026-02-01 03:00:00");
  }

  @Test
  void takesTheTimeThatItNeeds() {
    String role = "ALTER ROLE \"%s\" SET ".formatted(fixture.role());
    fixture
        .rows(
            "SELECT 'transaction_timeout' WHERE current_setting('transaction_timeout', true) <> ''")
        .forEach(setting -> fixture.execute(role + setting + " = '1s'"));
    fixture.execute(role + "statement_timeout = '1s'");
    fixture.set("AFTER_LOAD_SQL", "SELECT pg_sleep(1.5)");

    assertThat(fixture.load("moments.csv", "at\n2026-01-01\n").status()).isEqualTo(LOADED);
  }

  @Test
  void isNotDisturbedByOtherDefaults() {
    String role = "ALTER ROLE \"%s\" SET ".formatted(fixture.role());
    fixture.set("CSV_ESCAPE", "\\");
    fixture.execute(
        role + "default_transaction_isolation = 'serializable'",
        role + "lock_timeout = '1ms'",
        role + "synchronous_commit = off",
        role + "client_min_messages = error",
        role + "intervalstyle = 'iso_8601'",
        role + "extra_float_digits = -5",
        "ALTER TABLE moments ADD settings text DEFAULT concat_ws(' ', current_setting('transaction_isolation'), current_setting('synchronous_commit'), current_setting('idle_in_transaction_session_timeout'), current_setting('client_min_messages'), current_setting('client_connection_check_interval', true))");

    assertThat(fixture.load("moments.csv", "at\n2026-01-01\n").status()).isEqualTo(LOADED);
    assertThat(fixture.rows("SELECT settings FROM moments"))
        .singleElement()
        .asString()
        // While it copies, no notices come, and the statement is no single one to undo.
        .matches("read committed on (5s notice|30s error).*");
  }

  private void setForDatabase(String setting) {
    String database = fixture.rows("SELECT current_database()").get(0);
    fixture.execute("ALTER DATABASE %s SET %s".formatted(database, setting));
  }
}
