package s3topostgres.load;

import java.util.List;
import java.util.Optional;
import s3topostgres.Warning;
import s3topostgres.csv.RejectedRows;
import s3topostgres.history.RowCounts;
import s3topostgres.history.Verdict;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.order.LoadProgress;

/**
 * The result of one upload. Its components are the fields of the function's answer.
 *
 * @param object {@code s3://bucket/key}
 * @param table the target table with its schema; as the setting has it where no load was begun
 * @param status {@code LOADED}, {@code DUPLICATE}, {@code STALE} or {@code IGNORED}
 * @param rows in the file
 * @param inserted rows of the table; null in a mode without a stage, and then left out of the
 *     answer, as are the next two
 * @param updated rows of the table
 * @param deleted rows of the table
 * @param rejected records of the file that were left out, because they have faults; null where
 *     there are none
 * @param bytes of the objects, as stored
 * @param millis of the load, in milliseconds
 * @param warnings about what was loaded; null where there are none
 */
public record LoadResult(
    String object,
    String table,
    Verdict status,
    long rows,
    Long inserted,
    Long updated,
    Long deleted,
    Long rejected,
    long bytes,
    long millis,
    List<Warning> warnings) {

  static LoadResult loaded(LoadProgress progress, LoadOutcome outcome) {
    return result(progress, Verdict.LOADED, outcome.rows(), progress.bytes(), outcome.counts());
  }

  /** The result where nothing had to be loaded. */
  static LoadResult withoutLoad(LoadProgress progress, Verdict status) {
    return result(progress, status, 0, 0, Optional.empty());
  }

  private static LoadResult result(
      LoadProgress progress, Verdict status, long rows, long bytes, Optional<RowCounts> counts) {
    return new LoadResult(
        progress.upload().object().toString(),
        progress.table(),
        status,
        rows,
        counts.map(RowCounts::inserted).orElse(null),
        counts.map(RowCounts::updated).orElse(null),
        counts.map(RowCounts::deleted).orElse(null),
        progress.rejected().map(RejectedRows::count).orElse(null),
        bytes,
        progress.millis(),
        progress.warnings().isEmpty() ? null : progress.warnings());
  }
}
