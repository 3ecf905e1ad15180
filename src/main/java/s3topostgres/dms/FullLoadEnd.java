package s3topostgres.dms;

import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.config.Mode;
import s3topostgres.csv.FileImport;
import s3topostgres.csv.MultiFileImport;
import s3topostgres.history.RowCounts;
import s3topostgres.history.Verdict;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.order.LoadContext;
import s3topostgres.order.LoadTask;
import s3topostgres.postgres.Session;
import s3topostgres.s3.Upload;

/**
 * Finishes a full load after all of its files were loaded: rows of the table that are in none of
 * them are deleted.
 *
 * @param upload the last of the files
 * @param since files that were uploaded earlier belong to a full load before it
 */
record FullLoadEnd(Upload upload, Instant since, ApplyChanges mode) implements LoadTask {

  @Override
  public boolean isAnnounced() {
    return false;
  }

  @Override
  public List<Upload> uploads() {
    return List.of();
  }

  @Override
  public String recordedMode(LoadMode mode) {
    return Mode.SYNC.label();
  }

  @Override
  public Verdict verdict(LoadContext context, boolean locked) throws SQLException {
    return history(context).position().isFullLoadOpen() ? Verdict.NEW : Verdict.DUPLICATE;
  }

  @Override
  public Session.Work<LoadOutcome> prepare(LoadContext context) throws SQLException {
    FullLoad fullLoad = FullLoad.current(history(context), upload.region(), since);
    return () -> finish(context, fullLoad);
  }

  private LoadOutcome finish(LoadContext context, FullLoad fullLoad) throws SQLException {
    context.progress().step("counting");
    if (fullLoad.inserted().equals(Optional.of(context.table().count(context.session())))) {
      return new LoadOutcome(
          fullLoad.rows(),
          Optional.of("nothing-to-delete"),
          Optional.of(new RowCounts(0, 0, 0)),
          Optional.empty());
    }
    List<FileImport> files = new ArrayList<>();
    for (Upload loaded : fullLoad.files()) {
      FileImport file = context.open(loaded, 0);
      refuseOverwritten(file, loaded);
      files.add(file);
    }
    return mode.finishFullLoad(
        context.session(),
        context.table(),
        new MultiFileImport(context.session(), upload.object(), "", files, 0, false),
        context.progress()::step);
  }

  private static void refuseOverwritten(FileImport file, Upload loaded) {
    if (!loaded.etag().equals(Optional.of(file.object().etag()))) {
      throw ErrorCode.OBJECT_UNREADABLE.failure(
          "the next full load has overwritten %s before this one was complete"
              .formatted(loaded.object()),
          "The files of the next full load complete the table; the rows are unchanged.");
    }
  }

  private static DmsHistory history(LoadContext context) {
    return DmsHistory.of(context.session(), context.history(), context.table().name());
  }
}
