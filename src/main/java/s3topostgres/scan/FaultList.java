package s3topostgres.scan;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import s3topostgres.Fault;

/** The faults of a file: the first of them, and how many there are. */
final class FaultList {
  /** How many are kept. */
  static final int KEPT = 1000;

  private final List<Fault> first = new ArrayList<>();
  private final Map<FormFault, Long> counts = new EnumMap<>(FormFault.class);
  private final Map<String, Long> byColumn = new TreeMap<>();
  private final Map<FormFault, Long> lastLines = new EnumMap<>(FormFault.class);

  /**
   * Adds one, unless that line has one of this kind already. Of lines that end differently from
   * others only the first is added, because there is no telling which of them are meant.
   */
  void addLine(FormFault kind, long line, Supplier<Fault> fault) {
    long last = lastLines.getOrDefault(kind, 0L);
    if (line > last && (kind != FormFault.OTHER_LINE_END || last == 0)) {
      lastLines.put(kind, line);
      add(kind, Optional.empty(), fault);
    }
  }

  /**
   * Adds one.
   *
   * @param column of the value; empty where the line as a whole is meant
   */
  void add(FormFault kind, Optional<String> column, Supplier<Fault> fault) {
    counts.merge(kind, 1L, Long::sum);
    column.ifPresent(name -> byColumn.merge(name, 1L, Long::sum));
    if (first.size() < KEPT) {
      first.add(fault.get());
    }
  }

  boolean isEmpty() {
    return counts.isEmpty();
  }

  Set<FormFault> kinds() {
    return Collections.unmodifiableSet(counts.keySet());
  }

  long count() {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** How many are about a column's values, by its name. */
  Map<String, Long> byColumn() {
    return Map.copyOf(byColumn);
  }

  /** The first {@value #KEPT} that were found, in the order of their lines. */
  List<Fault> first() {
    return first.stream()
        .sorted(Comparator.comparingLong(fault -> fault.line().orElse(0)))
        .toList();
  }
}
