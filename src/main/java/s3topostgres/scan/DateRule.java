package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import s3topostgres.postgres.ScanTarget;
import s3topostgres.postgres.ScanTarget.Field;

/** Looks for dates and times that are not those of their writer, or other ones tomorrow. */
final class DateRule implements FieldRule {
  private static final String DAY_OR_MONTH =
      "Day and month of these dates could be exchanged, and no other date of the column tells which"
          + " comes first; they were read as the database's DateStyle says. The operator sets"
          + " CSV_DATE_ORDER=dmy or mdy, or the file has dates such as 2024-12-31.";
  private static final String SHORT_YEAR =
      "Years of one or two digits were read as years from 1970 to 2069. Write all four digits.";
  private static final String DAY_OF_YEAR =
      "Numbers such as 2024.065 were read as the 65th day of 2024. Write dates such as 2024-12-31.";
  private static final String EPOCH =
      "The word epoch was read as 1 January 1970. Write the date itself, or leave it empty.";
  private static final String ROUNDED =
      "Times were rounded up to the next day, because Postgres has six digits behind the second."
          + " Write six at the most.";
  static final String DROPPED =
      "Offsets and time zones were dropped, because the column has none: 12:00+02:00 is loaded as"
          + " 12:00. The column should have a type with a time zone, or all times one zone, without"
          + " it.";
  private static final String ONLY_DATE =
      "Times of day were dropped, because the column is a date; 2024-05-31T22:00:00Z, which is 1 June"
          + " in much of Europe, is loaded as 31 May. Write the date alone, or the column should be"
          + " timestamptz.";
  private static final String LETTERS =
      "The letters of a time zone stand for several zones, and Postgres chose one. Write an offset"
          + " such as +02:00.";
  private static final String OPPOSITE =
      "In UTC+2, Postgres takes the sign the other way round: it is two hours behind UTC. Write"
          + " +02:00 alone.";

  private static final Set<String> RELATIVE = Set.of("now", "today", "tomorrow", "yesterday");

  private static final Pattern YEAR_LAST =
      Pattern.compile("(\\d{1,2})([./-])(\\d{1,2})\\2(\\d{1,4})(?!\\d)");
  private static final Pattern SHORT =
      Pattern.compile("\\d{1,2}[ /-][A-Za-z]{3,9}[ /-]\\d{1,2}(?!\\d).*|\\d{6}");
  private static final Pattern ORDINAL = Pattern.compile("\\d{4}\\.\\d{3}");
  private static final Pattern LAST_MOMENT = Pattern.compile(".*23:59:59\\.999999[5-9].*");

  /** A time of day other than midnight. */
  private static final Pattern TIME_OF_DAY =
      Pattern.compile(
          "(?<=[ T])(?!00?:00(:00([.,]0*)?)?(?![\\d:.,])|12:00(:00)? ?am)\\d{1,2}:\\d{2}",
          Pattern.CASE_INSENSITIVE);

  /** What follows a time. A number without a sign is the year. */
  private static final Pattern ZONE =
      Pattern.compile(
          ".*?(?:\\d:\\d{2}(?::\\d{2})?|\\dT\\d{4}(?:\\d{2})?)(?:[.,]\\d+)? ?(?:[ap]m ?)?"
              + "(?<zone>(?:utc|gmt)?(?<sign>[+-])?(?<digits>(?:(?<=[a-z+-])[\\d:]*)?)"
              + "(?<letters>[a-z][a-z/_]*)?).*",
          Pattern.CASE_INSENSITIVE);

  /** A time zone behind a time, or an offset, that is not UTC. */
  private record Zone(boolean isNamed, String digits, String letters) {
    static Optional<Zone> of(String text) {
      Matcher found = ZONE.matcher(text);
      if (!found.matches() || found.group("zone").isEmpty()) {
        return Optional.empty();
      }
      String digits = found.group("digits").replace(":", "");
      String zone = found.group("zone").toLowerCase(Locale.ROOT);
      boolean isNamed = zone.startsWith("utc") || zone.startsWith("gmt");
      boolean isOffset = found.group("sign") != null;
      String letters = isOffset || isNamed || zone.equals("z") ? "" : zone;
      boolean isUtc = digits.chars().allMatch(digit -> digit == '0') && letters.isEmpty();
      return Optional.of(new Zone(isNamed, digits, letters))
          .filter(any -> !isUtc && !Set.of("ad", "bc").contains(letters));
    }
  }

