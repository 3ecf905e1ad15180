package s3topostgres.mode;

import java.util.Optional;
import s3topostgres.history.RowCounts;

/**
 * The effect of a load on its table.
 *
 * @param rows in the file
 * @param way how the rows came into the table, in one word for the log; empty in modes that have
 *     but one
 * @param counts of changed rows; empty in modes without a stage
 */
public record LoadOutcome(long rows, Optional<String> way, Optional<RowCounts> counts) {

  /** In a mode that has one way, and no stage. */
  static LoadOutcome simply(long rows) {
    return new LoadOutcome(rows, Optional.empty(), Optional.empty());
  }
}
