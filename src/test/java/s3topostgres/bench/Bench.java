package s3topostgres.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;

/**
 * {@code ./mvnw -Pbench}: how fast it is, beside references that run in the same minutes on the
 * same machine. Needs Linux, curl and psql; Python with boto3 and psycopg2, and pgloader, where
 * they are there.
 *
 * <p>System property {@code bench}: {@code start-up}, {@code warm}, {@code throughput} or {@code
 * size}, to run only that.
 */
public final class Bench {
  private Bench() {}

  /** Runs them and ends this JVM. */
  public static void main(String[] arguments) throws Exception {
    Report report =
        new Report(new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8));
    String only = System.getProperty("bench", "");
    try (Site site = new Site()) {
      if (only.isEmpty() || only.equals("start-up")) {
        new StartUp(site, report).run();
      }
      if (only.isEmpty() || only.equals("warm")) {
        new WarmLoad(site, report).run();
      }
      if (only.isEmpty() || only.equals("throughput")) {
        new Throughput(site, report).run();
      }
      if (only.isEmpty() || only.equals("size")) {
        new PackageSize(site, report).run();
      }
    }
    System.exit(0);
  }
}
