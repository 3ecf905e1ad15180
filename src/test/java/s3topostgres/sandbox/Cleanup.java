package s3topostgres.sandbox;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Undoes something that must not outlive this JVM, such as a process or a folder: when its owner
 * closes it or, failing that, when this JVM ends, also by Ctrl-C. Then the youngest is undone
 * first.
 */
final class Cleanup implements AutoCloseable {
  private static final Deque<Cleanup> PENDING = new ArrayDeque<>();
  private static boolean ending;

  private final Runnable action;
  private boolean done;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(Cleanup::end, "sandbox-cleanup"));
  }

  /** What makes the thing. */
  interface Maker<T> {
    T make() throws IOException;
  }

  private Cleanup(Runnable action) {
    this.action = action;
  }

  /** Undoes by that action, from now on. */
  static synchronized Cleanup by(Runnable action) {
    if (ending) {
      throw new IllegalStateException("This JVM is ending");
    }
    Cleanup cleanup = new Cleanup(action);
    PENDING.push(cleanup);
    return cleanup;
  }

  /** Makes something, unless this JVM is ending. */
  static synchronized <T> T made(Maker<T> maker) throws IOException {
    if (ending) {
      throw new IllegalStateException("This JVM is ending");
    }
    return maker.make();
  }

  /** Whether this JVM is ending, so that what fails now fails because of that. */
  static synchronized boolean ending() {
    return ending;
  }

  @Override
  public void close() {
    try {
      run();
    } finally {
      forget(this);
    }
  }

  /** Whoever comes second waits until it is done. */
  private synchronized void run() {
    if (!done) {
      done = true;
      action.run();
    }
  }

  private static void end() {
    for (Cleanup youngest = youngest(); youngest != null; youngest = youngest()) {
      try {
        youngest.close();
      } catch (RuntimeException e) {
        e.printStackTrace();
      }
    }
  }

  private static synchronized Cleanup youngest() {
    ending = true;
    return PENDING.peek();
  }

  private static synchronized void forget(Cleanup cleanup) {
    PENDING.remove(cleanup);
  }
}
