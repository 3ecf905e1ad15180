package s3topostgres.csv;

import java.util.List;
import s3topostgres.config.CsvFormat;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;

/** Takes the columns that the header names, in any order. */
record HeaderLayout(CsvFormat format, boolean staged) implements FieldLayout {

  @Override
  public List<Column> columns(FileHead head, ObjectLocation object, TargetTable table) {
    List<String> header = head.header();
    return ColumnMatch.match(header, new Column[header.size()], format, staged, table);
  }
}
