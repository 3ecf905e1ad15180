package s3topostgres.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.signer.Aws4Signer;
import software.amazon.awssdk.auth.signer.AwsS3V4Signer;
import software.amazon.awssdk.auth.signer.params.Aws4SignerParams;
import software.amazon.awssdk.auth.signer.params.AwsS3V4SignerParams;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.regions.Region;

/**
 * What is sent to AWS. S3 servers for tests do not look at signatures, so they are held against
 * those of the SDK's older signers, which share no code with the one that is used.
 */
@SuppressWarnings("deprecation")
class AwsHttpTest {
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final AwsSessionCredentials CREDENTIALS =
      AwsSessionCredentials.create(
          "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token");

  private record Sent(String path, Map<String, List<String>> headers, String body) {
    String header(String name) {
      return headers.entrySet().stream()
          .filter(header -> header.getKey().equalsIgnoreCase(name))
          .map(header -> header.getValue().get(0))
          .findFirst()
          .orElseThrow();
    }

    Clock clock() {
      return Clock.fixed(Instant.from(DATE.parse(header("X-Amz-Date"))), ZoneOffset.UTC);
    }
  }

  private final List<Sent> sent = new ArrayList<>();
  private final List<Integer> statuses = new ArrayList<>();
  private String credentials;
  private HttpServer server;
  private AwsHttp aws;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    aws =
        new AwsHttp(
            Map.of(
                "AWS_REGION", "eu-west-1",
                "AWS_ACCESS_KEY_ID", CREDENTIALS.accessKeyId(),
                "AWS_SECRET_ACCESS_KEY", CREDENTIALS.secretAccessKey(),
                "AWS_SESSION_TOKEN", CREDENTIALS.sessionToken(),
                "AWS_ENDPOINT_URL_S3", "http://elsewhere.invalid",
                "AWS_ENDPOINT_URL_SSM", endpoint(),
                "AWS_ENDPOINT_URL", endpoint()));
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void signsForS3AsTheSdkDoes() throws IOException {
    answering()
        .get("s3", "/in/two%20words/a%2Bb//100%25.csv", Map.of("Range", "bytes=0-99"), LIMIT);

    assertThat(sent.get(0).path).isEqualTo("/in/two%20words/a%2Bb//100%25.csv");
    SdkHttpFullRequest expected =
        AwsS3V4Signer.create()
            .sign(
                request(sent.get(0), SdkHttpMethod.GET).putHeader("Range", "bytes=0-99").build(),
                AwsS3V4SignerParams.builder()
                    .awsCredentials(CREDENTIALS)
                    .signingName("s3")
                    .signingRegion(Region.EU_WEST_1)
                    .signingClockOverride(sent.get(0).clock())
                    .doubleUrlEncode(false)
                    .normalizePath(false)
                    .enablePayloadSigning(true)
                    .build());
    assertThat(sent.get(0).header("Authorization"))
        .isEqualTo(expected.firstMatchingHeader("Authorization").orElseThrow());
  }

  @Test
  void signsForOtherServicesAsTheSdkDoes() throws IOException {
    aws.post("ssm", Map.of("X-Amz-Target", "AmazonSSM.GetParameter"), "{\"Name\":\"p\"}");

    assertThat(sent.get(0).body).isEqualTo("{\"Name\":\"p\"}");
    SdkHttpFullRequest expected =
        Aws4Signer.create()
            .sign(
                request(sent.get(0), SdkHttpMethod.POST)
                    .putHeader("X-Amz-Target", "AmazonSSM.GetParameter")
                    .putHeader("x-amz-content-sha256", sent.get(0).header("x-amz-content-sha256"))
                    .contentStreamProvider(
                        () ->
                            new ByteArrayInputStream(
                                sent.get(0).body.getBytes(StandardCharsets.UTF_8)))
                    .build(),
                Aws4SignerParams.builder()
                    .awsCredentials(CREDENTIALS)
                    .signingName("ssm")
                    .signingRegion(Region.EU_WEST_1)
                    .signingClockOverride(sent.get(0).clock())
                    .build());
    assertThat(sent.get(0).header("Authorization"))
        .isEqualTo(expected.firstMatchingHeader("Authorization").orElseThrow());
  }

