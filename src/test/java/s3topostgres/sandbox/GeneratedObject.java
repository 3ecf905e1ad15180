package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An S3 server with one CSV object, under any key, that is made while it is read: an id of ten
 * digits and a filler, 100 bytes a row.
 */
public final class GeneratedObject implements AutoCloseable {
  private static final byte[] HEADER = "id,filler\n".getBytes(US_ASCII);
  private static final String FILLER = "," + "x".repeat(88) + "\n";
  private static final int ROW_BYTES = 10 + FILLER.length();
  private static final int ROWS_AT_ONCE = 1000;
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");

  private final long rows;
  private final LocalHttpServer server = new LocalHttpServer(this::answer);

  /** The caller closes it. */
  public GeneratedObject(long rows) throws IOException {
    this.rows = rows;
  }

  /** Where it is. */
  public URI endpoint() {
    return URI.create("http://" + server.address());
  }

  /** In bytes. */
  public long size() {
    return HEADER.length + rows * ROW_BYTES;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      Matcher range = RANGE.matcher(String.valueOf(exchange.getRequestHeaders().getFirst("Range")));
      if (!range.matches()) {
        exchange.sendResponseHeaders(400, -1);
        return;
      }
      long from = Long.parseLong(range.group(1));
      long to = range.group(2).isEmpty() ? size() : Long.parseLong(range.group(2)) + 1;
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, size()));
      exchange.getResponseHeaders().set("ETag", "\"generated\"");
      exchange.sendResponseHeaders(206, to - from);
      write(from, to, exchange.getResponseBody());
    }
  }

  private void write(long from, long to, OutputStream out) throws IOException {
    long position = from;
    while (position < to) {
      long row = Math.max(0, position - HEADER.length) / ROW_BYTES;
      byte[] piece = position < HEADER.length ? HEADER : rows(row);
      long start = position < HEADER.length ? 0 : HEADER.length + row * ROW_BYTES;
      int offset = (int) (position - start);
      int length = (int) Math.min(piece.length - offset, to - position);
      out.write(piece, offset, length);
      position += length;
    }
  }

  /** Some rows from that one on. */
  private byte[] rows(long first) {
    StringBuilder text = new StringBuilder();
    for (long row = first; row < Math.min(rows, first + ROWS_AT_ONCE); row++) {
      String id = Long.toString(row + 1);
      text.append("0".repeat(10 - id.length())).append(id).append(FILLER);
    }
    return text.toString().getBytes(US_ASCII);
  }

  @Override
  public void close() {
    server.close();
  }
}
