package s3topostgres.bench;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/**
 * Gives a process a share of one processor, as Lambda does with little memory: it is stopped for
 * the rest of every 20 ms.
 *
 * @see <a href="https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html">One
 *     processor for each 1,769 MB</a>
 */
final class Throttle {
  private static final long PERIOD_NANOS = 20_000_000;
  private static final int SIGCONT = 18;
  private static final int SIGSTOP = 19;
  private static final Function KILL = NativeLibrary.getInstance("c").getFunction("kill");

  private final int pid;
  private final Thread thread;
  private volatile boolean ended;

  /**
   * @param share of one processor, between 0 and 1
   */
  Throttle(ProcessHandle process, double share) throws IOException {
    pid = Math.toIntExact(process.pid());
    pinToOneProcessor(pid);
    thread = new Thread(() -> run(Math.round(share * PERIOD_NANOS)), "throttle");
    thread.setDaemon(true);
    thread.setPriority(Thread.MAX_PRIORITY);
    thread.start();
  }

  private void run(long running) {
    while (!ended) {
      signal(SIGCONT);
      LockSupport.parkNanos(running);
      signal(SIGSTOP);
      LockSupport.parkNanos(PERIOD_NANOS - running);
    }
    signal(SIGCONT);
  }

  private void signal(int signal) {
    KILL.invokeInt(new Object[] {pid, signal});
  }

  private static void pinToOneProcessor(int pid) throws IOException {
    Programs.run("taskset", "--all-tasks", "--cpu-list", "--pid", "0", Integer.toString(pid));
  }

  /** Lets the process run freely again. */
  void end() {
    ended = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
