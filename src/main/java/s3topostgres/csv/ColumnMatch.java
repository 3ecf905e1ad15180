package s3topostgres.csv;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Spelling;
import s3topostgres.Warning;
import s3topostgres.config.CsvFormat;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Finds the column that each field of a header names: by its exact name first, then in any case and
 * without spaces and invisible characters around it, then with spaces and punctuation as
 * underscores. Letters with accents are equal however they are composed.
 */
public final class ColumnMatch {
  /** Postgres cuts longer names, so a header may have a column's name from before the cut. */
  private static final int LONGEST_NAME_BYTES = 63;

  private static final int NEAR = 3;

  /** Matches spaces, no-break and zero-width ones, too, and other characters that nobody sees. */
  private static final Pattern AROUND = Pattern.compile("^[\\p{Z}\\p{C}]+|[\\p{Z}\\p{C}]+$");

  private static final Pattern NO_LETTER_OR_DIGIT = Pattern.compile("[^\\p{L}\\p{N}]+");
  static final String NOT_DECODED = "\ufffd";

  private static final List<UnaryOperator<String>> FORMS =
      List.of(
          ColumnMatch::cut,
          ColumnMatch::visible,
          ColumnMatch::plain,
          name -> NO_LETTER_OR_DIGIT.matcher(plain(name)).replaceAll("_"));

  /** The form of a name in lower case, with spaces and punctuation as underscores. */
  static final UnaryOperator<String> LENIENT = FORMS.get(FORMS.size() - 1);

  /** Names that dlt gives, and that no value has. */
  private static final Set<String> OF_DLT =
      Set.of("_dlt_id", "_dlt_load_id", "_dlt_parent_id", "_dlt_root_id", "_dlt_list_idx");

  private static final Pattern LINE_BREAK = Pattern.compile("[\r\n]");

  private final List<String> header;
  private final CsvFormat format;
  private final boolean staged;
  private final TargetTable table;
  private final Column[] matched;
  private final Set<String> problems = new LinkedHashSet<>();
  private final List<String> ignored = new ArrayList<>();
  private final List<Warning> warnings = new ArrayList<>();

  private ColumnMatch(
      List<String> header, Column[] beside, CsvFormat format, boolean staged, TargetTable table) {
    this.header = header;
    this.format = format;
    this.staged = staged;
    this.table = table;
    this.matched = beside.clone();
  }

  /**
   * Finds the columns of a header.
   *
   * @param header the fields of the header line
   * @param beside for each field the column that takes it, or null if one is to be found
   * @param staged whether the mode imports into a stage, which takes identity columns, too
   * @throws LoadException {@code HEADER_MISMATCH} with everything that does not fit
   */
  public static MatchedFields match(
      List<String> header, Column[] beside, CsvFormat format, boolean staged, TargetTable table) {
    ColumnMatch match = new ColumnMatch(header, beside, format, staged, table);
    FORMS.forEach(match::matchBy);
    match.refuseWhatDoesNotFit();
    return new MatchedFields(List.of(match.matched), match.ignored, match.warnings);
  }

  private void matchBy(UnaryOperator<String> form) {
    for (int i = 0; i < matched.length; i++) {
      if (matched[i] == null) {
        matched[i] = onlyColumn(form, form.apply(header.get(i))).orElse(null);
      }
    }
  }

  /** The only unmatched column with this name in this form. */
  private Optional<Column> onlyColumn(UnaryOperator<String> form, String name) {
    List<Column> found =
        table.columns().stream()
            .filter(column -> form.apply(column.name()).equals(name))
            .filter(column -> !isMatched(column))
            .toList();
    return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
  }

  private boolean isMatched(Column column) {
    return Arrays.asList(matched).contains(column);
  }

