package s3topostgres.check;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import s3topostgres.LoadException;
import s3topostgres.csv.FileImport;
import s3topostgres.csv.FileImports;
import s3topostgres.csv.FileSet;
import s3topostgres.csv.RowSource;
import s3topostgres.faults.FaultSearch;
import s3topostgres.faults.FaultyRows;
import s3topostgres.faults.TableProposal;
import s3topostgres.faults.TrialImport;
import s3topostgres.history.History;
import s3topostgres.mode.LoadMode;
import s3topostgres.order.SetTask;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.Upload;

/**
 * Finds out what a load of an upload would do. The file is imported into a temporary table, in a
 * transaction that is rolled back: the target table and the history stay as they are, and nobody
 * waits for a lock.
 */
public record DryRun(FileImports files, LoadMode mode, Database database) {
  private static final String CHECKS_LOCKED =
      "nothing was found, but another session locks the table, so its checks were not tried";

  /**
   * Tries an object of the bucket, as if it had just been uploaded.
   *
   * @param deadline when the answer has to be there
   */
  public DryRunResult run(Upload upload, Deadline deadline) {
    Optional<String> ignored = files.whyIgnored(upload);
    if (ignored.isPresent()) {
      return DryRunResult.notTried(
          upload, files.settings().table().setting(), "It would be ignored: " + ignored.get());
    }
    try (Session session = database.connectOnce(deadline)) {
      trial().begin(session);
      Optional<String> missing = files.missingTable(session, upload);
      return missing.isPresent()
          ? propose(session, upload, missing.get())
          : tryOut(session, upload);
    } catch (SQLException e) {
      return failed(upload, SqlErrors.translate(e, deadline));
    } catch (LoadException e) {
      return failed(upload, e);
    }
  }

  private DryRunResult tryOut(Session session, Upload upload) throws SQLException {
    TargetTable table = files.targetTable(session, upload);
    mode.check(session, table);
    History history = History.unchanged(session, files.settings().historyTable());
    History.refuseAsTarget(session, files.settings().historyTable(), table);
    boolean ofSet = files.settings().setMarker().is(upload.object().key());
    RowSource rows =
        ofSet
            ? SetTask.parts(files, session, history, table, upload).open(session, table, 0)
            : files.open(session, table, upload, files.look(session, upload), 0);
    FaultSearch.Result found = trial().search(session, table, rows);
    Optional<FaultyRows> leftOut = found.leftOut(files.settings().maxRejectedRows());
    Optional<LoadException> failure =
        leftOut.isPresent()
            ? Optional.empty()
            : found.end().map(TrialImport::withoutLaterLines).or(() -> found.faults().failure());
    if (failure.isEmpty()) {
      failure =
          FileImport.tooFewRows(
              ofSet ? "the files have" : "the file has",
              leftOut.map(FaultyRows::othersCount).orElseGet(found.rows()::getAsLong),
              history.minRows(session, files.settings().minRows(), table));
    }
    return new DryRunResult(
        upload.object().toString(),
        table.name(),
        failure.isEmpty() && found.faults().all(),
        failure
            .map(e -> e.about(upload.object().toString()).getMessage())
            .orElse(found.faults().all() ? null : CHECKS_LOCKED),
        found.rows().isPresent() ? found.rows().getAsLong() : null,
        leftOut.map(FaultyRows::count).orElse(null),
        rows.columns().stream().filter(table.columns()::contains).map(Column::name).toList(),
        table.notAmong(rows.columns()),
        rows.ignored(),
        found.faults().first().stream().map(DryRunResult.FaultInFile::of).toList(),
        Stream.concat(found.warnings().stream(), leftOut.map(FaultyRows::warning).stream())
            .toList(),
        null);
  }

  private DryRunResult propose(Session session, Upload upload, String name) throws SQLException {
    if (files.settings().setMarker().is(upload.object().key())) {
      ListedObject first = FileSet.list(files, session, upload).parts().get(0);
      return propose(session, first.upload(upload.region()), name);
    }
    FileImport rows = files.openWithoutTable(session, name, upload, files.look(session, upload));
    Optional<LoadException> malformed = FaultSearch.malformed(rows);
    if (malformed.isPresent()) {
      throw malformed.get();
    }
    trial().applySettings(session);
    TableProposal proposal =
        TableProposal.of(session, rows.table(), rows, files.format().nullText().isEmpty());
    String grant = "GRANT %s ON %s TO %s;".formatted(mode.privileges(), name, session.user());
    return new DryRunResult(
        upload.object().toString(),
        name,
        false,
        Stream.concat(Stream.of("there is no table " + name), proposal.notes().stream())
            .collect(joining("; ")),
        proposal.rows(),
        null,
        rows.columns().stream().map(Column::name).toList(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        proposal.create() + ";\n" + grant);
  }

  private TrialImport trial() {
    return new TrialImport(files, mode, database);
  }

  private DryRunResult failed(Upload upload, LoadException failure) {
    return DryRunResult.notTried(
        upload,
        files.settings().table().setting(),
        failure.about(upload.object().toString()).getMessage());
  }
}
