package s3topostgres.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.rds.RdsUtilities;

class IamTokenTest {
  private static final String HOST = "people.abcdefghijkl.eu-west-2.rds.amazonaws.com";
  private static final Map<String, String> PROCESS =
      Map.of(
          "aws.region", "eu-west-2",
          "aws.accessKeyId", "AKIDEXAMPLE",
          "aws.secretAccessKey", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
          "aws.sessionToken", "session/+=token");

  @BeforeEach
  void setProcess() {
    PROCESS.forEach(System::setProperty);
  }

  @AfterEach
  void clearProcess() {
    PROCESS.keySet().forEach(System::clearProperty);
  }

  @ParameterizedTest
  @ValueSource(strings = {"csv_loader", "Mixed Case+%&=\u00fc"})
  void isWhatAwsOwnUtilityMakes(String username) {
    String ours;
    String theirs;
    do { // Until both are of the same second.
      ours = IamToken.make(HOST, 6432, username).reveal();
      theirs =
          RdsUtilities.builder()
              .region(Region.EU_WEST_2)
              .credentialsProvider(DefaultCredentialsProvider.builder().build())
              .build()
              .generateAuthenticationToken(
                  token -> token.hostname(HOST).port(6432).username(username));
    } while (!date(ours).equals(date(theirs)));

    // The order of the query's parts does not matter to the signature.
    assertThat(ours.split("[?&]")).containsExactlyInAnyOrder(theirs.split("[?&]"));
  }

  @Test
  void isMadeAnewForEachConnection() throws Exception {
    Password password = new Password(settings());
    String first = password.get().reveal();
    Thread.sleep(1001);

    assertThat(password.get().reveal()).isNotEqualTo(first);
    assertThat(password.forget()).isFalse();
  }

  @Test
  void saysThatTheProcessHasNoCredentials() {
    System.setProperty("aws.region", "");
    System.setProperty("aws.disableEc2Metadata", "true");
    try {
      assertThatThrownBy(() -> new Password(settings()).get())
          .isInstanceOf(LoadException.class)
          .hasMessageStartingWith("CONFIG_INVALID: no token for the database can be made");
    } finally {
      System.clearProperty("aws.disableEc2Metadata");
    }
  }

  private static DatabaseSettings settings() {
    return new DatabaseSettings(
        HOST,
        5432,
        "people",
        "csv_loader",
        DatabaseSettings.Login.IAM,
        Optional.empty(),
        Optional.empty(),
        "verify-full",
        Optional.empty());
  }

  private static String date(String token) {
    return Pattern.compile("X-Amz-Date=(\\w+)").matcher(token).results().findFirst().get().group(1);
  }
}
