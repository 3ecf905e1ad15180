package s3topostgres.aws;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4FamilyHttpSigner.AuthLocation;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.AwsSessionCredentialsIdentity;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/**
 * Sends requests to AWS that the SDK's own signer signs, by the JDK's HTTP client. None of the
 * SDK's service clients is used: loading the classes of one takes half of the function's start-up;
 * and its lightest HTTP client is a cover of this one that takes a tenth. Each request has its own
 * connection: S3 closes one that was idle for seconds, and loads are minutes apart.
 *
 * @see <a href="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html">Signature
 *     Version 4</a>
 */
public final class AwsHttp {
  static {
    // Of the whole JVM, which keeps with a connection the credentials that were sent on it.
    System.setProperty("http.keepAlive", "false");
  }

  private static final int TRIES = 3;
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(5);

  /** With all tries; shorter than the database lets a transaction be idle. */
  private static final Duration LONGEST_CALL = Duration.ofSeconds(20);

  private static final int TOO_MANY_REQUESTS = 429;
  private static final int SIGNING_KEYS_KEPT = 300;

  private final Map<String, String> environment;
  private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
  private SSLSocketFactory tls = tls();

  /**
   * @param environment with AWS's own variables: region, credentials, endpoints
   */
  public AwsHttp(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  /** Trusts whom the JVM trusts. */
  private static SSLSocketFactory tls() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, null, null);
      return context.getSocketFactory();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JVM has no TLS", e);
    }
  }

  /**
   * What a service answered.
   *
   * @param status of HTTP; any
   */
  public record Answer(int status, Map<String, List<String>> headers, byte[] body) {

    /** A header's first value, whatever the case of its name. */
    public Optional<String> header(String name) {
      return headers.entrySet().stream()
          .filter(header -> name.equalsIgnoreCase(header.getKey()))
          .map(header -> header.getValue().get(0))
          .findFirst();
    }
  }

  /**
   * {@code GET} of a path.
   *
   * @param service as AWS signs for it and names its endpoint: {@code s3}
   * @param path percent-encoded
   * @param limit after which nothing is tried again
   * @throws IOException when nobody answers
   */
  public Answer get(String service, String path, Map<String, String> headers, Duration limit)
      throws IOException {
    return send(service, SdkHttpMethod.GET, path, headers, "", limit);
  }

  /**
   * {@code POST} of a text to the root.
   *
   * @throws IOException when nobody answers
   */
  public Answer post(String service, Map<String, String> headers, String body) throws IOException {
    return send(service, SdkHttpMethod.POST, "/", headers, body, LONGEST_CALL);
  }

  /**
   * The address of a call, signed so that whoever has it can make the call; nothing is sent.
   *
   * @param valid how long, from now
   * @throws IOException when there are no credentials to sign with
   */
  public String presigned(String service, String root, Map<String, String> query, Duration valid)
      throws IOException {
    return presigned(service, root, query, valid, credentials());
  }

  private String presigned(
      String service,
      String root,
      Map<String, String> query,
      Duration valid,
      AwsCredentialsIdentity credentials) {
    SdkHttpRequest.Builder request =
        SdkHttpRequest.builder().method(SdkHttpMethod.GET).uri(URI.create(root)).encodedPath("/");
    query.forEach(request::putRawQueryParameter);
    return signer
        .sign(
            sign ->
                sign.identity(credentials)
                    .request(request.build())
                    .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
                    .putProperty(AwsV4HttpSigner.REGION_NAME, region())
                    .putProperty(AwsV4HttpSigner.AUTH_LOCATION, AuthLocation.QUERY_STRING)
                    .putProperty(AwsV4HttpSigner.EXPIRATION_DURATION, valid))
        .request()
        .getUri()
        .toString();
  }

  /**
   * Forgets what requests have left here: TLS sessions, and in the SDK's signer the secret keys of
   * the last 300 signatures, with no other way to have them dropped than to sign with others.
   */
  public void forget() {
    tls = tls();
    for (int i = 0; i < SIGNING_KEYS_KEPT; i++) {
      presigned(
          "none",
          "https://localhost",
          Map.of(),
          Duration.ofMinutes(1),
          AwsCredentialsIdentity.create("none", "none-" + i));
    }
  }

  private Answer send(
      String service,
      SdkHttpMethod method,
      String path,
      Map<String, String> headers,
      String body,
      Duration limit)
      throws IOException {
    long end = System.nanoTime() + Collections.min(List.of(limit, LONGEST_CALL)).toNanos();
    SdkHttpRequest.Builder request =
        SdkHttpRequest.builder().method(method).uri(endpoint(service)).encodedPath(path);
    headers.forEach(request::putHeader);
    for (int tries = 1; ; tries++) {
      try {
        Answer answer = sendOnce(service, request.build(), body);
        if (isLast(tries, end) || (answer.status < 500 && answer.status != TOO_MANY_REQUESTS)) {
          return answer;
        }
      } catch (IOException e) {
        if (isLast(tries, end)) {
          throw e;
        }
      }
      pause(PAUSE.multipliedBy(tries));
    }
  }

  private static boolean isLast(int tries, long end) {
    return tries == TRIES || System.nanoTime() - end >= 0;
  }

  private Answer sendOnce(String service, SdkHttpRequest request, String body) throws IOException {
    ContentStreamProvider payload =
        () -> new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8));
    AwsCredentialsIdentity credentials = credentials();
    SignedRequest signed =
        signer.sign(
            sign ->
                sign.identity(credentials)
                    .request(request)
                    .payload(payload)
                    .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
                    .putProperty(AwsV4HttpSigner.REGION_NAME, region())
                    // S3 alone takes the path as it is sent.
                    .putProperty(AwsV4HttpSigner.DOUBLE_URL_ENCODE, !service.equals("s3"))
                    .putProperty(AwsV4HttpSigner.NORMALIZE_PATH, !service.equals("s3")));
    return call(
        signed.request(),
        signed.payload().filter(content -> request.method() == SdkHttpMethod.POST));
  }

  private Answer call(SdkHttpRequest request, Optional<ContentStreamProvider> payload)
      throws IOException {
    HttpURLConnection connection = (HttpURLConnection) request.getUri().toURL().openConnection();
    if (connection instanceof HttpsURLConnection encrypted) {
      encrypted.setSSLSocketFactory(tls);
    }
    connection.setConnectTimeout((int) CONNECT_TIMEOUT.toMillis());
    connection.setReadTimeout((int) READ_TIMEOUT.toMillis());
    connection.setInstanceFollowRedirects(false);
    connection.setRequestMethod(request.method().name());
    request.forEachHeader((name, values) -> connection.setRequestProperty(name, values.get(0)));
    if (payload.isPresent()) {
      connection.setDoOutput(true);
      try (InputStream in = payload.get().newStream()) {
        in.transferTo(connection.getOutputStream());
      }
    }
    int status = connection.getResponseCode();
    InputStream content = status >= 400 ? connection.getErrorStream() : connection.getInputStream();
    try (InputStream in = content == null ? InputStream.nullInputStream() : content) {
      return new Answer(status, connection.getHeaderFields(), in.readAllBytes());
    }
  }

  /** From the environment, where Lambda puts them; under SnapStart they are asked for. */
  private AwsCredentialsIdentity credentials() throws IOException {
    String key = environment.get("AWS_ACCESS_KEY_ID");
    String secret = environment.get("AWS_SECRET_ACCESS_KEY");
    String token = environment.get("AWS_SESSION_TOKEN");
    if (key == null) {
      return containerCredentials();
    }
    return token == null
        ? AwsCredentialsIdentity.create(key, secret)
        : AwsSessionCredentialsIdentity.create(key, secret, token);
  }

  /**
   * @see <a
   *     href="https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html">Container
   *     credential provider</a>
   */
  private AwsCredentialsIdentity containerCredentials() throws IOException {
    String address = environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (address == null) {
      throw new IOException("no credentials in the environment");
    }
    SdkHttpRequest request =
        SdkHttpRequest.builder()
            .method(SdkHttpMethod.GET)
            .uri(URI.create(address))
            .putHeader(
                "Authorization", environment.getOrDefault("AWS_CONTAINER_AUTHORIZATION_TOKEN", ""))
            .build();
    Answer answer = call(request, Optional.empty());
    if (answer.status != 200) {
      throw new IOException("no credentials: HTTP " + answer.status);
    }
    try {
      Map<String, JsonNode> found = JsonNode.parser().parse(answer.body).asObject();
      return AwsSessionCredentialsIdentity.create(
          found.get("AccessKeyId").text(),
          found.get("SecretAccessKey").text(),
          found.get("Token").text());
    } catch (RuntimeException e) {
      // Without the cause, which quotes what it could not read.
      throw new IOException("no credentials: an answer that is none");
    }
  }

  private URI endpoint(String service) {
    String override =
        environment.getOrDefault(
            "AWS_ENDPOINT_URL_" + service.toUpperCase(Locale.ROOT),
            environment.get("AWS_ENDPOINT_URL"));
    return URI.create(
        override == null
            ? "https://%s%s.%s.%s".formatted(service, fips(), region(), suffix())
            : override);
  }

  private String region() {
    return environment.get("AWS_REGION");
  }

  private String fips() {
    return "true".equals(environment.get("AWS_USE_FIPS_ENDPOINT")) ? "-fips" : "";
  }

  private String suffix() {
    return region().startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  }

  private static void pause(Duration duration) throws IOException {
    try {
      Thread.sleep(duration.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