  @Test
  void triesAgainWhenTheServiceIsBusy() throws IOException {
    statuses.addAll(List.of(503, 429, 200));

    assertThat(aws.post("ssm", Map.of(), "").status()).isEqualTo(200);
    assertThat(sent).hasSize(3);
  }

  @Test
  void givesUpAfterThreeTries() throws IOException {
    statuses.addAll(List.of(500, 500, 503, 200));

    assertThat(aws.post("ssm", Map.of(), "").status()).isEqualTo(503);
  }

  @Test
  void triesNothingAgainWhenItsTimeIsOver() throws IOException {
    statuses.addAll(List.of(500, 200));

    assertThat(answering().get("s3", "/in/p.csv", Map.of(), Duration.ZERO).status()).isEqualTo(500);
  }

  @Test
  void returnsARefusalAtOnce() throws IOException {
    statuses.add(403);

    assertThat(aws.post("ssm", Map.of(), "").status()).isEqualTo(403);
    assertThat(sent).hasSize(1);
  }

  @Test
  void saysThatNobodyAnswers() {
    assertThatThrownBy(() -> aws.get("s3", "/in/p.csv", Map.of(), LIMIT))
        .isInstanceOf(IOException.class);
  }

  @Test
  void asksForItsCredentialsEachTimeUnderSnapStart() throws IOException {
    AwsHttp asking =
        new AwsHttp(
            Map.of(
                "AWS_REGION",
                "eu-west-1",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                endpoint() + "/credentials",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                "let me",
                "AWS_ENDPOINT_URL",
                endpoint()));
    for (String name : List.of("first", "second")) {
      credentials =
          """
          {"AccessKeyId": "%1$s-id", "SecretAccessKey": "%1$s-key", "Token": "%1$s-token",
           "Expiration": "2026-11-22T16:00:00Z"}"""
              .formatted(name);
      asking.post("ssm", Map.of(), "{}");

      assertThat(sent.remove(0).header("Authorization")).isEqualTo("let me");
      assertThat(sent.get(0).header("Authorization")).contains("Credential=" + name + "-id/");
      assertThat(sent.remove(0).header("X-Amz-Security-Token")).isEqualTo(name + "-token");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{}", "[]", "marker {", "{\"AccessKeyId\": \"marker\"}"})
  void takesNothingElseForCredentials(String answer) {
    credentials = answer;
    AwsHttp asking =
        new AwsHttp(
            Map.of(
                "AWS_REGION",
                "eu-west-1",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                endpoint() + "/credentials"));

    assertThatThrownBy(() -> asking.post("ssm", Map.of(), "{}"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no credentials")
        .hasNoCause();
  }

  @Test
  void saysThatItHasNoCredentials() {
    AwsHttp without = new AwsHttp(Map.of("AWS_REGION", "eu-west-1"));

    assertThatThrownBy(() -> without.post("ssm", Map.of(), "{}")).isInstanceOf(IOException.class);
  }

  /** Signed requests to the server of this test, whatever the service. */
  private AwsHttp answering() {
    return new AwsHttp(
        Map.of(
            "AWS_REGION", "eu-west-1",
            "AWS_ACCESS_KEY_ID", CREDENTIALS.accessKeyId(),
            "AWS_SECRET_ACCESS_KEY", CREDENTIALS.secretAccessKey(),
            "AWS_SESSION_TOKEN", CREDENTIALS.sessionToken(),
            "AWS_ENDPOINT_URL", endpoint()));
  }

  private SdkHttpFullRequest.Builder request(Sent request, SdkHttpMethod method) {
    return SdkHttpFullRequest.builder()
        .method(method)
        .protocol("http")
        .host("localhost")
        .port(server.getAddress().getPort())
        .encodedPath(request.path);
  }

  private String endpoint() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      sent.add(
          new Sent(
              exchange.getRequestURI().getRawPath(),
              Map.copyOf(exchange.getRequestHeaders()),
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
      if (exchange.getRequestURI().getPath().equals("/credentials")) {
        byte[] body = credentials.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
      } else {
        exchange.sendResponseHeaders(statuses.isEmpty() ? 200 : statuses.remove(0), -1);
      }
    }
  }
}