  private void refuseWhatDoesNotFit() {
    if (Arrays.stream(matched).allMatch(Objects::isNull)) {
      OtherDelimiter.refuse(header, format, table.columns().size());
      problems.add(whyNoneIsNamed());
    } else {
      int shown = showable();
      int certain = format.ignoresUnknown() ? certain() : 0;
      for (int i = 0; i < matched.length; i++) {
        if (i < certain && isUnknown(i)) {
          ignore(i, i < shown);
        } else {
          checkField(i, i < shown);
        }
      }
    }
    table.columns().stream()
        .filter(column -> column.required() && !column.generated() && !isMatched(column))
        .forEach(
            column -> problems.add("column %s is required and missing".formatted(column.name())));
    if (!problems.isEmpty()) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the first line does not fit the table: " + String.join("; ", problems),
          "%s has the columns %s. Correct the first line, or have the operator set CSV_HEADER, CSV_DELIMITER and CSV_ENCODING to what the file has."
              .formatted(table.name(), names().stream().collect(joining(", "))));
    }
  }

  private String whyNoneIsNamed() {
    if (String.join("", header).isBlank()) {
      return "it is empty";
    }
    if (header.size() == 1 && header.get(0).indexOf(format.delimiter()) > 0) {
      return "it is a single field, because the whole line is in quotes";
    }
    if (header.stream().allMatch(name -> name.matches("'.*'"))) {
      return "its names are in single quotes (if the values are, too, the operator sets CSV_QUOTE=')";
    }
    return "none of its fields (%d) names a column (if it is data, the operator sets CSV_HEADER=none)"
        .formatted(matched.length);
  }

  /**
   * Counts the fields that certainly belong to a header, and may be shown. A line may be data if
   * half or more of its fields name no column. A line break in a field may come from a quote that
   * is only closed in the rows.
   */
  private int showable() {
    long named =
        IntStream.range(0, matched.length)
            .filter(i -> matched[i] != null || nearest(header.get(i), table.columns()).isPresent())
            .count();
    return named * 2 <= matched.length ? 0 : certain();
  }

  /** Counts the fields before the first with a line break: those behind it may be of the rows. */
  private int certain() {
    return (int) header.stream().takeWhile(name -> !LINE_BREAK.matcher(name).find()).count();
  }

  private void checkField(int i, boolean shown) {
    if (matched[i] == null) {
      problems.add(unknown(i, header.get(i), shown));
    } else if (matched[i].generated() || matched[i].identityAlways() && !staged) {
      problems.add("column %s is filled by the database".formatted(matched[i].name()));
    }
  }

  /** Whether a field certainly names no column, not even in doubt or for the second time. */
  private boolean isUnknown(int i) {
    return matched[i] == null
        && !header.get(i).contains(NOT_DECODED)
        && alike(header.get(i)).isEmpty();
  }

  /** Leaves a field out, unless its name may stand for a column that must be in the file. */
  private void ignore(int i, boolean shown) {
    String name = header.get(i);
    Optional<Column> meant =
        nearest(name, table.loadable().stream().filter(column -> !isMatched(column)).toList());
    if (meant.filter(Column::required).isPresent()) {
      problems.add(unknown(i, name, shown));
      return;
    }
    matched[i] = table.unusedField(i);
    ignored.add(shown && !plain(name).isEmpty() ? printable(name) : "field " + (i + 1));
    meant.ifPresent(
        column ->
            warnings.add(
                new Warning(
                    1L,
                    column.name(),
                    1,
                    "Ignored %s, which is no column (CSV_UNKNOWN_COLUMNS=ignore). Did you mean %s?"
                        .formatted(shown ? printable(name) : "field " + (i + 1), column.name()))));
  }

  private String unknown(int i, String name, boolean shown) {
    if (plain(name).isEmpty()) {
      return i == 0
          ? "field 1 has no name (perhaps an index: leave it out with index=False in pandas, row.names=FALSE in R)"
          : "field %d has no name".formatted(i + 1);
    }
    if (name.contains(NOT_DECODED)) {
      return "field %d is not %s (save the file as UTF-8, or have the operator set CSV_ENCODING=WIN1252)"
          .formatted(i + 1, format.encoding());
    }
    List<String> meant = alike(name);
    if (meant.size() > 1) {
      return "%s may be any of %s".formatted(shown(name), String.join(", ", meant));
    }
    if (meant.size() == 1) {
      return "%s is named twice".formatted(meant.get(0));
    }
    if (OF_DLT.contains(name)) {
      return "%s is not a column (dlt adds it: give the table a column %s of the type text)"
          .formatted(name, name);
    }
    if (!shown) {
      return "field %d is not a column".formatted(i + 1);
    }
    return "%s is not a column%s"
        .formatted(
            shown(name),
            nearest(name, table.columns())
                .map(near -> " (did you mean %s?)".formatted(near.name()))
                .orElse(""));
  }

  /** The names of the columns that differ from a field's by nothing that counts. */
  private List<String> alike(String name) {
    return names().stream()
        .filter(column -> LENIENT.apply(column).equals(LENIENT.apply(name)))
        .toList();
  }

  /** The column that was meant, if at most every second letter is wrong. */
  private static Optional<Column> nearest(String name, List<Column> columns) {
    Map<String, Column> names =
        columns.stream()
            .collect(
                toMap(
                    column -> LENIENT.apply(column.name()), column -> column, (one, other) -> one));
    String lenient = LENIENT.apply(name);
    return Spelling.nearest(lenient, names.keySet(), Math.min(NEAR, lenient.length() / 2))
        .map(names::get);
  }

  private List<String> names() {
    return table.columns().stream().map(Column::name).toList();
  }

  private static String shown(String name) {
    return '"' + printable(name) + '"';
  }

  private static String printable(String name) {
    return cut(name.replaceAll("\\p{Cntrl}", " ").strip());
  }

  private static String plain(String name) {
    return visible(name).toLowerCase(Locale.ROOT);
  }

  /** The form of a name with its letters composed, and without what nobody sees around it. */
  private static String visible(String name) {
    String composed = Normalizer.normalize(name, Normalizer.Form.NFC);
    return cut(AROUND.matcher(composed).replaceAll(""));
  }

  /** The part of a name that Postgres keeps. */
  private static String cut(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= LONGEST_NAME_BYTES) {
      return name;
    }
    int end = LONGEST_NAME_BYTES;
    while ((bytes[end] & 0xc0) == 0x80) {
      end--;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }
}
