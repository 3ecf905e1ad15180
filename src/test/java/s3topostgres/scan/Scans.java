package s3topostgres.scan;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;
import s3topostgres.Fault;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;
import s3topostgres.postgres.ScanTarget;

/** Runs scans over files that are in memory. */
final class Scans {
  private Scans() {}

  /** Columns of texts: {@code c1}, {@code c2} and so on. */
  static ScanTarget columns(int version, int number) {
    List<ScanTarget.Field> fields =
        IntStream.rangeClosed(1, number)
            .mapToObj(i -> new ScanTarget.Field("c" + i, "text"))
            .toList();
    return new ScanTarget(version, fields, true, false);
  }

  /** The result for a file that comes in pieces of any length. */
  static ScanResult scan(byte[] file, CsvFormat format, int version, int columns, Random random) {
    return scan(file, format, columns(version, columns), random);
  }

  /** The result for a file that comes in pieces of any length. */
  static ScanResult scan(byte[] file, CsvFormat format, ScanTarget target, Random random) {
    FileScan scan = new FileScan(format, target);
    OptionalLong from = OptionalLong.of(0);
    while (from.isPresent()) {
      for (int at = (int) from.getAsLong(); at < file.length; ) {
        int length = Math.min(1 + random.nextInt(file.length), file.length - at);
        scan.accept(file, at, length);
        at += length;
      }
      from = scan.end();
    }
    return scan.result();
  }

  /**
   * What {@code COPY} makes of a file, but for its refusals.
   *
   * @param records behind the header, as texts, with {@code null} for NULL
   * @param lines on which records begin, the header and one that does not end included
   */
  record Split(List<List<String>> records, List<Long> lines) {
    /** The line on which the record begins that has that line. */
    long begin(long line) {
      return lines.stream().filter(begin -> begin <= line).max(Long::compare).orElseThrow();
    }
  }

  /** Splits as {@code COPY} does, whatever is wrong with the quotes. */
  static Split split(byte[] file, CsvFormat format) {
    Collector collector = new Collector(format);
    RecordSplitter splitter = new RecordSplitter(format, Integer.MAX_VALUE, false, collector);
    for (int at = 0; at < file.length; ) {
      at += splitter.accept(file, at, file.length - at);
    }
    splitter.end();
    collector.lines.add(splitter.recordLine());
    int header = format.header() == Header.NONE ? 0 : 1;
    List<List<String>> records = collector.records;
    return new Split(
        records.subList(Math.min(header, records.size()), records.size()), collector.lines);
  }

  /** Whether COPY reads the record well all the same. */
  static boolean isNullMark(Fault fault) {
    return fault.reason().startsWith("\\N");
  }

  private static final class Collector implements RecordListener {
    private final CsvFormat format;
    private final List<List<String>> records = new ArrayList<>();
    private final List<Long> lines = new ArrayList<>();
    private List<String> fields = new ArrayList<>();

    Collector(CsvFormat format) {
      this.format = format;
    }

    @Override
    public void field(byte[] bytes, int from, int to, int index, long line) {
      String text = new String(bytes, from, to - from, format.charset());
      fields.add(text.equals(format.nullText()) ? null : FirstRecords.unquoted(text, format));
    }

    @Override
    public void record(byte[] bytes, int from, int to, int count, long line) {
      records.add(fields);
      fields = new ArrayList<>();
      lines.add(line);
    }

    @Override
    public void fault(FormFault fault, long line, long fieldLine) {}
  }
}
