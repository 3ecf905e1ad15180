package s3topostgres.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;

/**
 * Systems Manager's <a
 * href="https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html">{@code
 * GetParameter}</a> for {@code SecureString} parameters, over plain HTTP or TLS. The function finds
 * it with {@code AWS_ENDPOINT_URL_SSM}.
 */
public final class SsmServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, String> parameters = new ConcurrentHashMap<>();
  private final AtomicInteger requests = new AtomicInteger();
  private final LocalHttpServer server;
  private final String scheme;

  private volatile boolean denied;
  private volatile String sessionToken = "";

  private SsmServer(Optional<SSLContext> tls) throws IOException {
    server = new LocalHttpServer(this::handle, tls);
    scheme = tls.isPresent() ? "https" : "http";
  }

  /** A new server without parameters. The caller closes it. */
  public static SsmServer launch() throws IOException {
    return new SsmServer(Optional.empty());
  }

  /** The same over TLS, as {@code localhost}. */
  public static SsmServer launch(SSLContext tls) throws IOException {
    return new SsmServer(Optional.of(tls));
  }

  /** Where the server is reached, as {@code http://localhost:port}. */
  public URI endpoint() {
    return URI.create(scheme + "://localhost:" + server.port());
  }

  /** Sets or replaces a parameter. */
  public void put(String name, String value) {
    parameters.put(name, value);
  }

  /** Answers from now on that the caller may not read, whatever is asked. */
  public void deny() {
    denied = true;
  }

  /** The session token that the last request was signed with. */
  public String sessionToken() {
    return sessionToken;
  }

  /** How many requests were answered so far. */
  public int requests() {
    return requests.get();
  }

  @Override
  public void close() {
    server.close();
  }

  private void handle(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    sessionToken = exchange.getRequestHeaders().getFirst("X-Amz-Security-Token");
    JsonNode request = JSON.readTree(exchange.getRequestBody());
    String name = request.path("Name").asText();
    String value = parameters.get(name);
    exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
    if (denied) {
      fail(exchange, "AccessDeniedException", "User is not authorized to perform this action");
    } else if (!"AmazonSSM.GetParameter"
        .equals(exchange.getRequestHeaders().getFirst("X-Amz-Target"))) {
      fail(exchange, "UnknownOperationException", "");
    } else if (value == null) {
      fail(exchange, "ParameterNotFound", "");
    } else {
      boolean decrypted = request.path("WithDecryption").asBoolean();
      Map<String, Object> parameter =
          Map.of(
              "Name",
              name,
              "Type",
              "SecureString",
              "Value",
              decrypted ? value : "AQICAHencrypted",
              "Version",
              1,
              "DataType",
              "text");
      answer(exchange, 200, Map.of("Parameter", parameter));
    }
  }

  private static void fail(HttpExchange exchange, String type, String message) throws IOException {
    answer(exchange, 400, Map.of("__type", type, "message", message));
  }

  private static void answer(HttpExchange exchange, int status, Map<String, ?> body)
      throws IOException {
    LocalHttpServer.answer(exchange, status, JSON.writeValueAsString(body));
  }
}
