package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;

/** An HTTP server of this JVM on the loopback interface; its handler may take its time. */
final class LocalHttpServer implements AutoCloseable {
  static {
    // Or every answer waits 40 ms for the client's acknowledgement of its headers.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final ExecutorService threads = Executors.newCachedThreadPool(LocalHttpServer::daemon);
  private final HttpServer server;

  LocalHttpServer(HttpHandler handler) throws IOException {
    this(handler, Optional.empty());
  }

  /**
   * @param tls empty for plain HTTP
   */
  LocalHttpServer(HttpHandler handler, Optional<SSLContext> tls) throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server = tls.isPresent() ? encrypted(any, tls.get()) : HttpServer.create(any, 0);
    server.createContext("/", handler);
    server.setExecutor(threads);
    server.start();
  }

  private static HttpServer encrypted(InetSocketAddress address, SSLContext tls)
      throws IOException {
    HttpsServer server = HttpsServer.create(address, 0);
    server.setHttpsConfigurator(new HttpsConfigurator(tls));
    return server;
  }

  /** Where the server is reached, as {@code host:port}. */
  String address() {
    return "127.0.0.1:" + port();
  }

  /** The port that the server listens on. */
  int port() {
    return server.getAddress().getPort();
  }

  /** Answers a request with that text, which may be empty. */
  static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    try (exchange) {
      exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "sandbox-http");
    thread.setDaemon(true);
    return thread;
  }
}
