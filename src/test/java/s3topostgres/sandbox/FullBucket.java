package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * An S3 server whose folder {@code filled/} has a million files more than the server behind it: one
 * a minute, named as files of changes, of one row. All other requests are answered by the server
 * behind it.
 */
public final class FullBucket implements AutoCloseable {
  public static final int FILES = 1_000_000;
  public static final String PREFIX = "filled/";

  private static final LocalDateTime FIRST = LocalDateTime.of(2024, 1, 1, 0, 0);
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("'" + PREFIX + "'yyyyMMdd-HHmmss'000.csv'", Locale.ROOT);
  private static final int PAGE = 1000;

  private final S3Server behind;
  private final HttpClient client = HttpClient.newHttpClient();
  private final LocalHttpServer server;

  /** The caller closes it, and then the server behind it. */
  public FullBucket(S3Server behind) throws IOException {
    this.behind = behind;
    server = new LocalHttpServer(this::answer);
  }

  /** Where the server is reached, as {@code http://host:port}. */
  public URI endpoint() {
    return URI.create("http://" + server.address());
  }

  /** The object key of a file, from 0 to 999,999. */
  public static String key(int file) {
    return NAME.format(time(file));
  }

  private static LocalDateTime time(int file) {
    return FIRST.plusMinutes(file);
  }

  private void answer(HttpExchange exchange) throws IOException {
    URI uri = exchange.getRequestURI();
    Map<String, String> query = query(uri);
    String path = uri.getPath();
    String key = path.substring(1 + path.indexOf('/', 1));
    if (query.containsKey("list-type") && query.get("prefix").equals(PREFIX)) {
      LocalHttpServer.answer(exchange, 200, list(path.split("/")[1], query));
    } else if (key.startsWith(PREFIX) && file(key) < FILES && key(file(key)).equals(key)) {
      send(exchange, file(key));
    } else {
      forward(exchange);
    }
  }

  private static Map<String, String> query(URI uri) {
    return Arrays.stream(String.valueOf(uri.getRawQuery()).split("&"))
        .map(part -> (part + "=").split("=", -1))
        .collect(toMap(part -> part[0], part -> URLDecoder.decode(part[1], UTF_8)));
  }

  /** The first file whose object key is not before that one. */
  private static int file(String key) {
    int from = 0;
    int to = FILES;
    while (from < to) {
      int middle = (from + to) / 2;
      if (key(middle).compareTo(key) < 0) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }

  private String list(String bucket, Map<String, String> query) {
    String after = query.getOrDefault("continuation-token", query.getOrDefault("start-after", ""));
    int first = file(after + "\0");
    int end = Math.min(FILES, first + PAGE);
    String files = IntStream.range(first, end).mapToObj(FullBucket::entry).collect(joining());
    boolean goesOn = end < FILES;
    return """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <EncodingType>url</EncodingType><IsTruncated>%s</IsTruncated>%s%s</ListBucketResult>"""
        .formatted(
            goesOn,
            goesOn
                ? "<NextContinuationToken>%s</NextContinuationToken>".formatted(key(end - 1))
                : "",
            files + (goesOn ? "" : entriesBehind(bucket, after)));
  }

  private static String entry(int file) {
    return entry(key(file), time(file).toInstant(ZoneOffset.UTC), etag(file), content(file).length);
  }

  private static String entry(String key, Instant time, String etag, long size) {
    return "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>\"%s\"</ETag><Size>%d</Size></Contents>"
        .formatted(key.replace("/", "%2F"), time, etag, size);
  }

  /** Of the server behind this one; their names are later ones. A full load was there first. */
  private String entriesBehind(String bucket, String after) {
    List<S3Object> objects =
        behind
            .client()
            .listObjectsV2(request -> request.bucket(bucket).prefix(PREFIX).startAfter(after))
            .contents();
    return objects.stream()
        .map(
            object ->
                entry(
                    object.key(),
                    object.key().contains("LOAD")
                        ? FIRST.minusDays(1).toInstant(ZoneOffset.UTC)
                        : object.lastModified().truncatedTo(ChronoUnit.SECONDS),
                    object.eTag().replace("\"", ""),
                    object.size()))
        .collect(joining());
  }

  /** As the history has it that a benchmark fills. */
  private static String etag(int file) {
    return "etag-" + file;
  }

  private static byte[] content(int file) {
    return "%d,old\n".formatted(FILES + file).getBytes(US_ASCII);
  }

  private static void send(HttpExchange exchange, int file) throws IOException {
    byte[] content = content(file);
    try (exchange) {
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes 0-%d/%d".formatted(content.length - 1, content.length));
      exchange.getResponseHeaders().set("ETag", '"' + etag(file) + '"');
      exchange
          .getResponseHeaders()
          .set(
              "Last-Modified",
              DateTimeFormatter.RFC_1123_DATE_TIME.format(time(file).atOffset(ZoneOffset.UTC)));
      exchange.sendResponseHeaders(206, content.length);
      exchange.getResponseBody().write(content);
    }
  }

  private void forward(HttpExchange exchange) throws IOException {
    URI uri = exchange.getRequestURI();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(behind.endpoint() + uri.toString()))
            .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.noBody());
    for (String name : List.of("Range", "If-Match")) {
      String value = exchange.getRequestHeaders().getFirst(name);
      if (value != null) {
        request.header(name, value);
      }
    }
    try (exchange) {
      HttpResponse<byte[]> answer =
          client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
      answer.headers().map().forEach((name, values) -> copy(exchange, name, values));
      byte[] body = answer.body();
      boolean isHead = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(
          answer.statusCode(), isHead || body.length == 0 ? -1 : body.length);
      if (!isHead) {
        exchange.getResponseBody().write(body);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void copy(HttpExchange exchange, String name, List<String> values) {
    if (!List.of("content-length", "transfer-encoding", "connection")
        .contains(name.toLowerCase(Locale.ROOT))) {
      exchange.getResponseHeaders().put(name, values);
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
