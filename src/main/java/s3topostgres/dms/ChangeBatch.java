package s3topostgres.dms;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.LoadSettings;
import s3topostgres.csv.FileImport;
import s3topostgres.csv.MultiFileImport;
import s3topostgres.csv.ObjectRequests;
import s3topostgres.dms.DmsHistory.Position;
import s3topostgres.history.Verdict;
import s3topostgres.mode.LoadOutcome;
import s3topostgres.order.LoadContext;
import s3topostgres.order.LoadTask;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.Upload;

/**
 * Applies change files together, with one merge of the last change of each row key. Ends before a
 * file that cannot be opened or has other columns, and with the file that makes the batch as large
 * as it may be; what is behind its end remains.
 *
 * @param uploads in the order of the changes, at least one
 */
record ChangeBatch(List<Upload> uploads) implements LoadTask {
  /** How many bytes, unpacked, are staged and merged at a time. */
  private static final long MOST_BYTES = 256L * 1024 * 1024;

  /** How many files are held in memory, opened, at a time. */
  private static final int MOST_FILES = 1000;

  /**
   * Whether files may be applied together, because nothing in the database looks at them one by
   * one.
   *
   * @param first of the files; after it failed, alone or in a batch, files are applied one by one
   */
  static boolean isPossible(LoadSettings settings, DmsHistory history, Upload first)
      throws SQLException {
    return settings.beforeLoadSql().isEmpty()
        && settings.afterLoadSql().isEmpty()
        && !history.hasFailed(first)
        && !TargetTable.resolve(history.session(), history.targetTable())
            .seesEachFile(history.session());
  }

  @Override
  public Upload upload() {
    return uploads.get(0);
  }

  @Override
  public boolean isAnnounced() {
    return false;
  }

  @Override
  public List<LoadTask> after(Upload last) {
    List<Upload> rest = uploads.subList(uploads.indexOf(last) + 1, uploads.size());
    return rest.isEmpty() ? List.of() : List.of(new ChangeBatch(rest));
  }

  /**
   * Judges the files that another load has come to meanwhile.
   *
   * @throws LoadException {@code OBJECT_UNREADABLE} when it has applied later ones without them
   */
  @Override
  public Verdict verdict(LoadContext context, boolean locked) throws SQLException {
    if (!locked) {
      return Verdict.NEW;
    }
    Set<Upload> pending = Set.copyOf(pending(context));
    for (Upload upload : uploads) {
      if (!pending.contains(upload)) {
        context.order().verdict(context, upload, true);
      }
    }
    return pending.isEmpty() ? Verdict.DUPLICATE : Verdict.NEW;
  }

  private List<Upload> pending(LoadContext context) throws SQLException {
    DmsHistory history = DmsOrder.history(context);
    Position position = history.position();
    return history.notStale(
        uploads.stream()
            .filter(upload -> !position.isBehind(DmsFile.of(upload.object()).time().orElseThrow()))
            .toList());
  }

  @Override
  public Session.Work<LoadOutcome> prepare(LoadContext context) throws SQLException {
    List<FileImport> files = open(context);
    return () -> apply(context, files);
  }

  private List<FileImport> open(LoadContext context) throws SQLException {
    long minRows = context.minRows();
    List<FileImport> files = new ArrayList<>();
    ObjectRequests.each(
        context.session(),
        pending(context),
        upload -> context.files().look(context.session(), upload),
        (upload, look) -> {
          try {
            FileImport file =
                context
                    .files()
                    .open(context.session(), context.table(), upload, look.get(), minRows);
            return haveSameColumns(files, file) && files.add(file) && isRoomIn(files);
          } catch (LoadException e) {
            if (files.isEmpty()) {
              throw e;
            }
            return false;
          }
        });
    return files;
  }

  private static boolean haveSameColumns(List<FileImport> files, FileImport next) {
    return files.isEmpty()
        || new HashSet<>(files.get(0).columns()).equals(new HashSet<>(next.columns()));
  }

  private static boolean isRoomIn(List<FileImport> files) {
    return files.size() < MOST_FILES
        && files.stream().mapToLong(FileImport::bytes).sum() < MOST_BYTES;
  }

  private LoadOutcome apply(LoadContext context, List<FileImport> files) throws SQLException {
    MultiFileImport rows =
        new MultiFileImport(context.session(), upload().object(), "", files, 0, true);
    LoadOutcome outcome = context.load(rows);
    context.progress().step("looking-again");
    refuseChanged(context, files);
    for (int i = 0; i < files.size(); i++) {
      Optional<LoadException> tooFew =
          FileImport.tooFewRows("a file has", rows.rows().get(i), files.get(i).minRows());
      if (tooFew.isPresent()) {
        throw tooFew.get();
      }
    }
    context.progress().files(files, rows.rows(), outcome);
    return outcome;
  }

  /** Compares ETags, where an import could not do that. */
  private static void refuseChanged(LoadContext context, List<FileImport> files)
      throws SQLException {
    ObjectRequests.each(
        context.session(),
        files.stream().filter(file -> !file.isPinned()).toList(),
        file -> context.files().isUnchanged(context.session(), file.upload(), file.object().etag()),
        (file, unchanged) -> {
          if (!unchanged.get()) {
            throw ErrorCode.OBJECT_UNREADABLE.failure(
                "%s changed while it was read".formatted(file.location()),
                "A retry loads the object as it is then. The old rows are still there.");
          }
          return true;
        });
  }
}
