package s3topostgres.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.scan.FileScan;

/**
 * Scans a local file in a process of its own, and prints how many nanoseconds that took by the
 * clock and of the processor, without the reading.
 */
final class ScanFile {
  private static final int BLOCK = 64 * 1024;

  private ScanFile() {}

  /**
   * @param arguments the file, and the definition of its columns as in {@code CREATE TABLE}
   */
  public static void main(String[] arguments) throws IOException {
    CsvFormat format =
        new CsvFormat(Header.MATCH, ',', '"', true, '"', "", "UTF8", UTF_8, Optional.empty());
    List<Column> columns =
        Arrays.stream(arguments[1].split(",\\s*(?=[a-z])"))
            .map(name -> new Column(name, name, "text", false, false, false, "", false))
            .toList();
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long clock = 0;
    long cpu = 0;
    FileScan scan = new FileScan(format, 17, columns);
    byte[] block = new byte[BLOCK];
    try (InputStream file = Files.newInputStream(Path.of(arguments[0]))) {
      for (int read = file.read(block); read > 0; read = file.read(block)) {
        clock -= System.nanoTime();
        cpu -= threads.getCurrentThreadCpuTime();
        scan.accept(block, 0, read);
        clock += System.nanoTime();
        cpu += threads.getCurrentThreadCpuTime();
      }
    }
    if (scan.end().isPresent() || scan.hasFaults()) {
      throw new IllegalStateException(scan.result().whatToDo());
    }
    System.out.println(clock + " " + cpu);
  }
}
