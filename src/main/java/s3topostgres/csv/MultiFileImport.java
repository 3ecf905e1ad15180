package s3topostgres.csv;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;

/**
 * Imports several files as one. Line numbers count on from file to file.
 *
 * @param files at least one
 */
public record MultiFileImport(List<FileImport> files) implements RowSource {

  @Override
  public List<Column> columns() {
    return files.stream().flatMap(file -> file.columns().stream()).distinct().toList();
  }

  @Override
  public ObjectLocation location() {
    return files.get(files.size() - 1).location();
  }

  @Override
  public long bytes() {
    return files.stream().mapToLong(FileImport::bytes).sum();
  }

  @Override
  public int headerLines() {
    return files.get(0).headerLines();
  }

  @Override
  public long into(String table) throws SQLException {
    long rows = 0;
    for (FileImport file : files) {
      rows += file.into(table);
    }
    return rows;
  }
}
