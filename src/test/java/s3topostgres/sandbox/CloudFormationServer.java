package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where CloudFormation waits for the <a
 * href="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html">answer
 * of a custom resource</a>: an address of S3 that is signed for a {@code PUT} without a content
 * type.
 */
public final class CloudFormationServer implements AutoCloseable {
  private final List<String> answers = new CopyOnWriteArrayList<>();
  private final AtomicInteger faults = new AtomicInteger();
  private final LocalHttpServer server = new LocalHttpServer(this::handle);

  private CloudFormationServer() throws IOException {}

  /** The caller closes it. */
  public static CloudFormationServer launch() throws IOException {
    return new CloudFormationServer();
  }

  /** The {@code ResponseURL} of a request. */
  public String responseUrl() {
    return "http://" + server.address() + "/answer?AWSAccessKeyId=a&Signature=secret%2B1%3D";
  }

  /** Refuses the next answers, as S3 does when it is not well. */
  public void fail(int times) {
    faults.set(times);
  }

  /** The answers so far, as JSON. */
  public List<String> answers() {
    return List.copyOf(answers);
  }

  @Override
  public void close() {
    server.close();
  }

  private void handle(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    String type = exchange.getRequestHeaders().getFirst("Content-Type");
    if (faults.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      LocalHttpServer.answer(exchange, 503, "");
    } else if (!exchange.getRequestMethod().equals("PUT")
        || !exchange.getRequestURI().getRawQuery().endsWith("Signature=secret%2B1%3D")
        || type != null && !type.isEmpty()) {
      LocalHttpServer.answer(exchange, 403, "SignatureDoesNotMatch");
    } else if (body.length > 4096) {
      LocalHttpServer.answer(exchange, 400, "Response is too long");
    } else {
      answers.add(new String(body, UTF_8));
      LocalHttpServer.answer(exchange, 200, "");
    }
  }
}
