package s3topostgres.sandbox;

import java.util.concurrent.atomic.AtomicBoolean;

/** Runs an action once: when closed or, if nobody closes it, when this JVM ends. */
final class Cleanup implements AutoCloseable {
  private final AtomicBoolean done = new AtomicBoolean();
  private final Runnable action;
  private final Thread hook = new Thread(this::run, "sandbox-cleanup");

  Cleanup(Runnable action) {
    this.action = action;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  @Override
  public void close() {
    run();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // This JVM is ending and runs the hooks itself.
    }
  }

  private void run() {
    if (!done.getAndSet(true)) {
      action.run();
    }
  }
}
