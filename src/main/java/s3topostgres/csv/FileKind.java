package s3topostgres.csv;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/** Recognises files that are sent under the name of a CSV file, by their first bytes. */
final class FileKind {
  private static final String UTF_8_MARK = "\u00ef\u00bb\u00bf";
  private static final List<String> MARKUP =
      List.of("<!doctype", "<html", "<head", "<body", "<table", "<?xml");

  /** What files of other kinds begin with. */
  private static final Map<String, String> BEGINNINGS =
      Map.ofEntries(
          Map.entry("PK\3\4", "a ZIP archive or an Excel workbook (.xlsx), not CSV"),
          Map.entry("PK\5\6", "an empty ZIP archive, not CSV"),
          Map.entry("\u00d0\u00cf\u0011\u00e0", "an old Excel workbook (.xls), not CSV"),
          Map.entry("\u001f\u008b", "damaged gzip"),
          Map.entry("\u0028\u00b5\u002f\u00fd", "compressed with zstd, which is not read"),
          Map.entry("PAR1", "a Parquet file, not CSV"),
          Map.entry("Obj\1", "an Avro file, not CSV"),
          Map.entry("PGCOPY\n", "in the binary format of COPY, not CSV"),
          Map.entry("%PDF-", "a PDF document, not CSV"),
          Map.entry("\u00ff\u00fe", "in UTF-16, which Postgres does not read"),
          Map.entry("\u00fe\u00ff", "in UTF-16, which Postgres does not read"));

  private FileKind() {}

  /**
   * Refuses files of other kinds.
   *
   * @throws LoadException {@code HEADER_MISMATCH} that names the kind
   */
  static void refuseOtherThanCsv(byte[] head) {
    String start = new String(head, 0, Math.min(head.length, 512), StandardCharsets.ISO_8859_1);
    other(start)
        .ifPresent(
            kind -> {
              throw ErrorCode.HEADER_MISMATCH.failure(
                  "the file is " + kind, "Save or export it as CSV in UTF-8 and upload that.");
            });
  }

  private static Optional<String> other(String start) {
    for (Map.Entry<String, String> kind : BEGINNINGS.entrySet()) {
      if (start.startsWith(kind.getKey())) {
        return Optional.of(kind.getValue());
      }
    }
    if (isUtf16(start.substring(0, Math.min(start.length(), 64)))) {
      return Optional.of("in UTF-16, which Postgres does not read");
    }
    String text = start.startsWith(UTF_8_MARK) ? start.substring(UTF_8_MARK.length()) : start;
    String lower = text.stripLeading().toLowerCase(Locale.ROOT);
    return MARKUP.stream().anyMatch(lower::startsWith)
        ? Optional.of("a web page or XML, perhaps an expired download link, not CSV")
        : Optional.empty();
  }

  /**
   * Whether every other byte of a file without a mark is mostly NUL, and no other is: single ones
   * are empty texts of {@code bcp}.
   */
  private static boolean isUtf16(String start) {
    long even =
        IntStream.range(0, start.length()).filter(i -> start.charAt(i) == 0 && i % 2 == 0).count();
    long all = start.chars().filter(c -> c == 0).count();
    return all > 1 && all * 3 >= start.length() && (even == 0 || even == all);
  }
}
