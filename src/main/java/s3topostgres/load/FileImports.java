package s3topostgres.load;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.LoadSettings.ImportWith;
import s3topostgres.config.MinRows;
import s3topostgres.config.Mode;
import s3topostgres.csv.FileHead;
import s3topostgres.history.History;
import s3topostgres.postgres.AwsS3Import;
import s3topostgres.postgres.CopyImport;
import s3topostgres.postgres.ObjectImport;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.DmsFile;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/** How the uploads of a deployment are read and imported. */
record FileImports(
    LoadSettings settings, CsvFormat format, S3Objects objects, ObjectImport objectImport) {

  static FileImports of(LoadSettings settings, CsvFormat format, S3Objects objects) {
    return new FileImports(
        settings,
        format,
        objects,
        settings.importWith() == ImportWith.COPY
            ? new CopyImport(format, objects)
            : new AwsS3Import(
                format,
                (upload, limit) -> FileHead.hasRows(objects.look(upload.object(), limit), format)));
  }

  /** Why an upload is not to be loaded, for a message; empty if it is. */
  Optional<String> whyIgnored(Upload upload) {
    if (!upload.object().isCsv()) {
      return Optional.of("it does not have the extension .csv");
    }
    String key = upload.object().key();
    if (settings.match(key).isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        settings.objectKeys().match(key).isPresent()
            ? "only LOAD_MODE=changes loads files named .csv.gz"
            : "its key does not match %s (S3_KEY_PREFIX, S3_KEY_PATTERN)"
                .formatted(settings.objectKeys().shown()));
  }

  /** The table that the settings and the object's key name. */
  TargetTable table(Session session, Upload upload) throws SQLException {
    return TargetTable.resolve(session, settings.table(), names(upload));
  }

  /** The name of that table, quoted as SQL needs it, where there is none. */
  Optional<String> missingTable(Session session, Upload upload) throws SQLException {
    return TargetTable.missing(session, settings.table(), names(upload));
  }

  private Map<String, String> names(Upload upload) {
    return settings.objectKeys().match(upload.object().key()).orElseThrow();
  }

  /** What the object is now. */
  StoredObject look(Session session, Upload upload) {
    return objects.look(upload.object(), session.deadline().left());
  }

  /** How many rows a file for a table has to have. */
  long minRows(Session session, History history, TargetTable table) throws SQLException {
    MinRows minRows = settings.minRows();
    return minRows.after(
        minRows.percent() ? history.lastRows(session, table.name()) : OptionalLong.empty());
  }

  /**
   * The rows of an object.
   *
   * @param object as it is now
   * @param minRows how many there have to be
   * @throws s3topostgres.LoadException {@code HEADER_MISMATCH} when they do not belong to the table
   */
  FileImport rows(
      Session session, TargetTable table, Upload upload, StoredObject object, long minRows) {
    FileHead head = head(object);
    Optional<DmsFile> written =
        settings.mode() == Mode.CHANGES
            ? Optional.of(DmsFile.of(upload.object()))
            : Optional.empty();
    List<Column> columns = head.columns(settings.mode(), table, written);
    return new FileImport(
        this, session, table, columns, head.headerLines(), upload, object, minRows);
  }

  /** The same for a table that is not there yet, with a column for each field. */
  FileImport rowsWithoutTable(Session session, String name, Upload upload, StoredObject object)
      throws SQLException {
    FileHead head = head(object);
    TargetTable table = TargetTable.proposed(session, name, head.namesForColumns());
    return new FileImport(
        this, session, table, table.columns(), head.headerLines(), upload, object, 0);
  }

  private FileHead head(StoredObject object) {
    return FileHead.read(object, objectImport.unpacks(object), format);
  }
}
