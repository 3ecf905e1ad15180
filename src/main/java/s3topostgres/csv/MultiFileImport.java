package s3topostgres.csv;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import s3topostgres.FileLine;
import s3topostgres.LoadException;
import s3topostgres.Warning;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.scan.ScanResult;

/** Imports several files as one, one after the other. */
public final class MultiFileImport implements RowSource {
  private final Session session;
  private final ObjectLocation whole;
  private final String folder;
  private final List<? extends RowSource> files;
  private final long minRows;
  private final boolean listedAgain;
  private final List<Long> firstRows = new ArrayList<>();
  private final List<Long> rowsOfFiles = new ArrayList<>();

  /**
   * @param whole the object that stands for all files
   * @param folder what the object keys of all files begin with, for messages
   * @param files at least one
   * @param minRows how many rows they must have together
   * @param listedAgain whether the caller sees by another list that no object has changed
   */
  public MultiFileImport(
      Session session,
      ObjectLocation whole,
      String folder,
      List<? extends RowSource> files,
      long minRows,
      boolean listedAgain) {
    this.listedAgain = listedAgain;
    this.session = session;
    this.whole = whole;
    this.folder = folder;
    this.files = files;
    this.minRows = minRows;
  }

  @Override
  public List<Column> columns() {
    return files.stream().flatMap(file -> file.columns().stream()).distinct().toList();
  }

  @Override
  public List<String> ignored() {
    return files.stream().flatMap(file -> file.ignored().stream()).distinct().toList();
  }

  @Override
  public ObjectLocation location() {
    return files.get(files.size() - 1).location();
  }

  @Override
  public List<ObjectLocation> locations() {
    return files.stream().map(RowSource::location).toList();
  }

  @Override
  public long bytes() {
    return files.stream().mapToLong(RowSource::bytes).sum();
  }

  @Override
  public int headerLines() {
    return files.stream().mapToInt(RowSource::headerLines).max().orElseThrow();
  }

  @Override
  public long minRows() {
    return minRows;
  }

  @Override
  public Long[] firstRows() {
    return firstRows.toArray(Long[]::new);
  }

  @Override
  public FileLine line(long row, long breaks) {
    int file = (int) firstRows.stream().takeWhile(first -> first <= row).count() - 1;
    FileLine line = files.get(file).line(row - firstRows.get(file) + 1, breaks);
    return new FileLine(name(files.get(file)), line.number());
  }

  /** How many rows each file had, after all were imported. */
  public List<Long> rows() {
    return List.copyOf(rowsOfFiles);
  }

  private Optional<String> name(RowSource file) {
    return Optional.of(file.location().within(folder));
  }

  @Override
  public List<Warning> warnings() {
    return Warning.together(
        files.stream()
            .flatMap(file -> file.warnings().stream().map(warning -> warning.of(name(file)))));
  }

  @Override
  public RowSource scanned(List<ScanResult> results) throws SQLException {
    List<RowSource> good = new ArrayList<>();
    for (RowSource file : files) {
      List<ScanResult> ofFile = new ArrayList<>();
      good.add(file.scanned(ofFile));
      ofFile.forEach(result -> results.add(result.of(name(file))));
    }
    return new MultiFileImport(session, whole, folder, good, minRows, listedAgain);
  }

  @Override
  public RowSource frozen() {
    return new MultiFileImport(
        session,
        whole,
        folder,
        files.stream().map(RowSource::frozen).toList(),
        minRows,
        listedAgain);
  }

  @Override
  public boolean isWorthRepeating(LoadException failure) {
    return files.stream().anyMatch(file -> file.isWorthRepeating(failure));
  }

  @Override
  public long into(String table) throws SQLException {
    firstRows.clear();
    rowsOfFiles.clear();
    long rows = 0;
    for (RowSource file : files) {
      firstRows.add(rows + 1);
      describe(file.location());
      rowsOfFiles.add(into(table, file));
      rows += rowsOfFiles.get(rowsOfFiles.size() - 1);
    }
    describe(whole);
    Optional<LoadException> tooFew = FileImport.tooFewRows("the files have", rows, minRows);
    if (tooFew.isPresent()) {
      throw tooFew.get();
    }
    return rows;
  }

  /** Tells the table's defaults which file a row comes from. */
  private void describe(ObjectLocation object) throws SQLException {
    session.execute("SELECT set_config('s3_load.key', ?, true)", object.key());
  }

  private long into(String table, RowSource file) throws SQLException {
    try {
      return listedAgain ? file.importInto(table) : file.into(table);
    } catch (LoadException e) {
      throw e.ofPart(name(file));
    }
  }
}
