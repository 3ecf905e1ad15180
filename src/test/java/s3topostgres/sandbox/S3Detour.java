package s3topostgres.sandbox;

import static java.util.stream.Collectors.joining;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.services.s3.model.GetBucketNotificationConfigurationRequest;

/**
 * Leads some kinds of requests of a client of S3 to a server of its own, which answers as AWS
 * documents it: what the S3 server does not know, or would not refuse.
 */
public final class S3Detour implements ExecutionInterceptor, AutoCloseable {
  private record Answer(int status, String body) {}

  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final LocalHttpServer server;

  /** Leads nothing astray yet. The caller closes it. */
  public S3Detour() {
    try {
      server = new LocalHttpServer(this::handle);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Has requests of a kind be answered so from now on. */
  public void answer(Class<? extends SdkRequest> kind, int status, String body) {
    answers.put(kind.getSimpleName(), new Answer(status, body));
  }

  /** Has S3 deny requests of a kind from now on. */
  public void deny(Class<? extends SdkRequest> kind) {
    answer(kind, 403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
  }

  /** Has every bucket notify a function of new objects with a prefix and these suffixes. */
  public void notify(String function, String events, String prefix, String... suffixes) {
    answer(
        GetBucketNotificationConfigurationRequest.class,
        200,
        Stream.of(suffixes)
            .map(
                suffix ->
                    """
                    <CloudFunctionConfiguration>
                      <Id>%1$s-%4$s</Id>
                      <CloudFunction>arn:aws:lambda:eu-west-1:123456789012:function:%1$s</CloudFunction>
                      <Event>%2$s</Event>
                      <Filter><S3Key>
                        <FilterRule><Name>Prefix</Name><Value>%3$s</Value></FilterRule>
                        <FilterRule><Name>Suffix</Name><Value>%4$s</Value></FilterRule>
                      </S3Key></Filter>
                    </CloudFunctionConfiguration>"""
                        .formatted(function, events, prefix, suffix))
            .collect(joining("", "<NotificationConfiguration>", "</NotificationConfiguration>")));
  }

  @Override
  public SdkHttpRequest modifyHttpRequest(
      Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
    String kind = context.request().getClass().getSimpleName();
    return answers.containsKey(kind)
        ? context.httpRequest().toBuilder()
            .host("127.0.0.1")
            .port(server.port())
            .encodedPath("/" + kind)
            .build()
        : context.httpRequest();
  }

  private void handle(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    // The client puts the bucket before it.
    String path = exchange.getRequestURI().getPath();
    Answer answer = answers.get(path.substring(path.lastIndexOf('/') + 1));
    LocalHttpServer.answer(exchange, answer.status(), answer.body());
  }

  @Override
  public void close() {
    server.close();
  }
}
