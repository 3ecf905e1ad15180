package s3topostgres.config;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The format of the files, in the terms of Postgres' {@code COPY}.
 *
 * @param header what the first line is
 * @param delimiter one ASCII character between fields
 * @param quote one ASCII character around fields; with {@code CSV_QUOTE=none} one that no file has,
 *     because {@code COPY} has to be given one
 * @param isQuoted whether fields may be in quotes at all
 * @param escape one ASCII character before a quote inside a quoted field
 * @param nullText the unquoted text that means NULL; may be empty
 * @param encoding the file's encoding as Postgres names it
 * @param charset Java's charset of that encoding
 * @param ignoresUnknown whether fields that name no column of the table are left out
 * @param columns the columns of the fields in a file without a header that names them, in order, as
 *     the catalogue has them; empty for the table's columns in their order
 * @param dateOrder how a date such as {@code 03/02/2026} is read; empty for the database's way
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html">COPY</a>
 */
public record CsvFormat(
    Header header,
    char delimiter,
    char quote,
    boolean isQuoted,
    char escape,
    String nullText,
    String encoding,
    Charset charset,
    boolean ignoresUnknown,
    Optional<List<String>> columns,
    Optional<DateOrder> dateOrder) {

  private static final char ENQUIRY = 0x05;
  private static final char ACKNOWLEDGE = 0x06;

  /** How the first line of the file is read. */
  public enum Header {
    /** As a header that names the columns, in any order. */
    MATCH,
    /** As a header that is ignored: fields are in the order of the table's columns. */
    SKIP,
    /** As the first row: fields are in the order of the table's columns. */
    NONE
  }

  /** In which order a date has its year, month and day, as in Postgres' {@code DateStyle}. */
  public enum DateOrder {
    YMD,
    DMY,
    MDY
  }

  static CsvFormat read(Environment environment) {
    String header = environment.choice("CSV_HEADER", List.of("match", "skip", "none"));
    char delimiter = character(environment, "CSV_DELIMITER", ',');
    boolean isQuoted = !environment.optional("CSV_QUOTE").equals(Optional.of("none"));
    char quote = isQuoted ? character(environment, "CSV_QUOTE", '"') : standIn(delimiter);
    char escape = character(environment, "CSV_ESCAPE", quote);
    String nullText = environment.optional("CSV_NULL").orElse("");
    String encoding = environment.optional("CSV_ENCODING").orElse("UTF8");
    if (!isQuoted && environment.optional("CSV_ESCAPE").isPresent()) {
      environment.problem("CSV_ESCAPE has no meaning with CSV_QUOTE=none");
    }
    if (delimiter == quote) {
      environment.problem("CSV_DELIMITER and CSV_QUOTE are the same character");
    } else if (delimiter == escape) {
      environment.problem("CSV_DELIMITER and CSV_ESCAPE are the same character");
    }
    if (nullText.chars().anyMatch(c -> c == delimiter || c == quote || c == '\n' || c == '\r')) {
      environment.problem(
          "CSV_NULL holds the delimiter, the quote or a line break, which Postgres does not allow");
    }
    Charset charset =
        PostgresEncoding.charset(encoding)
            .orElseGet(
                () -> {
                  environment.problem(
                      "CSV_ENCODING is \"%s\"; it takes an encoding of Postgres, such as UTF8, LATIN1 or WIN1252"
                          .formatted(encoding));
                  return StandardCharsets.UTF_8;
                });
    Optional<List<String>> columns = ColumnNames.read(environment, "CSV_COLUMNS");
    if (columns.isPresent() && header.equals("match")) {
      environment.problem(
          "CSV_COLUMNS names the fields, and with CSV_HEADER=match the first line does; set CSV_HEADER=none or skip");
    }
    return new CsvFormat(
        Header.valueOf(header.toUpperCase(Locale.ROOT)),
        delimiter,
        quote,
        isQuoted,
        escape,
        nullText,
        encoding,
        charset,
        environment.choice("CSV_UNKNOWN_COLUMNS", List.of("refuse", "ignore")).equals("ignore"),
        columns,
        environment
            .optional("CSV_DATE_ORDER")
            .map(set -> environment.choice("CSV_DATE_ORDER", List.of("ymd", "dmy", "mdy")))
            .map(order -> DateOrder.valueOf(order.toUpperCase(Locale.ROOT))));
  }

  /** Returns this format with the backslash as its escape, or the quote if it has another. */
  public CsvFormat withOtherEscape() {
    return new CsvFormat(
        header,
        delimiter,
        quote,
        isQuoted,
        escape == quote ? '\\' : quote,
        nullText,
        encoding,
        charset,
        ignoresUnknown,
        columns,
        dateOrder);
  }

  /** Control characters that nothing is known to write. */
  private static char standIn(char delimiter) {
    return delimiter == ACKNOWLEDGE ? ENQUIRY : ACKNOWLEDGE;
  }

  private static char character(Environment environment, String name, char standard) {
    String value = environment.optional(name).orElse(String.valueOf(standard));
    if (value.equals("tab")) {
      return '\t';
    }
    if (value.length() != 1 || value.charAt(0) > 127 || "\n\r\0".contains(value)) {
      environment.problem(
          "%s is \"%s\"; it takes one ASCII character other than a line break, or the word tab%s"
              .formatted(name, value, name.equals("CSV_QUOTE") ? " or none" : ""));
      return standard;
    }
    return value.charAt(0);
  }
}
