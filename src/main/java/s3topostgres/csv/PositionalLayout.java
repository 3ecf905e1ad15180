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
  public MatchedFields match(FileHead head, ObjectLocation object, TargetTable table) {
    List<String> ignored = new ArrayList<>();
    List<Column> fields =
        format.columns().map(names -> named(names, table, ignored)).orElse(table.loadable());
    head.requireFields(
        fields.size(),
        format.columns().isPresent()
            ? "not %d as expected"
            : table.name().replace("%", "%%") + " has %d columns",
        "Send all fields in the order of the table, or of CSV_COLUMNS, delimited by "
            + OtherDelimiter.shown(format.delimiter())
            + ". For files with a header line, the operator sets CSV_HEADER=match.");
    return new MatchedFields(fields, ignored, List.of());
  }

  private List<Column> named(List<String> names, TargetTable table, List<String> ignored) {
    List<Column> fields = new ArrayList<>();
    for (String name : names) {
      Optional<Column> column = table.loadable(name);
      if (column.isEmpty() && !staged && !format.ignoresUnknown()) {
        throw table.unknownColumn(
            "CSV_COLUMNS",
            name,
            "Write the names as in SQL, with capitals in double quotes. Fields can be left out with"
                + " CSV_UNKNOWN_COLUMNS=ignore, or LOAD_MODE=sync, upsert and changes.");
      }
      if (column.isEmpty()) {
        ignored.add(name);
      }
      fields.add(column.orElseGet(() -> table.unusedField(fields.size())));
    }
    return fields;
  }
}
