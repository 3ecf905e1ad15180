package s3topostgres.mode;

import java.util.List;
import java.util.Optional;
import s3topostgres.Warning;
import s3topostgres.history.RowCounts;

/**
 * The effect of a load on its table.
 *
 * @param rows in the file
 * @param way how the rows came into the table, in one word for the log; empty in modes that have
 *     but one
 * @param counts of changed rows; empty in modes without a stage
 * @param source the table with the file's rows, quoted as SQL needs it: the target table or a
 *     stage; empty where the target table has others, too, and no index finds the file's
 * @param sequences that the file's values have reached
 * @param warnings about rows of the table
 */
public record LoadOutcome(
    long rows,
    Optional<String> way,
    Optional<RowCounts> counts,
    Optional<String> source,
    List<ColumnSequence.Reached> sequences,
    List<Warning> warnings) {

  public LoadOutcome(
      long rows, Optional<String> way, Optional<RowCounts> counts, Optional<String> source) {
    this(rows, way, counts, source, List.of(), List.of());
  }

  /** In a mode that has one way, and no stage. */
  static LoadOutcome simply(long rows, Optional<String> source) {
    return new LoadOutcome(rows, Optional.empty(), Optional.empty(), source);
  }

  /**
   * The outcome of one of several files that were loaded together.
   *
   * @param isLast whether the counts of all are its own
   */
  public LoadOutcome ofFile(long rowsOfFile, boolean isLast) {
    return new LoadOutcome(
        rowsOfFile, way, isLast ? counts : Optional.empty(), source, sequences, warnings);
  }

  /** Adds the sequences that the file's values have reached. */
  public LoadOutcome with(List<ColumnSequence.Reached> reached) {
    return new LoadOutcome(rows, way, counts, source, reached, warnings);
  }
}
