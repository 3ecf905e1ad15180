package s3topostgres.faults;

import java.sql.SQLException;
import java.util.Optional;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.csv.FileImport;
import s3topostgres.csv.FileImports;
import s3topostgres.csv.RowSource;
import s3topostgres.mode.LoadMode;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/**
 * Leaves the rows with faults out of a second attempt to load a file, where {@code
 * MAX_REJECTED_ROWS} allows so many.
 */
public final class RowRejection {
  private final FileImports files;
  private final LoadMode mode;
  private final LoadException failure;
  private Optional<FaultSearch.Result> left = Optional.empty();

  /**
   * @param failure of the first attempt, for a row
   */
  public RowRejection(FileImports files, LoadMode mode, LoadException failure) {
    this.files = files;
    this.mode = mode;
    this.failure = failure;
  }

  /**
   * Searches the rows for faults, and takes the others.
   *
   * @throws LoadException {@code ROW_REJECTED} where no row has a fault that was found, too many
   *     have, or not all are known; {@code TOO_FEW_ROWS}
   */
  public RowSource leaveOut(Session session, TargetTable table, RowSource rows)
      throws SQLException {
    FaultSearch.Result result =
        FaultSearch.find(
            session,
            table,
            rows,
            mode.keyNames(session, table),
            mode.faultScope(),
            files.format().nullText());
    Optional<FaultyRows> leftOut = result.leftOut(files.settings().maxRejectedRows());
    if (leftOut.isEmpty()) {
      throw refused(result);
    }
    Optional<LoadException> tooFew =
        FileImport.tooFewRows(
            "without the rows that have faults there are",
            leftOut.get().othersCount(),
            rows.minRows());
    if (tooFew.isPresent()) {
      throw tooFew.get();
    }
    left = Optional.of(result);
    return leftOut.get().takeOthers(result.warnings());
  }

  private LoadException refused(FaultSearch.Result result) {
    LoadException explained = result.explain(failure);
    long most = result.mayLeaveOut(files.settings().maxRejectedRows());
    return result.faulty().filter(rows -> rows.count() > most).isEmpty()
        ? explained
        : explained.advising(
            "%d rows have faults, and at most %d may be left out (the operator sets MAX_REJECTED_ROWS). %s"
                .formatted(result.faulty().get().count(), most, explained.whatToDo()));
  }

  /** Lists the faults in a failure of this attempt for a row that only the table refuses. */
  public LoadException explain(LoadException later) {
    return left.map(result -> result.explain(later).retry(Retry.FOR_A_DAY)).orElse(later);
  }
}
