package s3topostgres.csv;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.LoadSettings;
import s3topostgres.config.LoadSettings.ImportWith;
import s3topostgres.postgres.AwsS3Import;
import s3topostgres.postgres.CopyImport;
import s3topostgres.postgres.ObjectImport;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ListedObject;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.S3Objects;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * Reads the heads of uploads, and prepares their imports: how a deployment's files are written,
 * laid out and imported.
 */
public record FileImports(
    LoadSettings settings,
    CsvFormat format,
    S3Objects objects,
    ObjectImport objectImport,
    FieldLayout layout) {

  /** Matches a folder by which Hive, Spark and others name a column and the value of its rows. */
  private static final Pattern COLUMN_FOLDER = Pattern.compile("(?:^|(?<=/))([^/=]+)=[^/]*/");

  public static FileImports of(
      LoadSettings settings, CsvFormat format, S3Objects objects, FieldLayout layout) {
    return new FileImports(
        settings,
        format,
        objects,
        settings.importWith() == ImportWith.COPY
            ? new CopyImport(format, objects)
            : new AwsS3Import(
                format,
                (upload, limit) -> FileHead.hasRows(objects.look(upload.object(), limit), format),
                false),
        layout);
  }

  /** The imports that freeze rows: {@link ObjectImport#frozen}. */
  FileImports frozen() {
    return new FileImports(settings, format, objects, objectImport.frozen(), layout);
  }

  /** Why an upload is not to be loaded, as a clause; empty if it is. */
  public Optional<String> whyIgnored(Upload upload) {
    return upload.object().isCsv() || settings.setMarker().is(upload.object().key())
        ? settings.whyIgnored(upload.object().key())
        : Optional.of("it does not have the extension .csv");
  }

  /** Sets how the session's transaction reads dates, where the operator says so. */
  public void setDateOrder(Session session) throws SQLException {
    if (format.dateOrder().isPresent()) {
      session.execute("SET LOCAL DateStyle = 'ISO, %s'".formatted(format.dateOrder().get()));
    }
  }

  /**
   * Looks up the table that the settings and the object key name. Its columns read two quotes as
   * NULL where they can mean nothing else, unless {@code CSV_NULL} is a word: COPY would then take
   * the word in quotes for NULL, too.
   */
  public TargetTable targetTable(Session session, Upload upload) throws SQLException {
    TargetTable table = TargetTable.resolve(session, settings.table(), valuesInKey(upload));
    return format.nullText().isEmpty() ? table.withEmptyAsNull(session) : table;
  }

  /** The name of the target table, quoted as SQL needs it, where there is no such table. */
  public Optional<String> missingTable(Session session, Upload upload) throws SQLException {
    return TargetTable.missing(session, settings.table(), valuesInKey(upload));
  }

  private Map<String, String> valuesInKey(Upload upload) {
    return settings.match(upload.object().key()).orElseThrow();
  }

  /**
   * Who imports an object: what {@code IMPORT_WITH} says, or the function where {@code aws_s3}
   * would not decompress it.
   */
  ObjectImport importOf(StoredObject object) {
    return object.isGzip() && !objectImport.unpacks(object)
        ? new CopyImport(format, objects, objectImport.freeze())
        : objectImport;
  }

  /** Reads the object's properties and first bytes. */
  public StoredObject look(Session session, Upload upload) {
    return objects.look(upload.object(), session.deadline().left());
  }

  /** Reads the object's properties and first bytes, if it is as it was when it was loaded. */
  Optional<StoredObject> lookAgain(Session session, ListedObject loaded) {
    return objects.lookAgain(loaded.location(), loaded.etag(), session.deadline().left());
  }

  /** Whether the object still has an ETag, without quotes. */
  public boolean isUnchanged(Session session, Upload upload, String etag) {
    return objects.isUnchanged(upload.object(), etag, session.deadline().left());
  }

  /**
   * Matches the fields of a file to columns.
   *
   * @param object as it is now
   * @param minRows how many rows the file must have
   * @throws s3topostgres.LoadException {@code HEADER_MISMATCH} when the fields do not fit the
   *     table; {@code CONFIG_INVALID} when the file is only a part of what replaces the table
   */
  public FileImport open(
      Session session, TargetTable table, Upload upload, StoredObject object, long minRows)
      throws SQLException {
    settings.refusePart(upload.object().key());
    FileHead head = head(object);
    MatchedFields fields = layout.match(head, upload.object(), table);
    refuseColumnInKey(session, table, fields.columns(), upload.object());
    return new FileImport(
        this,
        session,
        table,
        fields,
        head.headerLines(),
        FileHead.hasRows(object, format),
        upload,
        object.withoutHead(),
        minRows,
        new ArrayList<>(fields.warnings()));
  }

  /** Refuses a file whose folder has the value of a column, which would be NULL. */
  private void refuseColumnInKey(
      Session session, TargetTable table, List<Column> columns, ObjectLocation object)
      throws SQLException {
    Matcher folder = COLUMN_FOLDER.matcher(object.key());
    while (folder.find()) {
      Optional<Column> column = table.loadable(folder.group(1));
      if (column.isPresent()
          && !columns.contains(column.get())
          && !(settings.knowsFileOfRow() && table.hasDefault(session, column.get()))) {
        throw ErrorCode.HEADER_MISMATCH.failure(
            "a folder of its key, %s=..., has the value of the column %s, which is not in the file, so that it would be NULL"
                .formatted(column.get().name(), column.get().name()),
            settings.knowsFileOfRow()
                ? "Write the column into the file, or have the operator give it a default that reads"
                    + " current_setting('s3_load.key')."
                : "Write the column into the file. Of the files of a set, a default can read"
                    + " current_setting('s3_load.key') with LOAD_MODE=replace only.");
      }
    }
  }

  /** Proposes a column for each field of a file whose table does not exist yet. */
  public FileImport openWithoutTable(
      Session session, String name, Upload upload, StoredObject object) throws SQLException {
    FileHead head = head(object);
    TargetTable table = TargetTable.proposed(session, name, head.namesForColumns());
    return new FileImport(
        this,
        session,
        table,
        MatchedFields.of(table.columns()),
        head.headerLines(),
        FileHead.hasRows(object, format),
        upload,
        object,
        0,
        new ArrayList<>());
  }

  private FileHead head(StoredObject object) {
    return FileHead.read(object, object.isGzip(), format);
  }
}
