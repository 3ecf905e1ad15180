package s3topostgres.dms;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.csv.ColumnMatch;
import s3topostgres.csv.FieldLayout;
import s3topostgres.csv.FileHead;
import s3topostgres.csv.MatchedFields;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;
import s3topostgres.s3.ObjectLocation;

/** The layout of AWS DMS's files: by a header or by position, with fields that are no columns. */
public record DmsLayout(CsvFormat format) implements FieldLayout {
  /** Types whose values are never the letter I. */
  private static final Pattern NO_LETTER =
      Pattern.compile(
          "smallint|integer|bigint|numeric.*|real|double precision|uuid|date|timestamp.*|boolean");

  @Override
  public MatchedFields match(FileHead head, ObjectLocation object, TargetTable table) {
    DmsFile file = DmsFile.of(object);
    if (format.header() == CsvFormat.Header.MATCH) {
      Column[] beside = besideColumns(head, table, file);
      return ColumnMatch.match(head.header(), beside, format, true, table);
    }
    List<Column> fields = positional(head, table, file);
    head.requireFields(
        fields.size(),
        "not %d as expected",
        "Name the fields in CSV_COLUMNS if they are not the table's columns behind Op. If the"
            + " file has changes of several tables, set PreserveTransactions=false and no"
            + " CdcPath for the S3 endpoint of DMS.");
    return MatchedFields.of(fields);
  }

  /**
   * The fields that are no columns, by the header.
   *
   * @return for each field the column of the stage that takes it, or null if the table's is to be
   *     found
   * @throws LoadException {@code HEADER_MISMATCH} when changes do not begin with {@code Op}
   */
  private static Column[] besideColumns(FileHead head, TargetTable table, DmsFile file) {
    List<String> header = head.header();
    List<String> row = head.rows().isEmpty() ? List.of() : head.rows().get(0);
    Column[] fields = new Column[header.size()];
    String first = header.get(0).strip();
    int next = 0;
    if (first.equals(DmsFields.OP)
        || first.equalsIgnoreCase(DmsFields.OP) && table.loadable(first).isEmpty()) {
      fields[next++] = DmsFields.operation(table);
    } else if (!file.isFullLoad()) {
      throw ErrorCode.HEADER_MISMATCH.failure(
          "the first line does not begin with Op",
          "Set AddColumnName=true and CdcInsertsOnly=false for the S3 endpoint of DMS; or"
              + " CSV_HEADER=none, if its files have no header.");
    }
    for (int i = next; i < fields.length; i++) {
      String name = header.get(i).strip();
      if (table.loadable(name).isEmpty()) {
        boolean time = i == next && row.size() > i && DmsFields.isTime(row.get(i));
        boolean ofDms = time || name.toUpperCase(Locale.ROOT).contains("AR_H_");
        fields[i] = DmsFields.before(table, name).orElse(ofDms ? table.unusedField(i) : null);
      }
    }
    return fields;
  }

  /**
   * The fields of a file without a header that names them. It may have fewer fields than {@code
   * CSV_COLUMNS} names.
   *
   * @throws LoadException {@code ROW_REJECTED} when changes do not begin with an operation
   */
  private List<Column> positional(FileHead head, TargetTable table, DmsFile file) {
    List<Column> named = named(table);
    boolean declared = named.remove(DmsFields.operation(table));
    if (head.rows().isEmpty()) {
      return named;
    }
    List<String> first = head.rows().get(0);
    List<Column> fields = new ArrayList<>();
    if (file.isFullLoad()
        ? areInserts(head.rows())
            && (declared || first.size() > named.size() || !beginsWithText(named))
        : beginsWithOperation(first, head.firstRow())) {
      fields.add(DmsFields.operation(table));
    }
    if (format.columns().isEmpty()
        && first.size() == fields.size() + named.size() + 1
        && DmsFields.isTime(first.get(fields.size()))) {
      fields.add(table.unusedField(fields.size()));
    }
    fields.addAll(named);
    boolean older = format.columns().isPresent() && first.size() < fields.size();
    return older ? fields.subList(0, first.size()) : fields;
  }

  private List<Column> named(TargetTable table) {
    List<Column> named = new ArrayList<>();
    for (String name : format.columns().orElse(List.of())) {
      named.add(
          named.isEmpty() && name.equalsIgnoreCase(DmsFields.OP)
              ? DmsFields.operation(table)
              : table
                  .loadable(name)
                  .or(() -> DmsFields.before(table, name))
                  .orElse(table.unusedField(named.size())));
    }
    return format.columns().isEmpty() ? new ArrayList<>(table.loadable()) : named;
  }

  private static boolean areInserts(List<List<String>> rows) {
    return rows.stream().allMatch(row -> row.get(0).equals("I"));
  }

  private static boolean beginsWithText(List<Column> columns) {
    return !columns.isEmpty() && !NO_LETTER.matcher(columns.get(0).type()).matches();
  }

  private static boolean beginsWithOperation(List<String> row, int line) {
    if (!DmsFields.OPERATIONS.contains(row.get(0))) {
      throw DmsFields.noOperation().at(line);
    }
    return true;
  }
}
