package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * All services of AWS but S3, as far as commands of the documentation call them: it keeps what it
 * is asked, has a function of the sandbox answer Lambda's <a
 * href="https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html">Invoke</a>, and answers the
 * rest with the few values that the commands go on with.
 */
public final class AwsServer implements AutoCloseable {
  public static final String ACCOUNT = "123456789012";

  private static final Pattern INVOKE =
      Pattern.compile("/2015-03-31/functions/[^/]+/invocations.*");
  private static final Pattern ACTION = Pattern.compile("(?:^|&)Action=(\\w+)");

  /** A bucket's notifications: those of the documentation's deployment, and others'. */
  private static final String NOTIFICATIONS =
      """
      <NotificationConfiguration>
        <CloudFunctionConfiguration>
          <Id>people-loader-production-load-0123456789abcdef0123456789abcdef</Id>
          <CloudFunction>arn:aws:lambda:eu-west-2:123456789012:function:people-loader-production-load</CloudFunction>
          <Event>s3:ObjectCreated:*</Event>
        </CloudFunctionConfiguration>
        <CloudFunctionConfiguration>
          <Id>thumbnails</Id>
          <CloudFunction>arn:aws:lambda:eu-west-2:123456789012:function:thumbnails</CloudFunction>
          <Event>s3:ObjectCreated:*</Event>
        </CloudFunctionConfiguration>
        <TopicConfiguration>
          <Id>audit</Id>
          <Topic>arn:aws:sns:eu-west-2:123456789012:audit</Topic>
          <Event>s3:ObjectRemoved:*</Event>
        </TopicConfiguration>
        <EventBridgeConfiguration/>
      </NotificationConfiguration>
      """;

  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final LambdaRuntime function;
  private final LocalHttpServer server;

  private AwsServer(LambdaRuntime function) throws IOException {
    this.function = function;
    server = new LocalHttpServer(this::handle);
  }

  /**
   * A new server. The caller closes it.
   *
   * @param function what is invoked, whatever its name is
   */
  public static AwsServer launch(LambdaRuntime function) throws IOException {
    return new AwsServer(function);
  }

  /** Where the server is reached, as {@code http://host:port}. */
  public URI endpoint() {
    return URI.create("http://" + server.address());
  }

  /** The bodies of the requests so far: forms or JSON, as the service has it. */
  public List<String> requests() {
    return requests;
  }

  @Override
  public void close() {
    server.close();
  }

  private void handle(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
    requests.add(body);
    Matcher action = ACTION.matcher(body);
    if (INVOKE.matcher(exchange.getRequestURI().toString()).matches()) {
      LambdaRuntime.Answer answer = function.invoke(body);
      if (answer.failed()) {
        exchange.getResponseHeaders().set("X-Amz-Function-Error", "Unhandled");
      }
      LocalHttpServer.answer(exchange, 200, answer.body());
    } else if ("notification".equals(exchange.getRequestURI().getQuery())) {
      LocalHttpServer.answer(exchange, 200, body.isEmpty() ? NOTIFICATIONS : "");
    } else if (action.find()) {
      LocalHttpServer.answer(exchange, 200, answer(action.group(1)));
    } else {
      LocalHttpServer.answer(exchange, 200, "{}");
    }
  }

  /** The query protocol wraps the result, that of EC2 does not; a client skips what it is not. */
  private static String answer(String action) {
    return """
    <Response>
      <%1$sResult><Account>%2$s</Account></%1$sResult>
      <subnetSet><item><vpcId>vpc-0ddddddddddddddddd</vpcId></item></subnetSet>
    </Response>"""
        .formatted(action, ACCOUNT);
  }
}
