package s3topostgres.faults;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.summingLong;
import static java.util.stream.Collectors.toCollection;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A way of writing a value that many programs have and Postgres does not read. The database asks
 * for it where it has refused a value. Its sentence is all that a message says of the value; only a
 * word for a missing value is shown itself.
 */
enum ValueShape {
  EMPTY(
      "",
      "'{null}' <> '' AND {value} = ''",
      "Empty fields%s: only the word of CSV_NULL means a missing value."),
  QUOTED_NULL(
      "",
      "'{null}' <> '' AND {value} = '{null}'",
      "The word of CSV_NULL in quotes%s: without them it means a missing value."),
  SPACES("", like("[\\s\\u00a0\\u2007\\u202f]+"), "Nothing but spaces%s: leave the field empty."),
  SHORTENED(
      "N",
      like(TableProposal.SHORTENED),
      "Numbers that a spreadsheet has shortened, as in 1.23457E+11%s: their last digits are lost. Format the column"
          + " as a number without decimals there, and export it again."),
  FLOAT(
      "N",
      like("[-+]?\\d+(\\.0*|(\\.\\d+)?[eE][-+]?\\d+)"),
      "Whole numbers written as 1.0 or 1e+05%s: have them written as 1 and 100000, in pandas by the type Int64, in R by"
          + " options(scipen=999)."),
  SEPARATORS(
      "N",
      like(
          "[-+]?(\\d*,\\d+|\\d{1,3}(,\\d{3})+(\\.\\d+)?|\\d{1,3}(\\.\\d{3})+(,\\d+|\\.\\d{3})"
              + "|\\d{1,3}([ ''\\u00a0\\u2009\\u2019\\u202f]\\d{3})+([.,]\\d+)?)"),
      "Numbers with a decimal comma or separators of thousands%s: write 1234.50."),
  MINUS_BEHIND(
      "N", like("[\\d.,]*\\d-"), "A minus behind the number%s: write it before the number."),
  PARENTHESES(
      "N",
      like("\\([\\d.,]*\\d\\)"),
      "Numbers in parentheses%s: write a minus before those below zero."),
  PERCENT(
      "N", like("[-+]?[\\d.,]*\\d\\s*%"), "Numbers with a percent sign%s: write the number alone."),
  CURRENCY(
      "N",
      like("[-+]?[$\\u00a3\\u00a5\\u20ac]\\s*[-\\d.,]+|[-+]?[\\d.,]+\\s*[$\\u00a3\\u00a5\\u20ac]"),
      "Numbers with the sign of a currency%s: write the number alone."),
  EPOCH(
      "D",
      like("\\d{10}(\\d{3}|\\d{6}|\\d{9})?(\\.\\d+)?"),
      "Times as seconds or milliseconds since 1970%s: have them written as 2024-12-31 23:59:00."),
  ZERO_DATE(
      "D",
      like("(0000-00-00|\\d{4}-00-\\d{2}|\\d{4}-\\d{2}-00).*"),
      "MySQL's zero date, 0000-00-00%s: export it as NULL, with NULLIF."),
  DAY_FIRST(
      "D",
      like("(1[3-9]|2\\d|3[01])[./-](0?[1-9]|1[0-2])[./-]\\d{4}(\\D.*)?")
          + " AND current_setting('DateStyle') NOT LIKE '%DMY'",
      "Dates with the day first%s: if all of the file have, the operator sets CSV_DATE_ORDER=dmy."),
  MONTH_FIRST(
      "D",
      like("(0?[1-9]|1[0-2])[./-](1[3-9]|2\\d|3[01])[./-]\\d{4}(\\D.*)?")
          + " AND current_setting('DateStyle') NOT LIKE '%MDY'",
      "Dates with the month first%s: if all of the file have, the operator sets CSV_DATE_ORDER=mdy."),
  YES_OR_NO(
      "B",
      "lower(btrim({value})) IN ('ja', 'nein', 'wahr', 'falsch', 'oui', 'non', 'vrai', 'faux', 'si', 'verdadero', 'falso',"
          + " 'vero', 'sim', 'x')",
      "Other words for yes and no%s: write true and false.");

  /** The only values that a message shows. */
  private static final List<String> WORDS =
      List.of("NA", "N/A", "NULL", "null", "None", "NaN", "\\N", "#N/A", "-");

  /** The type's category in {@code pg_type}, which domains share; empty for all. */
  private final String category;

  /** SQL, in which names in braces stand for the value and for {@code CSV_NULL}. */
  private final String condition;

  /** What it is and what to do, with a place for the columns. */
  private final String sentence;

  ValueShape(String category, String condition, String sentence) {
    this.category = category;
    this.condition = condition;
    this.sentence = sentence;
  }

  private static String like(String pattern) {
    return "{value} ~ '^\\s*(" + pattern + ")\\s*$'";
  }

  /**
   * The SQL expression for the shape of a refused value: the name of one of these, the word for a
   * missing value itself, or NULL.
   *
   * @param category of its column's type in {@code pg_type}
   * @param nullText the word of {@code CSV_NULL}; may be empty
   */
  static String expression(String value, String category, String nullText) {
    return Stream.of(values())
        .filter(shape -> shape.category.isEmpty() || shape.category.equals(category))
        .map(shape -> " WHEN %s THEN '%s'".formatted(shape.condition, shape))
        .collect(
            joining(
                "",
                "CASE",
                " WHEN {value} IN ('" + String.join("', '", WORDS) + "') THEN {value} END"))
        .replace("{value}", value)
        .replace("{null}", nullText.replace("'", "''"));
  }

  /**
   * Says what shapes the refused values of a file have, and what to do.
   *
   * @param found how many there are by shape, as the expression has it, and column
   * @param mayBeNull whether {@code CSV_NULL} can be set to a word without another value of the
   *     file being refused then
   */
  static List<String> sentences(Map<String, Map<String, Long>> found, boolean mayBeNull) {
    List<String> sentences =
        Stream.of(values())
            .filter(shape -> found.containsKey(shape.name()))
            .map(shape -> shape.sentence.formatted(counted(List.of(found.get(shape.name())))))
            .collect(toCollection(ArrayList::new));
    List<String> words = WORDS.stream().filter(found::containsKey).toList();
    if (!words.isEmpty()) {
      String counted = counted(words.stream().map(found::get).toList());
      sentences.add(
          (words.size() == 1 && mayBeNull
                  ? "If %1$s means a missing value%2$s, the operator sets CSV_NULL=%1$s."
                  : "If %s means a missing value%s, write all missing values of the file alike, because CSV_NULL is one word.")
              .formatted(String.join(" or ", words), counted));
    }
    return sentences;
  }

  /** The columns with their counts: {@code (price 30, tax 1)}. */
  private static String counted(List<Map<String, Long>> counts) {
    return counts.stream()
        .flatMap(columns -> columns.entrySet().stream())
        .collect(
            groupingBy(Map.Entry::getKey, LinkedHashMap::new, summingLong(Map.Entry::getValue)))
        .entrySet()
        .stream()
        .map(count -> count.getKey() + " " + count.getValue())
        .collect(joining(", ", " (", ")"));
  }
}
