package s3topostgres.csv;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.postgres.CopyImport;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;
import s3topostgres.scan.ScanResult;

/**
 * The rows of a file without its malformed records. The function streams them, whatever {@code
 * IMPORT_WITH} is.
 *
 * @param scan of the whole file
 */
public record GoodRows(FileImport file, ScanResult scan) implements RowSource {

  @Override
  public List<Column> columns() {
    return file.columns();
  }

  @Override
  public ObjectLocation location() {
    return file.location();
  }

  @Override
  public long bytes() {
    return file.bytes();
  }

  @Override
  public int headerLines() {
    return scan.headerLines();
  }

  @Override
  public long linesLeftOut(long row) {
    return scan.places().linesBefore(row);
  }

  @Override
  public long into(String name) throws SQLException {
    FileImports imports = file.imports();
    return file.run(
        name, new CopyImport(imports.format(), imports.objects()), scan.places()::without);
  }
}
