package s3topostgres.csv;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/** Recognises files that are sent under the name of a CSV file, by their first bytes. */
final class FileKind {
  private static final String UTF_8_MARK = "\u00ef\u00bb\u00bf";
  private static final List<String> MARKUP =
      List.of("<!doctype", "<html", "<head", "<body", "<table", "<?xml");

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
                  "the file is %s, not CSV".formatted(kind),
                  "Save or export it as CSV in UTF-8 and upload that.");
            });
  }

  private static Optional<String> other(String start) {
    if (start.startsWith("PK\3\4")) {
      return Optional.of("a ZIP archive or an Excel workbook (.xlsx)");
    }
    if (start.startsWith("\u00d0\u00cf\u0011\u00e0")) {
      return Optional.of("an old Excel workbook (.xls)");
    }
    if (start.startsWith("\u001f\u008b")) {
      return Optional.of("damaged gzip");
    }
    if (start.startsWith("%PDF-")) {
      return Optional.of("a PDF document");
    }
    if (start.startsWith("\u00ff\u00fe")
        || start.startsWith("\u00fe\u00ff")
        || start.chars().limit(64).filter(c -> c == 0).count() > 1) {
      return Optional.of("in UTF-16, which Postgres does not read");
    }
    String text = start.startsWith(UTF_8_MARK) ? start.substring(UTF_8_MARK.length()) : start;
    String lower = text.stripLeading().toLowerCase(Locale.ROOT);
    return MARKUP.stream().anyMatch(lower::startsWith)
        ? Optional.of("a web page or XML, perhaps an expired download link")
        : Optional.empty();
  }
}
