package s3topostgres.deployment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Deployments by the real osls into an account that may have no concurrency to reserve. All of AWS
 * is a stand-in that knows what Lambda says of its limits, and denies everything else.
 */
@Tag("packaging")
class AccountConcurrencyIT {
  private static final String UNRESERVED =
      "{\"AccountLimit\": {\"ConcurrentExecutions\": 1000, \"UnreservedConcurrentExecutions\": %d}}";
  private static final String DENIED =
      "<ErrorResponse><Error><Code>AccessDenied</Code><Message>denied</Message></Error></ErrorResponse>";

  private final List<String> requests = new CopyOnWriteArrayList<>();
  private int unreserved;
  private int reserved;
  private HttpServer aws;

  @TempDir private Path folder;

  @BeforeEach
  void start() throws IOException {
    aws = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    aws.createContext("/", this::answer);
    aws.start();
  }

  @AfterEach
  void stop() {
    aws.stop(0);
  }

  @Test
  void saysWhatToSetInANewAccountBeforeAnythingIsDeployed() {
    unreserved = 10;

    assertThat(deploy())
        .contains("MAX_CONCURRENT_LOADS is 5", "10 concurrent executions", "eu-west-2")
        .contains("Set MAX_CONCURRENT_LOADS=none, or request more");
    assertThat(requests).noneMatch(request -> request.contains("Stack"));
  }

  @Test
  void deploysWhereAHundredRemain() {
    unreserved = 105;

    assertThat(deploy()).doesNotContain("MAX_CONCURRENT_LOADS");
    assertThat(requests).anyMatch(request -> request.contains("Action=DescribeStacks"));
  }

  @Test
  void countsWhatTheFunctionHasReservedAlready() {
    unreserved = 100;
    reserved = 5;

    deploy();

    assertThat(requests).anyMatch(request -> request.contains("Action=DescribeStacks"));
  }

  @Test
  void leavesItToCloudFormationWhereTheDeployerMayNotAsk() {
    unreserved = -1;

    deploy();

    assertThat(requests).anyMatch(request -> request.contains("Action=DescribeStacks"));
  }

  @Test
  void asksNothingWhereNothingIsReserved() {
    unreserved = 10;

    deploy("MAX_CONCURRENT_LOADS", "none");

    assertThat(requests)
        .noneMatch(request -> request.contains("account-settings"))
        .anyMatch(request -> request.contains("Action=DescribeStacks"));
  }

  private String deploy(String... setting) {
    Map<String, String> environment = new HashMap<>(ServerlessTemplateIT.TYPICAL);
    environment.put("AWS_ENDPOINT_URL", "http://127.0.0.1:" + aws.getAddress().getPort());
    environment.put("AWS_ACCESS_KEY_ID", "test");
    environment.put("AWS_SECRET_ACCESS_KEY", "test");
    Packaging packaging = new Packaging(folder).environment(environment);
    return (setting.length == 0 ? packaging : packaging.param(setting[0], setting[1])).deployment();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
    String path = exchange.getRequestURI().getPath();
    requests.add(path + " " + body);
    if (path.endsWith("/account-settings") && unreserved >= 0) {
      answer(exchange, 200, UNRESERVED.formatted(unreserved));
    } else if (path.endsWith("/example-production-load/concurrency") && reserved > 0) {
      answer(exchange, 200, "{\"ReservedConcurrentExecutions\": %d}".formatted(reserved));
    } else if (path.endsWith("/concurrency")) {
      exchange.getResponseHeaders().set("x-amzn-ErrorType", "ResourceNotFoundException");
      answer(exchange, 404, "{}");
    } else {
      answer(exchange, 403, DENIED);
    }
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    try (exchange) {
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }
}
