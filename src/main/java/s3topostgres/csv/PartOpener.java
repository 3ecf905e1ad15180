package s3topostgres.csv;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
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
  /**
   * Opens the parts.
   *
   * @throws LoadException {@code OBJECT_UNREADABLE} when one has changed since it was listed;
   *     {@code HEADER_MISMATCH} when the fields do not fit the table, or two parts have different
   *     columns
   */
  List<FileImport> open(List<ListedObject> parts) throws SQLException {
    List<FileImport> files = new ArrayList<>();
    ObjectRequests.each(
        session,
        parts,
        part -> imports.look(session, part.upload(marker.region())),
        (part, look) -> {
          open(part, look).ifPresent(files::add);
          return true;
        });
    refuseOtherColumns(files);
    return files;
  }

  /** Opens a part, unless it is empty. */
  private Optional<FileImport> open(ListedObject part, Supplier<StoredObject> look)
      throws SQLException {
    try {
      StoredObject object = look.get();
      if (!object.etag().equals(part.etag())) {
        throw FileSet.changed();
      }
      return FileHead.isEmpty(object)
          ? Optional.empty()
          : Optional.of(imports.open(session, table, part.upload(marker.region()), object, 0));
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
