package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.regex.Pattern;

/** Looks for times of day and durations that Postgres counts in another unit. */
final class ClockRule implements FieldRule {
  private static final String MINUTES =
      "1:58 was read as hours and minutes, and other values of the column, such as 1:58.3, as minutes"
          + " and seconds. Write all three: 0:01:58.";
  private static final String SECONDS =
      "Numbers without a unit were read as seconds. If they are not, write a unit: 1500 ms.";

  private static final Pattern TWO_PARTS = Pattern.compile("-?\\d+:\\d{2}");
  private static final Pattern WITH_DECIMALS = Pattern.compile("-?\\d+:\\d{2}[.]\\d+");

  /** But for zero, which is the same in every unit. */
  private static final Pattern NUMBER = Pattern.compile("[+-]?(?!0+(\\.0*)?$)\\d+(\\.\\d*)?");

  private final boolean isInterval;
  private final boolean dropsZones;
  private final ColumnFindings findings;
  private boolean hasDecimals;

  /**
   * @param type of the column: {@code time}, with or without a zone, or {@code interval}, of all
   *     units
   */
  ClockRule(String type, ColumnFindings findings) {
    this.isInterval = type.startsWith("interval");
    this.dropsZones = type.endsWith(" without time zone");
    this.findings = findings;
  }

  @Override
  public void look(byte[] bytes, int from, int to, boolean quoted, boolean marked, long line) {
    String text = new String(bytes, from, to - from, ISO_8859_1).strip();
    if (!isInterval && DateRule.isRelative(text)) {
      findings.refuse(FormFault.RELATIVE_DATE, line);
    } else if (TWO_PARTS.matcher(text).matches()) {
      findings.warn(MINUTES, line);
    } else if (isInterval && NUMBER.matcher(text).matches()) {
      findings.warn(SECONDS, line);
    } else if (dropsZones && DateRule.hasZone(text)) {
      findings.warn(DateRule.DROPPED, line);
    }
    hasDecimals |= WITH_DECIMALS.matcher(text).matches();
  }

  @Override
  public void end() {
    if (!hasDecimals) {
      findings.withdraw(MINUTES);
    }
  }
}
