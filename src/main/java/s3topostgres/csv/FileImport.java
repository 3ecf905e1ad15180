package s3topostgres.csv;

import static java.util.stream.Collectors.toSet;

import java.io.IOException;
import java.io.InputStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Warning;
import s3topostgres.postgres.CopyImport;
import s3topostgres.postgres.ImportWatch;
import s3topostgres.postgres.ObjectImport;
import s3topostgres.postgres.ScanTarget;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;
import s3topostgres.scan.FileScan;
import s3topostgres.scan.ScanResult;
import s3topostgres.scan.SomeFields;

/**
 * Imports one file whose fields were matched to columns. Made by {@link FileImports}.
 *
 * @param fields of the file, and the columns that take them
 * @param hasRows whether its head has a row, or does not have all of it
 * @param object as it was when its head was read
 * @param minRows how many rows the file must have
 * @param warnings about the file; its import adds to them
 */
public record FileImport(
    FileImports imports,
    Session session,
    TargetTable table,
    MatchedFields fields,
    int headerLines,
    boolean hasRows,
    Upload upload,
    StoredObject object,
    long minRows,
    List<Warning> warnings)
    implements RowSource {

  @Override
  public List<Column> columns() {
    return fields.columns();
  }

  @Override
  public List<String> ignored() {
    return fields.ignored();
  }

  @Override
  public ObjectLocation location() {
    return upload.object();
  }

  @Override
  public long bytes() {
    return object.unpackedSize();
  }

  @Override
  public long importInto(String name) throws SQLException {
    return isScanned() ? new WatchedImport(this).run(name) : run(name, ImportWatch.NONE);
  }

  @Override
  public RowSource frozen() {
    // aws_s3 fails if it finds no row, which only an inner subtransaction would survive.
    return hasRows
        ? new FileImport(
            imports.frozen(),
            session,
            table,
            fields,
            headerLines,
            hasRows,
            upload,
            object,
            minRows,
            warnings)
        : this;
  }

  @Override
  public boolean isWorthRepeating(LoadException failure) {
    return way().isWorthRepeating(failure);
  }

  @Override
  public long into(String name) throws SQLException {
    long rows = importInto(name);
    if (!isPinned()) {
      refuseChangedObject();
    }
    Optional<LoadException> tooFew = tooFewRows("the file has", rows, minRows);
    if (tooFew.isPresent()) {
      throw tooFew.get();
    }
    return rows;
  }

  long run(String name, ImportWatch watch) throws SQLException {
    return run(name, way(), watch);
  }

  long run(String name, ObjectImport way, ImportWatch watch) throws SQLException {
    return way.run(session, name, table, columns(), upload, object, watch);
  }

  /**
   * Imports some columns only, through the function.
   *
   * @param name of a table with these columns, and one more
   * @param first the column more, which takes the word in each row
   */
  void importSome(List<Column> some, String name, Column first, String word) throws SQLException {
    List<Column> kept = columns().stream().filter(some::contains).toList();
    Set<Integer> fields = kept.stream().map(columns()::indexOf).collect(toSet());
    new CopyImport(imports.format(), imports.objects())
        .run(
            session,
            name,
            table,
            Stream.concat(Stream.of(first), kept.stream()).toList(),
            upload,
            object,
            content -> new SomeFields(content, imports.format(), fields, word));
  }

  ObjectImport way() {
    return imports.importOf(object);
  }

  /** Whether the import fails if the object is not as it was when its head was read. */
  public boolean isPinned() {
    return way().pinsObject();
  }

  /** Whether the function streams it although {@code IMPORT_WITH} is {@code aws_s3}. */
  public boolean isStreamedAnyway() {
    return !way().equals(imports.objectImport());
  }

  /** Whether its bytes are looked at ({@code CSV_SCAN}). */
  private boolean isScanned() {
    return imports.settings().scan();
  }

  FileScan newScan() throws SQLException {
    return new FileScan(imports.format(), ScanTarget.of(session, table, columns()));
  }

  /** The file's bytes, unpacked, for a thread that is interrupted if they are not wanted. */
  InputStream read() {
    return imports
        .objects()
        .read(
            upload.object(),
            object,
            () ->
                Thread.currentThread().isInterrupted() ? Duration.ZERO : session.deadline().left());
  }

  /**
   * Scans the whole file, whatever is found in it. Meanwhile the session's transaction is kept
   * open.
   *
   * @throws LoadException {@code ROW_REJECTED} when its gzip is damaged; {@code OBJECT_UNREADABLE}
   *     when it cannot be read
   */
  @Override
  public RowSource scanned(List<ScanResult> results) throws SQLException {
    if (!isScanned()) {
      return this;
    }
    FileScan scan = newScan();
    try (RunningScan<ScanResult> running = RunningScan.start(() -> scanAll(scan))) {
      ScanResult result = running.await(session);
      results.add(result);
      return new GoodRows(this, result);
    }
  }

  private ScanResult scanAll(FileScan scan) throws IOException, InterruptedException {
    OptionalLong from = OptionalLong.of(0);
    while (from.isPresent()) {
      try (InputStream content = read()) {
        content.skipNBytes(from.getAsLong());
        RunningScan.readToEnd(new ScannedStream(content, scan, false));
      }
      from = scan.end();
    }
    return scan.result();
  }

  /** Compares ETags: the size may be the same, and the columns in another order. */
  private void refuseChangedObject() {
    if (!imports.look(session, upload).etag().equals(object.etag())) {
      throw ErrorCode.OBJECT_UNREADABLE.failure(
          "the object changed while it was read",
          "A retry loads the object as it is then. The old rows are still there.");
    }
  }

  /**
   * The failure of a load with fewer rows than it must have; empty if it has enough.
   *
   * @param who has them, with the verb
   */
  public static Optional<LoadException> tooFewRows(String who, long rows, long minRows) {
    return rows >= minRows
        ? Optional.empty()
        : Optional.of(
            ErrorCode.TOO_FEW_ROWS.failure(
                "%s %d rows, and at least %d are expected (the operator sets MIN_ROWS)"
                    .formatted(who, rows, minRows),
                "Check that the export was complete and upload it again; the old rows are still there."));
  }
}
