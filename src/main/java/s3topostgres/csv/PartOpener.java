package s3topostgres.csv;

import static java.util.concurrent.CompletableFuture.supplyAsync;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/** Reads the heads of a set's parts, and matches their fields to columns. */
record PartOpener(FileImports imports, Session session, TargetTable table, Upload marker) {
  /** How many heads are read at a time, and held in memory. */
  private static final int AT_A_TIME = 16;

  /**
   * Opens the parts.
   *
   * @throws LoadException {@code OBJECT_UNREADABLE} when one has changed since it was listed;
   *     {@code HEADER_MISMATCH} when the fields do not fit the table, or two parts have different
   *     columns
   */
  List<FileImport> open(List<ListedObject> parts) throws SQLException {
    List<FileImport> files = new ArrayList<>();
    ExecutorService looks = Executors.newFixedThreadPool(AT_A_TIME);
    try {
      for (int from = 0; from < parts.size(); from += AT_A_TIME) {
        session.execute(FileSet.KEEP_OPEN);
        open(parts.subList(from, Math.min(from + AT_A_TIME, parts.size())), looks, files);
      }
    } finally {
      looks.shutdownNow();
    }
    refuseOtherColumns(files);
    return files;
  }

  /** Looks at some parts at a time, and keeps no more than their columns. */
  private void open(List<ListedObject> some, Executor looks, List<FileImport> files)
      throws SQLException {
    List<CompletableFuture<StoredObject>> objects =
        some.stream()
            .map(part -> part.upload(marker.region()))
            .map(part -> supplyAsync(() -> imports.look(session, part), looks))
            .toList();
    for (int i = 0; i < some.size(); i++) {
      open(some.get(i), objects.get(i)).ifPresent(files::add);
    }
  }

  /** Opens a part, unless it is empty. */
  private Optional<FileImport> open(ListedObject part, CompletableFuture<StoredObject> look)
      throws SQLException {
    try {
      StoredObject object = look.join();
      if (!object.etag().equals(part.etag())) {
        throw FileSet.changed();
      }
      return FileHead.isEmpty(object)
          ? Optional.empty()
          : Optional.of(imports.open(session, table, part.upload(marker.region()), object, 0));
    } catch (CompletionException e) {
      throw e.getCause() instanceof LoadException failure ? failure.ofPart(name(part)) : e;
    } catch (LoadException e) {
      throw e.ofPart(name(part));
    }
  }

  private Optional<String> name(ListedObject part) {
    return FileSet.name(marker, part.location().key());
  }

  private void refuseOtherColumns(List<FileImport> files) {
    for (FileImport file : files) {
      Set<String> differing = new TreeSet<>();
      Stream.of(files.get(0), file)
          .flatMap(one -> one.columns().stream().filter(table.columns()::contains))
          .map(Column::name)
          .filter(name -> !differing.add(name))
          .toList()
          .forEach(differing::remove);
      if (!differing.isEmpty()) {
        throw ErrorCode.HEADER_MISMATCH
            .failure(
                "one of it and %s has a column that the other has not: %s"
                    .formatted(
                        FileSet.name(marker, files.get(0).location().key()).orElseThrow(),
                        String.join(", ", differing)),
                "Have the job write the same columns into all files of the folder.")
            .ofPart(FileSet.name(marker, file.location().key()));
      }
    }
  }
}
