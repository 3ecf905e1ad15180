package s3topostgres.scan;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ObjLongConsumer;
import s3topostgres.Warning;

/** What the rule of one column has found. */
final class ColumnFindings {
  private final String column;
  private final ObjLongConsumer<FormFault> refused;

  /** The first line and the number, by the warning's words. */
  private final Map<String, long[]> warnings = new LinkedHashMap<>();

  /**
   * @param column its name
   * @param refused takes why a value is refused, and its line
   */
  ColumnFindings(String column, ObjLongConsumer<FormFault> refused) {
    this.column = column;
    this.refused = refused;
  }

  void refuse(FormFault fault, long line) {
    refused.accept(fault, line);
  }

  /**
   * Adds a value that is loaded, but probably not as it was meant.
   *
   * @param warning whole sentences: what was found, and what to do
   */
  void warn(String warning, long line) {
    warnings.computeIfAbsent(warning, words -> new long[] {line, 0})[1]++;
  }

  List<Warning> warnings() {
    return warnings.entrySet().stream()
        .map(found -> new Warning(found.getValue()[0], column, found.getValue()[1], found.getKey()))
        .toList();
  }

  /** Takes back what turned out to be meant. */
  void withdraw(String warning) {
    warnings.remove(warning);
  }
}
