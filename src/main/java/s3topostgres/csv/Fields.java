package s3topostgres.csv;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Spelling;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.Mode;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.DmsFile;

/**
 * What the fields of a file belong to that are no columns of the table: in a file of AWS DMS what
 * is done to the row ({@code Op}), the key before that ({@code BI_} and the column's name), and
 * what has no use here, such as the time of the commit. Only the stage has columns for them.
 *
 * @see <a href="https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html">Using Amazon
 *     S3 as a target for AWS DMS</a>
 */
public final class Fields {
  private static final String OP = "Op";
  private static final String BEFORE = "BI_";
  private static final Set<String> OPERATIONS = Set.of("I", "U", "D");

  /** As DMS writes the column that TimestampColumnName asks for. */
  private static final Pattern TIME =
      Pattern.compile("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d+)?");

  /** Types whose values are never the letter I. */
  private static final Pattern NO_LETTER =
      Pattern.compile(
          "smallint|integer|bigint|numeric.*|real|double precision|uuid|date|timestamp.*|boolean");

  private Fields() {}

  /** Takes {@code I}, {@code U} or {@code D}. */
  public static Column operation(TargetTable table) {
    return table.extra("s3_load_operation", "text");
  }

  /** Takes what a column held before the change; NULL where it did not change. */
  public static Column before(TargetTable table, Column column) {
    return table.extra("s3_load_before_" + table.columns().indexOf(column), column.type());
  }

  private static Column unused(TargetTable table, int index) {
    return table.extra("s3_load_field_" + (index + 1), "text");
  }

  /**
   * The fields of a file without a header that names them, outside of {@code LOAD_MODE=changes}.
   *
   * @throws LoadException {@code CONFIG_INVALID} when {@code CSV_COLUMNS} names no column where the
   *     mode has no stage to take the field
   */
  static List<Column> positional(CsvFormat format, Mode mode, TargetTable table) {
    List<Column> fields = new ArrayList<>();
    for (String name : format.columns().orElse(List.of())) {
      fields.add(
          column(table, name)
              .or(() -> Optional.of(unused(table, fields.size())).filter(any -> mode.hasStage()))
              .orElseThrow(() -> unknown(table, name)));
    }
    return format.columns().isEmpty() ? table.positional() : fields;
  }

  /**
   * The fields of a file of DMS without a header that names them. It may have fewer than {@code
   * CSV_COLUMNS} names.
   *
   * @param records the first ones
   * @param line of the first record
   * @throws LoadException {@code ROW_REJECTED} when changes do not begin with an operation
   */
  static List<Column> positional(
      List<List<String>> records, int line, CsvFormat format, TargetTable table, DmsFile file) {
    List<Column> named = named(format, table);
    boolean declared = named.remove(operation(table));
    if (records.isEmpty()) {
      return named;
    }
    List<String> first = records.get(0);
    List<Column> fields = new ArrayList<>();
    if (file.isFullLoad()
        ? areInserts(records) && (declared || first.size() > named.size() || !beginsWithText(named))
        : beginsWithOperation(first, line)) {
      fields.add(operation(table));
    }
    if (format.columns().isEmpty()
        && first.size() == fields.size() + named.size() + 1
        && TIME.matcher(first.get(fields.size())).matches()) {
      fields.add(unused(table, fields.size()));
    }
    fields.addAll(named);
    boolean older = format.columns().isPresent() && first.size() < fields.size();
    return older ? fields.subList(0, first.size()) : fields;
  }

  private static List<Column> named(CsvFormat format, TargetTable table) {
    List<Column> named = new ArrayList<>();
    for (String name : format.columns().orElse(List.of())) {
      named.add(
          named.isEmpty() && name.equalsIgnoreCase(OP)
              ? operation(table)
              : column(table, name)
                  .or(() -> columnBefore(table, name))
                  .orElse(unused(table, named.size())));
    }
    return format.columns().isEmpty() ? new ArrayList<>(table.positional()) : named;
  }

  private static boolean areInserts(List<List<String>> records) {
    return records.stream().allMatch(record -> record.get(0).equals("I"));
  }

  private static boolean beginsWithText(List<Column> columns) {
    return !columns.isEmpty() && !NO_LETTER.matcher(columns.get(0).type()).matches();
  }

  private static boolean beginsWithOperation(List<String> record, int line) {
    if (!OPERATIONS.contains(record.get(0))) {
      throw noOperation().at(OptionalLong.of(line), Optional.empty());
    }
    return true;
  }

  /** The failure for a row that does not say what is done. */
  public static LoadException noOperation() {
    return new LoadException(
        ErrorCode.ROW_REJECTED,
        "the first field is not I, U or D",
        "Have DMS write it: CdcInsertsOnly=false for the S3 endpoint, or IncludeOpForFullLoad=true;"
            + " then reload the table. The old rows are still there.");
  }

  /**
   * The fields of a file of DMS that are no columns, by its header.
   *
   * @param records the header, and perhaps the first record
   * @return for each field what takes it, or null if that is a column, or unknown
   * @throws LoadException {@code HEADER_MISMATCH} when changes do not begin with {@code Op}
   */
  static Column[] besideColumns(List<List<String>> records, TargetTable table, DmsFile file) {
    List<String> header = records.get(0);
    Column[] fields = new Column[header.size()];
    String first = header.get(0).strip();
    int next = 0;
    if (first.equals(OP) || first.equalsIgnoreCase(OP) && column(table, first).isEmpty()) {
      fields[next++] = operation(table);
    } else if (!file.isFullLoad()) {
      throw new LoadException(
          ErrorCode.HEADER_MISMATCH,
          "the first line does not begin with Op",
          "Set AddColumnName=true and CdcInsertsOnly=false for the S3 endpoint of DMS; or"
              + " CSV_HEADER=none, if its files have no header.");
    }
    for (int i = next; i < fields.length; i++) {
      String name = header.get(i).strip();
      if (column(table, name).isEmpty()) {
        boolean time =
            i == next
                && records.size() > 1
                && records.get(1).size() > i
                && TIME.matcher(records.get(1).get(i)).matches();
        boolean ofDms = time || name.toUpperCase(Locale.ROOT).contains("AR_H_");
        fields[i] = columnBefore(table, name).orElse(ofDms ? unused(table, i) : null);
      }
    }
    return fields;
  }

  private static Optional<Column> columnBefore(TargetTable table, String name) {
    return name.regionMatches(true, 0, BEFORE, 0, BEFORE.length())
        ? column(table, name.substring(BEFORE.length())).map(column -> before(table, column))
        : Optional.empty();
  }

  /** By its exact name, or else whatever the case. */
  private static Optional<Column> column(TargetTable table, String name) {
    return table.positional().stream()
        .filter(column -> column.name().equals(name))
        .findFirst()
        .or(
            () ->
                table.positional().stream()
                    .filter(column -> column.name().equalsIgnoreCase(name))
                    .findFirst());
  }

  private static LoadException unknown(TargetTable table, String name) {
    List<String> names = table.positional().stream().map(Column::name).toList();
    return new LoadException(
        ErrorCode.CONFIG_INVALID,
        "CSV_COLUMNS names \"%s\", which is not a column of %s%s"
            .formatted(
                name,
                table.name(),
                Spelling.nearest(name, names, 2).map(" (did you mean %s?)"::formatted).orElse("")),
        "Write the names as in SQL, with capitals in double quotes. Fields can be left out with"
            + " LOAD_MODE=sync, upsert and changes.");
  }
}
