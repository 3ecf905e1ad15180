package s3topostgres.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.sandbox.SandboxAws;
import s3topostgres.sandbox.SsmServer;

/** What the value of a parameter says of the password. */
class PasswordTest {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  @AutoClose private final SsmServer ssm;

  PasswordTest() throws IOException {
    ssm = SsmServer.launch();
  }

  private Password password(String value) {
    ssm.put("/db/password", value);
    Settings settings =
        Settings.read(
            Map.of(
                "DB_HOST", "localhost",
                "DB_DATABASE", "app",
                "DB_USERNAME", "loader",
                "DB_PASSWORD_PARAMETER", "/db/password",
                "DB_TABLE_NAME", "people"));
    return new Password(settings.database(), SandboxAws.parameters(ssm.endpoint()));
  }

  /** As RDS, the console's forms and rotation functions write it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"username\":\"loader\",\"password\":\"p\\\"w{}\",\"port\":5432} | p\"w{}",
        "`\n{ \"password\" : \"a\\u00e4\" }\n` | a\u00e4"
      })
  void isTakenFromAJsonObject(String value, String expected) {
    assertThat(password(value).get(LIMIT).reveal()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"secret", "{secret", "{\"password\":\"a\"} b", "[\"password\"]", "\"quoted\""})
  void isTheValueThatIsNoJsonObject(String value) {
    assertThat(password(value).get(LIMIT).reveal()).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{\"user\":\"secret-marker\"}", "{\"password\":{\"a\":\"secret-marker\"}}"})
  void isMissingInAnotherJsonObject(String value) {
    LoadException failure =
        catchThrowableOfType(LoadException.class, () -> password(value).get(LIMIT));

    assertThat(failure)
        .hasMessage(
            "CONFIG_INVALID: the parameter /db/password (DB_PASSWORD_PARAMETER) is a JSON object without a text"
                + " \"password\". Store the password alone, or an object that has it under that name.")
        .hasNoCause();
  }

  @Test
  void isReadOnce() {
    Password password = password("{\"password\":\"a\"}");
    password.get(LIMIT);

    assertThat(password.get(LIMIT).reveal()).isEqualTo("a");
    assertThat(ssm.requests()).isEqualTo(1);
  }
}
