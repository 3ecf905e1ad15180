package s3topostgres.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;
import software.amazon.awssdk.services.ssm.model.SsmException;

class SsmServerTest {
  private final SsmServer server = SsmServer.launch();
  private final SsmClient client =
      SsmClient.builder()
          .endpointOverride(server.endpoint())
          .region(Region.EU_WEST_1)
          .credentialsProvider(
              StaticCredentialsProvider.create(AwsBasicCredentials.create("sandbox", "sandbox")))
          .httpClientBuilder(UrlConnectionHttpClient.builder())
          .build();

  SsmServerTest() throws IOException {}

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  @Test
  void givesTheValueThatWasPutLast() {
    server.put("/db/password", "old");
    assertThat(password(true)).isEqualTo("old");

    server.put("/db/password", "new \"ß\"");
    assertThat(password(true)).isEqualTo("new \"ß\"");

    assertThat(server.requests()).isEqualTo(2);
  }

  @Test
  void keepsTheValueEncryptedUnlessAsked() {
    server.put("/db/password", "secret");

    assertThat(password(false)).isNotEqualTo("secret");
  }

  @Test
  void refusesUnknownParameters() {
    assertThatThrownBy(() -> password(true)).isInstanceOf(ParameterNotFoundException.class);
  }

  @Test
  void refusesEverythingWhenDenied() {
    server.put("/db/password", "secret");
    server.deny();

    assertThatThrownBy(() -> password(true))
        .isInstanceOfSatisfying(
            SsmException.class,
            e -> assertThat(e.awsErrorDetails().errorCode()).isEqualTo("AccessDeniedException"));
  }

  private String password(boolean decrypted) {
    return client
        .getParameter(request -> request.name("/db/password").withDecryption(decrypted))
        .parameter()
        .value();
  }
}
