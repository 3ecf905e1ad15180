package s3topostgres.load;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.mode.LoadMode;
import s3topostgres.mode.RowSource;
import s3topostgres.postgres.TargetTable.Column;

/** The rows of all files of a full load; a line's number is not that of its file. */
record FullLoadRows(List<FileImport> files) implements RowSource {

  @Override
  public List<Column> columns() {
    return files.stream().flatMap(file -> file.columns().stream()).distinct().toList();
  }

  @Override
  public LoadMode.Share share() {
    return LoadMode.Share.WHOLE;
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
