package s3topostgres.load;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.Mode;
import s3topostgres.faults.FaultSearch;
import s3topostgres.faults.TableProposal;
import s3topostgres.history.History;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.Stage;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Script;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * Finds out what a load of an upload would say, or all that there was to say when one has failed.
 * The file is imported into a temporary table, in a transaction that is rolled back: the table and
 * the history stay as they are, and nobody waits for a lock.
 */
public final class DryRun {
  private static final Logger log = LoggerFactory.getLogger(DryRun.class);

  private static final String CHECKS_LOCKED =
      "nothing was found, but another session locks the table, so its checks were not tried";

  private final LoadSettings settings;
  private final FileImports imports;
  private final LoadMode mode;
  private final Database database;

  public DryRun(LoadSettings settings, CsvFormat format, S3Objects objects, Database database) {
    this(FileImports.of(settings, format, objects), database);
  }

  DryRun(FileImports imports, Database database) {
    this.settings = imports.settings();
    this.mode = LoadMode.of(settings);
    this.imports = imports;
    this.database = database;
  }

  /**
   * Tries an object of the bucket, as if it had just been uploaded.
   *
   * @param deadline when the answer has to be there
   */
  public DryRunResult run(Upload upload, Deadline deadline) {
    Optional<String> ignored = imports.whyIgnored(upload);
    if (ignored.isPresent()) {
      return DryRunResult.notTried(
          upload, settings.table().setting(), "It would be ignored: " + ignored.get());
    }
    try (Session session = database.connectOnce(deadline)) {
      begin(session);
      Optional<String> missing = imports.missingTable(session, upload);
      return missing.isPresent()
          ? propose(session, upload, missing.get())
          : tryOut(session, upload);
    } catch (SQLException e) {
      return failed(upload, SqlErrors.translate(e, deadline));
    } catch (LoadException e) {
      return failed(upload, e);
    }
  }

  /**
   * Looks for everything that is wrong with a file of which a load has found the first fault.
   *
   * @return the failure with all faults, or itself where that is not possible
   */
  LoadException explain(LoadException failure, LoadProgress progress, Deadline deadline) {
    Optional<StoredObject> seen = progress.record().object();
    if (failure.code() != ErrorCode.ROW_REJECTED || seen.isEmpty() || progress.completes()) {
      return failure; // The end of a full load is about several files.
    }
    if (ImportErrors.isMalformed(failure)) {
      return withoutOthers(failure);
    }
    progress.step("looking-for-all-faults");
    try (Session session = database.connectOnce(deadline)) {
      begin(session);
      StoredObject object = imports.look(session, progress.upload());
      if (!object.etag().equals(seen.get().etag())) {
        return failure;
      }
      TargetTable table = imports.table(session, progress.upload());
      FileImport rows = imports.rows(session, table, progress.upload(), object, 0);
      FaultSearch.Result found = search(session, rows);
      boolean added =
          settings.mode() == Mode.APPEND
              && found.rows().isPresent()
              && !Stage.hasBrokenLines(session, rows);
      return found.faults().explain(failure, added);
    } catch (SQLException | RuntimeException e) {
      log.warn(
          "looking for all faults failed: {}",
          e instanceof LoadException ours ? ours.getMessage() : e.getClass().getName());
      return advising(failure, "There may be more faults; they could not be looked for.");
    }
  }

  private static LoadException withoutOthers(LoadException malformed) {
    return advising(malformed, "The lines after it have not been checked.");
  }

  private static LoadException advising(LoadException failure, String more) {
    return failure.listing(failure.why(), failure.whatToDo() + " " + more, failure.faults());
  }

  private void begin(Session session) throws SQLException {
    session.begin();
    imports.objectImport().install(session);
    session.execute("SET LOCAL lock_timeout = '2s'");
  }

  /**
   * Of {@code BEFORE_LOAD_SQL} only the settings matter here, such as that of the date style. As in
   * a load, the names of tables are looked up before.
   */
  private void applySettings(Session session) throws SQLException {
    for (String setting : settings.beforeLoadSql().map(Script::settings).orElse(List.of())) {
      Script.run(session, "BEFORE_LOAD_SQL", setting);
    }
  }

  private FaultSearch.Result search(Session session, FileImport rows) throws SQLException {
    applySettings(session);
    List<String> key = mode.keyNames(session, rows.table());
    return FaultSearch.find(session, rows.table(), rows, key, settings.mode() != Mode.CHANGES);
  }

  private DryRunResult tryOut(Session session, Upload upload) throws SQLException {
    TargetTable table = imports.table(session, upload);
    mode.check(session, table);
    History history = History.ifThere(session, settings);
    History.refuseAsTarget(session, settings, table);
    FileImport rows = imports.rows(session, table, upload, imports.look(session, upload), 0);
    FaultSearch.Result found = search(session, rows);
    Optional<LoadException> failure =
        found.end().map(DryRun::withoutOthers).or(() -> found.faults().failure());
    if (failure.isEmpty()) {
      failure =
          FileImport.tooFew(found.rows().orElseThrow(), imports.minRows(session, history, table));
    }
    return new DryRunResult(
        upload.object().toString(),
        table.name(),
        failure.isEmpty() && found.faults().all(),
        failure
            .map(e -> e.about(upload.object().toString()).getMessage())
            .orElse(found.faults().all() ? null : CHECKS_LOCKED),
        found.rows().isPresent() ? found.rows().getAsLong() : null,
        rows.columns().stream().map(Column::name).toList(),
        table.notAmong(rows.columns()),
        found.faults().first().stream().map(DryRunResult.FaultInFile::of).toList(),
        null);
  }

  private DryRunResult propose(Session session, Upload upload, String name) throws SQLException {
    FileImport rows =
        imports.rowsWithoutTable(session, name, upload, imports.look(session, upload));
    applySettings(session);
    TableProposal proposal = TableProposal.of(session, rows.table(), rows);
    String grant = "GRANT %s ON %s TO %s;".formatted(mode.privileges(), name, session.user());
    return new DryRunResult(
        upload.object().toString(),
        name,
        false,
        Stream.concat(Stream.of("there is no table " + name), proposal.notes().stream())
            .collect(joining("; ")),
        proposal.rows(),
        rows.columns().stream().map(Column::name).toList(),
        List.of(),
        List.of(),
        proposal.create() + ";\n" + grant);
  }

  private DryRunResult failed(Upload upload, LoadException failure) {
    return DryRunResult.notTried(
        upload, settings.table().setting(), failure.about(upload.object().toString()).getMessage());
  }
}
