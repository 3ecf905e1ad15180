package s3topostgres.sandbox;

import java.io.IOException;
import java.nio.file.Path;

/** What a Postgres server runs on. It is reached at {@code localhost}. */
interface PostgresMachine extends AutoCloseable {
  /** The port of this machine's {@code localhost}; always the same. */
  int port();

  /** Starts the server, with the data that it had, and waits until it takes connections. */
  void start() throws IOException;

  /** Stops the server: open transactions are rolled back. */
  void stop() throws IOException;

  /** Stops the server as a crash does: no connection is told. */
  void kill() throws IOException;

  /** The Java launcher and the class path with which the server can run {@link FetchObject}. */
  String fetchCommand();

  /** A file of the same content that the server can read, and nobody else. */
  String place(Path file) throws IOException;

  /** Stops the server and removes its data. */
  @Override
  void close();
}
