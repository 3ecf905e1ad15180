package s3topostgres.faults;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.scan.ScanResult;

/**
 * The faults of a file.
 *
 * @param first the first {@value #KEPT} faults, in the order of the file
 * @param byColumn the number of faults by the column's name; those of whole rows under {@link
 *     #OF_ROWS}
 * @param all whether all faults were found
 * @param scans that found malformed lines among them, one of each file that has some
 * @param hints whole sentences: what the refused values look like, and what to do about it
 */
public record FaultList(
    List<Fault> first,
    Map<String, Long> byColumn,
    boolean all,
    List<ScanResult> scans,
    List<String> hints) {
  /** How many are kept, for the history and the dry run. */
  static final int KEPT = 1000;

  /** Stands for a column where the row as a whole is meant. */
  static final String OF_ROWS = "keys and checks";

  /** Stands for a column where the form of a line is meant. */
  static final String OF_LINES = "malformed lines";

  /** How many the message names. */
  private static final int NAMED = 10;

  private static final Pattern OTHER_LINE = Pattern.compile(" (of|as) line \\d+( of .+)?$");

  private static final Comparator<Fault> BY_PLACE =
      Comparator.comparing((Fault fault) -> fault.part().orElse(""))
          .thenComparingLong(fault -> fault.line().orElse(0));

  private static final String CORRECT_AND_SEE =
      "Correct the file and upload it again; there may be more, which could not be looked for."
          + " The old rows are still there.";

  /** The list for a malformed line, which stopped {@code COPY} and hides the lines after it. */
  static FaultList stoppedBy(LoadException malformed) {
    Fault fault = malformed.faults().get(0);
    return new FaultList(List.of(fault), Map.of(column(fault), 1L), false, List.of(), List.of());
  }

  /** Adds the malformed lines. */
  FaultList and(List<ScanResult> scanned) {
    List<ScanResult> found = scanned.stream().filter(scan -> scan.count() > 0).toList();
    Map<String, Long> counts = new LinkedHashMap<>();
    for (ScanResult scan : found) {
      long values = scan.byColumn().values().stream().mapToLong(Long::longValue).sum();
      if (scan.count() > values) {
        counts.merge(OF_LINES, scan.count() - values, Long::sum);
      }
    }
    byColumn.forEach((name, count) -> counts.merge(name, count, Long::sum));
    found.forEach(
        scan -> scan.byColumn().forEach((name, count) -> counts.merge(name, count, Long::sum)));
    return new FaultList(
        Stream.concat(found.stream().flatMap(scan -> scan.faults().stream()), first.stream())
            .sorted(BY_PLACE)
            .limit(KEPT)
            .toList(),
        counts,
        all && found.stream().allMatch(scan -> scan.places().areAll()),
        found,
        hints);
  }

  /** How many there are. */
  public long count() {
    return byColumn.values().stream().mapToLong(count -> count).sum();
  }

  /**
   * Lists all faults in a failure in place of the one by which the load ended. That one stays among
   * them if it is of a kind that is not searched for, such as a foreign key; not beside malformed
   * lines, because it may come from one. A file of which nothing else is wrong may pass later.
   *
   * @param added whether the rows are added to others, so that a duplicate key may be in the table,
   *     and the failure's line is as exact as those found
   */
  public LoadException explain(LoadException failure, boolean added) {
    if (!scans.isEmpty()) {
      return listed(failure.sqlState(null), advice()).retry(Retry.NEVER);
    }
    return with(failure.faults().get(0), added)
        .listed(failure, ImportErrors.CORRECT_THE_FILE)
        .retry(first.isEmpty() ? Retry.FOR_A_DAY : Retry.NEVER);
  }

  private LoadException listed(LoadException failure, String whatToDo) {
    Fault only = first.get(0);
    if (count() == 1) {
      return failure.listing(
          only.reason(), hinted(scans.isEmpty() ? failure.whatToDo() : whatToDo), first);
    }
    return failure.listing(summary(), hinted(all ? whatToDo : andMore()), first);
  }

  private String hinted(String whatToDo) {
    return Stream.concat(hints.stream(), Stream.of(whatToDo)).collect(joining(" "));
  }

  private String andMore() {
    return scans.isEmpty()
        ? CORRECT_AND_SEE
        : advice() + " There may be more faults, which could not be looked for.";
  }

  /** What to do about malformed lines. */
  private String advice() {
    return scans.stream().map(ScanResult::whatToDo).distinct().collect(joining(" "));
  }

  /** The failure of a load of the file; empty if there are no faults. */
  public Optional<LoadException> failure() {
    return first.stream()
        .findFirst()
        .map(
            fault ->
                explain(
                    ErrorCode.ROW_REJECTED
                        .failure(fault.reason(), ImportErrors.CORRECT_THE_FILE)
                        .at(fault.line(), fault.column())
                        .ofPart(fault.part()),
                    false));
  }

  private FaultList with(Fault known, boolean added) {
    if (first.stream().anyMatch(fault -> isSame(fault, known, added))) {
      return this;
    }
    List<Fault> faults = new ArrayList<>(first);
    int place = (int) first.stream().takeWhile(fault -> BY_PLACE.compare(fault, known) < 0).count();
    faults.add(place, known);
    Map<String, Long> counts = new LinkedHashMap<>(byColumn);
    counts.merge(column(known), 1L, Long::sum);
    return new FaultList(
        faults.subList(0, Math.min(faults.size(), KEPT)), counts, all, scans, hints);
  }

  /**
   * Whether a fault is the one by which the load ended. COPY and typed values may count lines
   * otherwise, and the reason of a duplicate key may name the other line.
   */
  private static boolean isSame(Fault found, Fault known, boolean added) {
    boolean column = known.column().isEmpty() || known.column().equals(found.column());
    boolean reason =
        added
            ? found.reason().equals(known.reason())
            : found.reason().startsWith(OTHER_LINE.matcher(known.reason()).replaceFirst(""));
    boolean line = found.line().equals(known.line()) && found.part().equals(known.part());
    return column && (line || reason);
  }

  private boolean isOfForm(Fault fault) {
    return fault.column().isEmpty()
        && scans.stream().anyMatch(scan -> scan.faults().contains(fault));
  }

  private static String column(Fault fault) {
    return fault.column().orElse(OF_ROWS);
  }

  /**
   * {@code 41 values do not fit: line 3, column age: not a whole number; ... and 31 more (age 31)}.
   */
  public String summary() {
    List<Fault> named = first.subList(0, Math.min(first.size(), NAMED));
    String more = "";
    if (count() > named.size()) {
      Map<String, Long> counts = new LinkedHashMap<>(byColumn);
      named.forEach(
          fault -> counts.merge(isOfForm(fault) ? OF_LINES : column(fault), -1L, Long::sum));
      more =
          counts.entrySet().stream()
              .filter(count -> count.getValue() > 0)
              .map(count -> count.getKey() + " " + count.getValue())
              .collect(joining(", ", "; ... and %d more (".formatted(count() - named.size()), ")"));
    }
    return "%s%d %s: %s%s"
        .formatted(
            all ? "" : "at least ",
            count(),
            scans.isEmpty() ? "values do not fit" : "faults",
            named.stream().map(Fault::toString).collect(joining("; ")),
            more);
  }
}
