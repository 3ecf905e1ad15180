package s3topostgres.csv;

import java.util.List;
import s3topostgres.Warning;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Which column takes each field of a file.
 *
 * @param columns in the order of the fields; a field that belongs to no column of the table has a
 *     column of its own, which only a stage has
 * @param ignored what the fields are called that {@code CSV_UNKNOWN_COLUMNS=ignore} leaves out
 * @param warnings about their names
 */
public record MatchedFields(List<Column> columns, List<String> ignored, List<Warning> warnings) {

  /** Fields of which none is left out. */
  public static MatchedFields of(List<Column> columns) {
    return new MatchedFields(columns, List.of(), List.of());
  }
}
