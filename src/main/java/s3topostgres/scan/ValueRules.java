package s3topostgres.scan;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import s3topostgres.Warning;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.DateOrder;
import s3topostgres.postgres.ScanTarget;

/** Looks at each value with the type of its column in mind. */
final class ValueRules {
  /** Is told why a value is refused. */
  interface Refused {
    void value(FormFault fault, String column, long line);
  }

  private static final FieldRule NONE = (bytes, from, to, quoted, marked, line) -> {};

  /** Of a field that is left out. */
  private static final FieldRule LEFT_OUT = (bytes, from, to, quoted, marked, line) -> {};

  private final CsvFormat format;
  private final byte[] nullText;
  private final ScanTarget target;
  private final ColumnFindings[] findings;
  private final FieldRule[] rules;

  ValueRules(CsvFormat format, ScanTarget target, Refused refused) {
    this.format = format;
    this.nullText = format.nullText().getBytes(format.charset());
    this.target = target;
    int columns = target.fields().size();
    findings = new ColumnFindings[columns];
    rules = new FieldRule[columns];
    for (int i = 0; i < columns; i++) {
      ScanTarget.Field field = target.fields().get(i);
      findings[i] =
          new ColumnFindings(
              field.name(), (fault, line) -> refused.value(fault, field.name(), line));
      rules[i] = rule(field, findings[i]);
    }
  }

  private FieldRule rule(ScanTarget.Field field, ColumnFindings findings) {
    String type = field.type().split("[( ]")[0];
    return switch (type) {
      case "" -> LEFT_OUT;
      case "text", "character", "citext" -> new TextRule(format, findings);
      case "date", "timestamp" ->
          new DateRule(
              target, field, format.dateOrder().equals(Optional.of(DateOrder.MDY)), findings);
      case "time" -> new ClockRule(field.type(), findings);
      case "interval" ->
          // One of days only, or of minutes and seconds, says how such values are meant.
          field.type().matches("interval(\\(\\d\\))?")
              ? new ClockRule(field.type(), findings)
              : NONE;
      case "smallint", "integer", "bigint", "numeric", "real", "double", "money" ->
          new NumberRule(type, target.serverVersion(), findings);
      case "bytea" -> new BytesRule(findings);
      default -> NONE;
    };
  }

  /**
   * Looks at a field.
   *
   * @param bytes hold the field as it is in the file, quotes included; only during the call
   * @param from its first byte
   * @param to behind its last byte
   * @param index from 0
   * @param marked whether it has a backslash, or a character beyond ASCII
   * @param line on which it ends
   */
  void look(byte[] bytes, int from, int to, int index, boolean marked, long line) {
    int length = to - from;
    if (index < rules.length && length > 0 && rules[index] != LEFT_OUT) {
      boolean quoted = length > 1 && bytes[from] == format.quote() && bytes[to - 1] == bytes[from];
      if (quoted) {
        rules[index].look(bytes, from + 1, to - 1, true, marked, line);
      } else if (!isNull(bytes, from, to)) {
        if (length == 2 && bytes[from] == '\\' && bytes[from + 1] == 'N') {
          findings[index].refuse(FormFault.NULL_MARK, line);
        }
        rules[index].look(bytes, from, to, false, marked, line);
      }
    }
  }

  private boolean isNull(byte[] bytes, int from, int to) {
    return to - from == nullText.length
        && Arrays.equals(nullText, 0, nullText.length, bytes, from, to);
  }

  void end() {
    Stream.of(rules).forEach(FieldRule::end);
  }

  List<Warning> warnings() {
    return Stream.of(findings).flatMap(found -> found.warnings().stream()).toList();
  }
}
