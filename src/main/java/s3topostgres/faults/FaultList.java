package s3topostgres.faults;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.postgres.ImportErrors;

/**
 * What a file has that its table does not accept.
 *
 * @param first the first {@value #KEPT} of them, in the order of the file
 * @param byColumn how many there are, by the column's name; those of whole rows under {@link
 *     #OF_ROWS}
 * @param all whether there are no more than these
 */
public record FaultList(List<Fault> first, Map<String, Long> byColumn, boolean all) {
  /** How many are kept, for the history and the dry run. */
  static final int KEPT = 1000;

  /** Stands for a column where the row as a whole is meant. */
  static final String OF_ROWS = "keys and checks";

  /** How many the message names. */
  private static final int NAMED = 10;

  private static final Pattern OTHER_LINE = Pattern.compile(" (of|as) line \\d+$");

  private static final String CORRECT_AND_SEE =
      "Correct the file and upload it again; there may be more, which could not be looked for."
          + " The old rows are still there.";

  /** A line that stopped {@code COPY}, so that nothing is known of the others. */
  static FaultList stoppedBy(LoadException malformed) {
    Fault fault = malformed.faults().get(0);
    return new FaultList(List.of(fault), Map.of(column(fault), 1L), false);
  }

  /** How many there are. */
  public long count() {
    return byColumn.values().stream().mapToLong(count -> count).sum();
  }

  /**
   * The failure of a load with all faults in place of the one by which it ended. That one stays
   * among them where it is of a kind that is not looked for, such as a foreign key.
   *
   * @param added whether the rows are added to others, of which one may have had the key, and the
   *     line of the failure is as exact as those found
   */
  public LoadException explain(LoadException failure, boolean added) {
    FaultList complete = with(failure.faults().get(0), added);
    Fault only = complete.first.get(0);
    return complete.count() == 1
        ? failure.listing(only.reason(), failure.whatToDo(), complete.first)
        : failure.listing(
            complete.summary(),
            all ? ImportErrors.CORRECT_THE_FILE : CORRECT_AND_SEE,
            complete.first);
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
                        .at(fault.line(), fault.column()),
                    false));
  }

  private FaultList with(Fault known, boolean added) {
    if (first.stream().anyMatch(fault -> isSame(fault, known, added))) {
      return this;
    }
    List<Fault> faults = new ArrayList<>(first);
    long line = known.line().orElse(0);
    int place = (int) first.stream().takeWhile(fault -> fault.line().orElse(0) < line).count();
    faults.add(place, known);
    Map<String, Long> counts = new LinkedHashMap<>(byColumn);
    counts.merge(column(known), 1L, Long::sum);
    return new FaultList(faults.subList(0, Math.min(faults.size(), KEPT)), counts, all);
  }

  /**
   * A line may have been counted otherwise, by COPY or in values that were not texts, and the
   * reason of a duplicate key now names the other line, if that is in the file.
   */
  private static boolean isSame(Fault found, Fault known, boolean added) {
    boolean column = known.column().isEmpty() || known.column().equals(found.column());
    boolean reason =
        added
            ? found.reason().equals(known.reason())
            : found.reason().startsWith(OTHER_LINE.matcher(known.reason()).replaceFirst(""));
    return column && (found.line().equals(known.line()) || reason);
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
      named.forEach(fault -> counts.merge(column(fault), -1L, Long::sum));
      more =
          counts.entrySet().stream()
              .filter(count -> count.getValue() > 0)
              .map(count -> count.getKey() + " " + count.getValue())
              .collect(joining(", ", "; ... and %d more (".formatted(count() - named.size()), ")"));
    }
    return "%s%d values do not fit: %s%s"
        .formatted(
            all ? "" : "at least ",
            count(),
            named.stream().map(Fault::toString).collect(joining("; ")),
            more);
  }
}
