package s3topostgres.faults;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.LoadException;
import s3topostgres.csv.FileImport;
import s3topostgres.csv.FileImports;
import s3topostgres.csv.FileSet;
import s3topostgres.csv.MultiFileImport;
import s3topostgres.csv.RowSource;
import s3topostgres.mode.LoadMode;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Script;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * Imports a file into a temporary table, in a transaction that is rolled back, to find its faults.
 * The target table and the history stay as they are, and nobody waits for a lock.
 */
public record TrialImport(FileImports files, LoadMode mode, Database database) {
  private static final Logger log = LoggerFactory.getLogger(TrialImport.class);

  /** Begins the transaction. Closing the session rolls it back. */
  public void begin(Session session) throws SQLException {
    session.begin();
    files.objectImport().install(session);
    files.setDateOrder(session);
    session.execute("SET LOCAL lock_timeout = '2s'");
  }

  /**
   * Runs the statements of {@code BEFORE_LOAD_SQL} that only set a parameter, such as the date
   * style. As in a load, the names of tables are looked up before.
   */
  public void applySettings(Session session) throws SQLException {
    for (String statement :
        files.settings().beforeLoadSql().map(Script::settings).orElse(List.of())) {
      Script.run(session, "BEFORE_LOAD_SQL", statement);
    }
  }

  /** Searches rows for faults. */
  public FaultSearch.Result search(Session session, TargetTable table, RowSource rows)
      throws SQLException {
    applySettings(session);
    List<String> key = mode.keyNames(session, table);
    return FaultSearch.find(
        session, table, rows, key, mode.faultScope(), files.format().nullText());
  }

  /**
   * Searches a file for all faults after a load has found the first one.
   *
   * @param failure with the code {@code ROW_REJECTED}
   * @param seen the object as the load read it
   * @param parts of a set, as the load read them; empty for one file
   * @return the failure with all faults, or itself where they cannot be searched for
   */
  public LoadException explain(
      LoadException failure,
      Upload upload,
      StoredObject seen,
      List<ListedObject> parts,
      Deadline deadline) {
    if (isHidden(failure)) {
      return withoutLaterLines(failure);
    }
    try (Session session = database.connectOnce(deadline)) {
      begin(session);
      TargetTable table = files.targetTable(session, upload);
      Optional<? extends RowSource> rows =
          parts.isEmpty()
              ? openAgain(session, table, upload, seen)
              : openAgain(session, table, upload, parts);
      if (rows.isEmpty()) {
        return parts.isEmpty() ? failure : FileSet.changed();
      }
      return search(session, table, rows.get()).explain(failure);
    } catch (SQLException | RuntimeException e) {
      log.warn(
          "looking for all faults failed: {}",
          e instanceof LoadException ours ? ours.getMessage() : e.getClass().getName());
      return failure.advising(
          failure.whatToDo() + " There may be more faults; they could not be looked for.");
    }
  }

  /** Whether rows with faults may be left out after a load has found the first one. */
  public boolean mayLeaveOut(LoadException failure) {
    return files.settings().maxRejectedRows().isPresent() && !isHidden(failure);
  }

  /** Whether a malformed line, which nobody looks for, hides those after it. */
  private boolean isHidden(LoadException failure) {
    return !files.settings().scan() && ImportErrors.isMalformed(failure);
  }

  private Optional<FileImport> openAgain(
      Session session, TargetTable table, Upload upload, StoredObject seen) throws SQLException {
    StoredObject object = files.look(session, upload);
    return object.etag().equals(seen.etag())
        ? Optional.of(files.open(session, table, upload, object, 0))
        : Optional.empty();
  }

  private Optional<MultiFileImport> openAgain(
      Session session, TargetTable table, Upload marker, List<ListedObject> parts)
      throws SQLException {
    FileSet set = FileSet.list(files, session, marker).only(parts);
    return set.parts().equals(parts) ? Optional.of(set.open(session, table, 0)) : Optional.empty();
  }

  /** Says that a malformed line hides those after it. */
  public static LoadException withoutLaterLines(LoadException malformed) {
    return malformed.advising(malformed.whatToDo() + " The lines after it have not been checked.");
  }
}
