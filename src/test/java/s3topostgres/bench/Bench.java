package s3topostgres.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.Locale;

/**
 * {@code ./mvnw -Pbench}: how fast it is, beside references that run in the same minutes on the
 * same machine. Needs Linux, curl and psql; Python with boto3 and psycopg2, and pgloader, where
 * they are there. {@code -Dbench=peers}, which is not run by default, installs other loaders from
 * PyPI into {@code target/peers}.
 *
 * <p>System properties: {@code bench}, which of {@code
 * start-up,throughput,modes,sets,changes,copy,scan,faults,scale,size} to run, or {@code backlog} or
 * {@code late}, the last parts of {@code scale}; {@code bench.other}, the {@code function.zip} of
 * another build, to time its first load, too.
 */
public final class Bench {
  private Bench() {}

  /** Runs them and ends this JVM. */
  public static void main(String[] arguments) throws Exception {
    Locale.setDefault(Locale.ROOT); // A point before the decimals.
    Report report =
        new Report(new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8));
    try (Site site = new Site()) {
      for (String name :
          System.getProperty(
                  "bench", "start-up,throughput,modes,sets,changes,copy,scan,faults,scale,size")
              .split(",")) {
        switch (name) {
          case "start-up" -> new StartUp(site, report).run();
          case "throughput" -> new Throughput(site, report, Peers.installed()).run();
          case "peers" ->
              new Throughput(site, report, Peers.withThoseOfPyPi(report)).compareWithPeers();
          case "modes" -> new Modes(site, report).run();
          case "sets" -> new Sets(site, report).run();
          case "changes" -> new Changes(site, report).run();
          case "copy" -> new CopyImport(site, report).run();
          case "scan" -> new Scan(site, report).run();
          case "faults" -> new ManyFaults(site, report).run();
          case "scale" -> {
            new Scale(site, report).run();
            new ChangeBacklog(site, report).run();
            new LateUploads(site, report).run();
          }
          case "backlog" -> new ChangeBacklog(site, report).run();
          case "late" -> new LateUploads(site, report).run();
          case "size" -> new PackageSize(site, report).run();
          default -> throw new IllegalArgumentException("There is no benchmark " + name);
        }
      }
    }
    System.exit(0);
  }
}