  private final ScanTarget target;
  private final boolean isMonthFirst;
  private final boolean hasZone;
  private final boolean hasTime;
  private final ColumnFindings findings;

  /** Whether a date of the column shows which of day and month comes first. */
  private boolean tells;

  /**
   * @param field of type {@code date} or {@code timestamp}
   * @param isMonthFirst whether the operator has said so for these files
   */
  DateRule(ScanTarget target, Field field, boolean isMonthFirst, ColumnFindings findings) {
    this.target = target;
    this.isMonthFirst = isMonthFirst;
    this.hasTime = field.type().startsWith("timestamp");
    this.hasZone = field.type().endsWith(" with time zone");
    this.findings = findings;
  }

  @Override
  public void look(byte[] bytes, int from, int to, boolean quoted, boolean marked, long line) {
    if (!isUsual(bytes, from, to)) {
      look(new String(bytes, from, to - from, ISO_8859_1).strip(), line);
    }
  }

  /** Whether it is {@code 2024-12-31}, with or without a time and a few of its decimals. */
  private boolean isUsual(byte[] bytes, int from, int to) {
    int length = to - from;
    boolean usual =
        length >= 10
            && length <= (hasTime ? 26 : 10)
            && bytes[from + 4] == '-'
            && bytes[from + 7] == '-';
    for (int at = from + 11; usual && at < to; at++) {
      usual = bytes[at] >= '.' && bytes[at] <= ':';
    }
    return usual;
  }

  private void look(String text, long line) {
    String word = firstWord(text);
    if (RELATIVE.contains(word)) {
      findings.refuse(FormFault.RELATIVE_DATE, line);
    } else if (word.equals("epoch")) {
      findings.warn(EPOCH, line);
    }
    Matcher date = YEAR_LAST.matcher(text);
    if (date.lookingAt()) {
      yearLast(date, line);
    } else if (SHORT.matcher(text).matches()) {
      findings.warn(SHORT_YEAR, line);
    } else if (ORDINAL.matcher(text).matches()) {
      findings.warn(DAY_OF_YEAR, line);
    }
    if (hasTime) {
      time(text, line);
    } else if (TIME_OF_DAY.matcher(text).find()) {
      findings.warn(ONLY_DATE, line);
    }
  }

  /** Whether a text is a word for the moment of the load. */
  static boolean isRelative(String text) {
    return RELATIVE.contains(firstWord(text));
  }

  private static String firstWord(String text) {
    int end = 0;
    while (end < text.length() && Character.isLetter(text.charAt(end))) {
      end++;
    }
    return text.substring(0, end).toLowerCase(Locale.ROOT);
  }

  private void yearLast(Matcher date, long line) {
    int first = Integer.parseInt(date.group(1));
    int second = Integer.parseInt(date.group(3));
    boolean isDotted = date.group(2).equals(".");
    if (first > 12 || second > 12) {
      tells = true;
    } else if (first != second && !isDotted && !target.isOrderSet()) {
      findings.warn(DAY_OR_MONTH, line);
    } else if (first != second && isDotted && target.monthFirst() && !isMonthFirst) {
      findings.refuse(FormFault.DOTTED_DATE, line);
    }
    if (date.group(4).length() < 3) {
      findings.warn(SHORT_YEAR, line);
    }
  }

  private void time(String text, long line) {
    if (LAST_MOMENT.matcher(text).matches()) {
      findings.warn(ROUNDED, line);
    }
    Zone.of(text).ifPresent(zone -> zone(zone, line));
  }

  private void zone(Zone zone, long line) {
    if (!hasZone) {
      findings.warn(DROPPED, line);
    } else if (zone.isNamed && zone.digits.length() >= 3) {
      findings.refuse(FormFault.OPPOSITE_OFFSET, line);
    } else if (zone.isNamed) {
      findings.warn(OPPOSITE, line);
    } else if (!zone.letters.isEmpty() && !zone.letters.contains("/")) {
      findings.warn(LETTERS, line);
    }
  }

  /** Whether a time zone, or an offset, follows a time, and makes a difference. */
  static boolean hasZone(String text) {
    return Zone.of(text).isPresent();
  }

  @Override
  public void end() {
    if (tells) {
      findings.withdraw(DAY_OR_MONTH);
    }
  }
}
