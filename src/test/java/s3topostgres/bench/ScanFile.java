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
import s3topostgres.postgres.ScanTarget;
import s3topostgres.postgres.ScanTarget.Field;
import s3topostgres.scan.FileScan;

/**
 * Scans a local file in a process of its own, and prints how many nanoseconds that took by the
 * clock and of the processor, without the reading.
 */
final class ScanFile {
  private static final int BLOCK = 64 * 1024;

  private ScanFile() {}

  /**
   * @param arguments the file; the definition of its columns as in {@code CREATE TABLE}; and
   *     whether values are looked at by the types of their columns
   */
  public static void main(String[] arguments) throws IOException {
    boolean isTyped = Boolean.parseBoolean(arguments[2]);
    CsvFormat format =
        new CsvFormat(
            Header.MATCH,
            ',',
            '"',
            true,
            '"',
            "",
            "UTF8",
            UTF_8,
            false,
            Optional.empty(),
            Optional.empty());
    List<Field> fields =
        Arrays.stream(arguments[1].split(",\\s*(?=[a-z])"))
            .map(column -> column.split(" "))
            .map(words -> new Field(words[0], isTyped ? words[1] : "none"))
            .toList();
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long clock = 0;
    long cpu = 0;
    FileScan scan = new FileScan(format, new ScanTarget(17, fields, true, false));
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
