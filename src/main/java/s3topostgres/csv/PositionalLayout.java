package s3topostgres.csv;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import s3topostgres.config.CsvFormat;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;

/**
 * Takes the columns in the order of {@code CSV_COLUMNS} or, where it is not set, of the table.
 *
 * @param staged whether names in {@code CSV_COLUMNS} may stand for fields that are not loaded
 */
record PositionalLayout(CsvFormat format, boolean staged) implements FieldLayout {

  /**
   * @throws s3topostgres.LoadException {@code CONFIG_INVALID} when {@code CSV_COLUMNS} names no
   *     column, and the mode has no stage to take the field; {@code HEADER_MISMATCH} when the first
   *     row has another number of fields
   */
  @Override
  public List<Column> columns(FileHead head, ObjectLocation object, TargetTable table) {
    List<Column> fields =
        format.columns().map(names -> named(names, table)).orElse(table.loadable());
    head.requireFields(
        fields.size(),
        format.columns().isPresent()
            ? "not %d as expected"
            : table.name().replace("%", "%%") + " has %d columns",
        "Send all fields in the order of the table, or of CSV_COLUMNS, delimited by "
            + ColumnMatch.shown(format.delimiter())
            + ". For files with a header line, the operator sets CSV_HEADER=match.");
    return fields;
  }

  private List<Column> named(List<String> names, TargetTable table) {
    List<Column> fields = new ArrayList<>();
    for (String name : names) {
      fields.add(
          table
              .loadable(name)
              .or(() -> Optional.of(table.unusedField(fields.size())).filter(any -> staged))
              .orElseThrow(
                  () ->
                      table.unknownColumn(
                          "CSV_COLUMNS",
                          name,
                          "Write the names as in SQL, with capitals in double quotes. Fields can be"
                              + " left out with LOAD_MODE=sync, upsert and changes.")));
    }
    return fields;
  }
}
