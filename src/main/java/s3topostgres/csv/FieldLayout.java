package s3topostgres.csv;

import s3topostgres.config.CsvFormat;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.ObjectLocation;

/** Decides which column takes each field of a file. */
public interface FieldLayout {
  /**
   * Matches the fields of a file to columns.
   *
   * @param object that holds the file
   * @throws s3topostgres.LoadException {@code HEADER_MISMATCH} when the fields do not fit the table
   */
  MatchedFields match(FileHead head, ObjectLocation object, TargetTable table);

  /**
   * The layout that the settings describe: by the header, or by position.
   *
   * @param staged whether the mode imports into a stage, which takes fields that are no columns
   */
  static FieldLayout of(CsvFormat format, boolean staged) {
    return format.header() == CsvFormat.Header.MATCH
        ? new HeaderLayout(format, staged)
        : new PositionalLayout(format, staged);
  }
}
