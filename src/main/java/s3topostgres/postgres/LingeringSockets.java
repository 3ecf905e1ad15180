package s3topostgres.postgres;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/**
 * Makes the driver's sockets with {@code SO_LINGER}, so that a thread can close a TLS socket while
 * another thread is blocked in a write. Without it, closing waits for the write without a limit.
 * The driver makes this factory by its class name.
 *
 * @see <a
 *     href="https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/net/StandardSocketOptions.html#SO_LINGER">SO_LINGER</a>
 */
public final class LingeringSockets extends SocketFactory {
  private static final int LINGER_SECONDS = 1;

  @Override
  public Socket createSocket() throws IOException {
    Socket socket = new Socket();
    socket.setSoLinger(true, LINGER_SECONDS);
    return socket;
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(InetAddress address, int port, InetAddress local, int localPort) {
    throw new UnsupportedOperationException();
  }
}
