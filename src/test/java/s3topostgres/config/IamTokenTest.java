package s3topostgres.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.aws.AwsHttp;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.rds.RdsUtilities;

class IamTokenTest {
  private static final String HOST = "people.abcdefghijkl.eu-west-2.rds.amazonaws.com";
  private static final AwsSessionCredentials CREDENTIALS =
      AwsSessionCredentials.create(
          "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/+=token");

  private final AwsHttp aws =
      new AwsHttp(
          Map.of(
              "AWS_REGION", "eu-west-2",
              "AWS_ACCESS_KEY_ID", CREDENTIALS.accessKeyId(),
              "AWS_SECRET_ACCESS_KEY", CREDENTIALS.secretAccessKey(),
              "AWS_SESSION_TOKEN", CREDENTIALS.sessionToken()));

  @ParameterizedTest
  @ValueSource(strings = {"csv_loader", "Mixed Case+%&=\u00fc"})
  void isWhatAwsOwnUtilityMakes(String username) {
    String ours;
    String theirs;
    do { // Until both are of the same second.
      ours = IamToken.make(HOST, 6432, username, aws).reveal();
      theirs =
          RdsUtilities.builder()
              .region(Region.EU_WEST_2)
              .credentialsProvider(StaticCredentialsProvider.create(CREDENTIALS))
              .build()
              .generateAuthenticationToken(
                  token -> token.hostname(HOST).port(6432).username(username));
    } while (!date(ours).equals(date(theirs)));

    // The order of the query's parts does not matter to the signature.
    assertThat(ours.split("[?&]")).containsExactlyInAnyOrder(theirs.split("[?&]"));
  }

  @Test
  void isMadeAnewForEachConnection() throws Exception {
    Password password = new Password(settings(), aws);
    String first = password.get().reveal();
    Thread.sleep(1001);

    assertThat(password.get().reveal()).isNotEqualTo(first);
    assertThat(password.forget()).isFalse();
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
