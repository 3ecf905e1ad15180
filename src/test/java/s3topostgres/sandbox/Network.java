package s3topostgres.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The way between a client and a server, which a test can break: connect to {@link #port} of the
 * loopback interface instead of to the server. What is swallowed is gone for good, and neither side
 * is told, also not that the other one has closed; but unlike a real network's, its silence still
 * answers TCP's own keepalives.
 */
public final class Network implements AutoCloseable {
  private record Trap(String words, boolean before, Runnable action) {}

  private record Mark(long left, Runnable action) {}

  private final String host;
  private final int port;
  private final ServerSocket entrance;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong roundTrips = new AtomicLong();
  private volatile boolean swallowingRequests;
  private volatile boolean swallowingAnswers;
  private volatile boolean stalled;
  private volatile long answerBytesPerSecond = Long.MAX_VALUE;
  private volatile Optional<Trap> trap = Optional.empty();
  private volatile Optional<Mark> mark = Optional.empty();

  private Network(String host, int port) throws IOException {
    this.host = host;
    this.port = port;
    this.entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  /** A network to that server, in order. The caller closes it, which ends all connections. */
  public static Network to(String host, int port) throws IOException {
    Network network = new Network(host, port);
    start(network::accept);
    return network;
  }

  /** Where clients connect. */
  public int port() {
    return entrance.getLocalPort();
  }

  /** The address where clients connect, as a URI of HTTP's. */
  public URI endpoint() {
    return URI.create("http://localhost:" + port());
  }

  /** Whether an open connection that the server has from that port is one of this network. */
  public boolean carries(int clientPort) {
    return sockets.stream()
        .anyMatch(socket -> !socket.isClosed() && socket.getLocalPort() == clientPort);
  }

  /** How many bytes came through, both ways together. */
  public long bytes() {
    return bytes.get();
  }

  /**
   * How often a client waited for the server, in all connections together: the server sent
   * something after the client had. TCP's own round trip, to connect, comes on top.
   */
  public long roundTrips() {
    return roundTrips.get();
  }

  /** From now on, whatever either side sends is lost. */
  public void swallow() {
    swallowingRequests = true;
    swallowingAnswers = true;
  }

  /** From now on, whatever the server sends is lost, while it still gets what it is sent. */
  public void swallowAnswers() {
    swallowingAnswers = true;
  }

  /** From now on nothing moves, and nothing is lost: whoever sends has to wait at some time. */
  public void stall() {
    stalled = true;
  }

  /** Moves again, as fast as it can. */
  public void resume() {
    stalled = false;
    answerBytesPerSecond = Long.MAX_VALUE;
  }

  /**
   * From now on, what a server sends comes no faster than that on each connection, but for the
   * header of HTTP's answers.
   */
  public void slowAnswers(long bytesPerSecond) {
    answerBytesPerSecond = bytesPerSecond;
  }

  /** Cuts every connection: both sides are told. */
  public void cut() {
    sockets.forEach(Network::close);
    sockets.clear();
  }

  /** Does something once, right before a client's message with those words is passed on. */
  public void before(String words, Runnable action) {
    trap = Optional.of(new Trap(words, true, action));
  }

  /** Does something once, right after a client's message with those words was passed on. */
  public void behind(String words, Runnable action) {
    trap = Optional.of(new Trap(words, false, action));
  }

  /**
   * Does something once, when so many bytes that the server sends from now on have come through.
   */
  public void after(long answerBytes, Runnable action) {
    mark = Optional.of(new Mark(answerBytes, action));
  }

  @Override
  public void close() {
    close(entrance);
    cut();
  }

  private void accept() {
    while (!entrance.isClosed()) {
      try {
        Socket client = entrance.accept();
        sockets.add(client);
        if (entrance.isClosed()) {
          // It may let one more in.
          close(client);
        } else if (!swallowingRequests) {
          connect(client);
        }
      } catch (IOException e) {
        // Closed.
      }
    }
  }

  private void connect(Socket client) {
    try {
      Socket server = new Socket(host, port);
      sockets.add(server);
      AtomicBoolean asked = new AtomicBoolean();
      start(() -> pump(client, server, true, asked));
      start(() -> pump(server, client, false, asked));
    } catch (IOException e) {
      // The server does not listen, which the client is told.
      close(client);
    }
  }

  private void pump(Socket from, Socket to, boolean requests, AtomicBoolean asked) {
    byte[] chunk = new byte[65_536];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(chunk, 0, most(requests));
          n >= 0;
          n = in.read(chunk, 0, most(requests))) {
        if (asked.getAndSet(requests) && !requests) {
          roundTrips.incrementAndGet();
        }
        String message = requests ? new String(chunk, 0, n, StandardCharsets.ISO_8859_1) : "";
        springTrap(message, true);
        if (!swallowing(requests)) {
          pass(chunk, n, out, requests);
          bytes.addAndGet(n);
          if (!requests) {
            answered(n);
          }
        }
        springTrap(message, false);
      }
    } catch (IOException e) {
      // One side is gone, and the other is told below.
    }
    if (!swallowing(requests)) {
      close(from);
      close(to);
    }
  }

  /** How much to take at once: not over the mark. */
  private int most(boolean requests) {
    long most = 65_536;
    return (int) (requests ? most : Math.min(most, mark.map(Mark::left).orElse(most)));
  }

  private void pass(byte[] chunk, int length, OutputStream out, boolean requests)
      throws IOException {
    int passed = requests ? 0 : endOfHttpHeader(chunk, length);
    out.write(chunk, 0, passed);
    while (passed < length) {
      long perSecond = requests ? Long.MAX_VALUE : answerBytesPerSecond;
      int piece = (int) Math.min(length - passed, 1 + perSecond / 10);
      long from = System.nanoTime();
      while (!entrance.isClosed()
          && (stalled || (System.nanoTime() - from) / 1e9 < (double) piece / perSecond)) {
        LockSupport.parkNanos(1_000_000);
      }
      out.write(chunk, passed, piece);
      passed += piece;
    }
  }

  private static int endOfHttpHeader(byte[] chunk, int length) {
    String answer = new String(chunk, 0, length, StandardCharsets.ISO_8859_1);
    return answer.startsWith("HTTP/") ? Math.max(0, answer.indexOf("\r\n\r\n") + 4) : 0;
  }

  private synchronized void answered(int bytes) {
    if (mark.isPresent()) {
      Mark set = mark.get();
      mark = Optional.of(new Mark(set.left - bytes, set.action)).filter(next -> next.left > 0);
      if (mark.isEmpty()) {
        set.action.run();
      }
    }
  }

  private boolean swallowing(boolean requests) {
    return requests ? swallowingRequests : swallowingAnswers;
  }

  private void springTrap(String message, boolean before) {
    Optional<Trap> set = trap.filter(next -> next.before == before);
    if (set.isPresent() && message.contains(set.get().words)) {
      trap = Optional.empty();
      set.get().action.run();
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "network");
    thread.setDaemon(true);
    thread.start();
  }

  private static void close(AutoCloseable socket) {
    try {
      socket.close();
    } catch (Exception e) {
      // There is nothing more to do for it.
    }
  }
}
