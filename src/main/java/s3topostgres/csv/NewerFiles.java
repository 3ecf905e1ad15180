package s3topostgres.csv;

import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.StoredObject;

/**
 * The files that were uploaded later than a late one, and are in the table already.
 *
 * @param region of their bucket
 * @param files as they were loaded
 */
public record NewerFiles(
    FileImports imports,
    Session session,
    TargetTable table,
    String region,
    List<ListedObject> files) {

  private static final String UPLOAD_AGAIN =
      "Upload this file again if its values are wanted nevertheless: then they replace newer ones."
          + " Nothing was changed.";

  /**
   * Imports the row keys of the files, through the function.
   *
   * @param key the columns of the row key
   * @param name of a table with these columns and the mark
   * @param mark the column that takes a word for the columns of the row's file
   * @return the words, by the columns that they stand for
   * @throws LoadException {@code OBJECT_UNREADABLE} when a file is not as it was loaded, {@code
   *     OUT_OF_TIME} when there are more than can be read; neither is tried again
   */
  public Map<Set<Column>, String> importKeys(List<Column> key, String name, Column mark)
      throws SQLException {
    Map<Set<Column>, String> words = new HashMap<>();
    try {
      ObjectRequests.each(
          session,
          files,
          file -> imports.lookAgain(session, file),
          (file, look) -> {
            importKeys(file, look, key, name, mark, words);
            return true;
          });
    } catch (LoadException e) {
      throw e.code() == ErrorCode.OUT_OF_TIME ? tooMany() : e;
    }
    return words;
  }

  private void importKeys(
      ListedObject file,
      Supplier<Optional<StoredObject>> look,
      List<Column> key,
      String name,
      Column mark,
      Map<Set<Column>, String> words)
      throws SQLException {
    try {
      StoredObject object = look.get().orElseThrow(NewerFiles::changed);
      if (!FileHead.isEmpty(object)) { // as a part of a set may be
        FileImport opened = open(file, object, key);
        Set<Column> columns = Set.copyOf(opened.columns());
        words.putIfAbsent(columns, "columns" + words.size());
        opened.importSome(key, name, mark, words.get(columns));
      }
    } catch (LoadException e) {
      throw failure(e, file);
    }
  }

  private FileImport open(ListedObject file, StoredObject object, List<Column> key)
      throws SQLException {
    FileImport opened = imports.open(session, table, file.upload(region), object, 0);
    if (!opened.columns().containsAll(key)) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "it does not have all columns of the row key", UPLOAD_AGAIN);
    }
    return opened;
  }

  private static LoadException changed() {
    return ErrorCode.OBJECT_UNREADABLE
        .failure("it was overwritten or deleted, or rows of it were left out", UPLOAD_AGAIN)
        .retry(Retry.NEVER);
  }

  private LoadException tooMany() {
    return ErrorCode.OUT_OF_TIME
        .failure(
            "there was no time to read all files that were uploaded later and loaded before (%d, such as %s)"
                .formatted(files.size(), files.get(0).location()),
            "Raise FUNCTION_TIMEOUT_SECONDS. " + UPLOAD_AGAIN)
        .retry(Retry.NEVER);
  }

  /** Adds which file cannot be read. */
  private static LoadException failure(LoadException e, ListedObject file) {
    return switch (e.code()) {
      case OBJECT_UNREADABLE, HEADER_MISMATCH, ROW_REJECTED, CONFIG_INVALID ->
          ErrorCode.OBJECT_UNREADABLE
              .failure(
                  "%s, which was uploaded later and loaded before, cannot be read again, so it is not known which values are newer: %s"
                      .formatted(file.location(), e.why()),
                  e.retry() == Retry.NEVER ? UPLOAD_AGAIN : e.whatToDo())
              .retry(e.retry());
      default -> e;
    };
  }
}
