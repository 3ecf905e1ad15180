package s3topostgres.csv;

import static java.util.stream.Collectors.toSet;

import java.util.List;
import java.util.Set;
import s3topostgres.ErrorCode;
import s3topostgres.config.CsvFormat;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;

/** Takes the columns that the header names, in any order. */
record HeaderLayout(CsvFormat format, boolean staged) implements FieldLayout {

  @Override
  public MatchedFields match(FileHead head, ObjectLocation object, TargetTable table) {
    List<String> header = head.header();
    refuseLinesAboveHeader(head, table);
    return ColumnMatch.match(header, new Column[header.size()], format, staged, table);
  }

  /** Refuses a file whose header has lines above it, such as a title. */
  private static void refuseLinesAboveHeader(FileHead head, TargetTable table) {
    if (named(head.header(), table) > 0) {
      return;
    }
    for (int i = 0; i < head.rows().size(); i++) {
      long named = named(head.rows().get(i), table);
      if (named > 1 && named * 2 > head.rows().get(i).size()) {
        throw ErrorCode.HEADER_MISMATCH.failure(
            "the first line names no column, and line %d looks like the header"
                .formatted(head.lineOfRow(i)),
            "Delete the lines above it.");
      }
    }
  }

  /** How many fields name a column. */
  private static long named(List<String> fields, TargetTable table) {
    Set<String> names =
        table.columns().stream().map(Column::name).map(ColumnMatch.LENIENT).collect(toSet());
    return fields.stream().map(ColumnMatch.LENIENT).filter(names::contains).count();
  }
}
