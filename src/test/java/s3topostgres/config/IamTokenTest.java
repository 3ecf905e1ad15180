package s3topostgres.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import s3topostgres.sandbox.SandboxAws;

/** The login without a password, with the function's credentials as the SDK finds them. */
class IamTokenTest {
  private static final Map<String, String> AWS =
      Map.of(
          "aws.region", "eu-west-2",
          "aws.accessKeyId", "AKIDEXAMPLE",
          "aws.secretAccessKey", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
          "aws.sessionToken", "session/+=token");

  private final DatabaseSettings settings =
      new DatabaseSettings(
          "people.abcdefghijkl.eu-west-2.rds.amazonaws.com",
          6432,
          "people",
          "csv_loader",
          DatabaseSettings.Login.IAM,
          Optional.empty(),
          Optional.empty(),
          "verify-full",
          Optional.empty());
  private final Password password =
      new Password(settings, SandboxAws.parameters(URI.create("http://localhost:1")));

  @BeforeEach
  void giveCredentials() {
    AWS.forEach(System::setProperty);
  }

  @AfterEach
  void takeCredentials() {
    AWS.keySet().forEach(System::clearProperty);
  }

  @Test
  void signsForTheUserAtTheDatabasesOwnAddress() {
    String token = token();

    assertThat(token)
        .startsWith("people.abcdefghijkl.eu-west-2.rds.amazonaws.com:6432/?")
        .contains("Action=connect", "DBUser=csv_loader", "%2Feu-west-2%2Frds-db%2Faws4_request")
        .contains("X-Amz-Security-Token=session%2F%2B%3Dtoken", "X-Amz-Signature=")
        .doesNotContain("wJalrXUtnFEMI");
  }

  @Test
  void isMadeAnewForEachConnection() throws Exception {
    String first = token();

    // A token names the second in which it was made.
    while (token().equals(first)) {
      Thread.onSpinWait();
    }
    assertThat(password.forget()).isFalse();
  }

  private String token() {
    return password.get(Duration.ofMinutes(1)).reveal();
  }
}
