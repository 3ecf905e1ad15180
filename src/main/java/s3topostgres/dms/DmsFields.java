package s3topostgres.dms;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * The fields of AWS DMS that are no columns of the table: the operation ({@code Op}), the former
 * values ({@code BI_} and the column's name), and fields that are not loaded, such as the time of
 * the commit. Only the stage has columns for them.
 *
 * @see <a href="https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html">Using Amazon
 *     S3 as a target for AWS DMS</a>
 */
final class DmsFields {
  static final String OP = "Op";
  static final Set<String> OPERATIONS = Set.of("I", "U", "D");

  /** The format of the field that the setting TimestampColumnName of DMS adds. */
  private static final Pattern TIME =
      Pattern.compile("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(\\.\\d+)?");

  private static final String BEFORE = "BI_";

  private DmsFields() {}

  /** The stage's column for {@code I}, {@code U} or {@code D}. */
  static Column operation(TargetTable table) {
    return table.stageOnly("s3_load_operation");
  }

  /** The stage's column for the value before the change; NULL where it did not change. */
  static Column before(TargetTable table, Column column) {
    return table.stageOnly("s3_load_before_" + table.columns().indexOf(column), column);
  }

  /** The stage's column for a field that is named as a former value; empty for other names. */
  static Optional<Column> before(TargetTable table, String name) {
    return name.regionMatches(true, 0, BEFORE, 0, BEFORE.length())
        ? table.loadable(name.substring(BEFORE.length())).map(column -> before(table, column))
        : Optional.empty();
  }

  static boolean isTime(String value) {
    return TIME.matcher(value).matches();
  }

  /** The failure for a row without an operation. */
  static LoadException noOperation() {
    return ErrorCode.ROW_REJECTED.failure(
        "the first field is not I, U or D",
        "Have DMS write it: CdcInsertsOnly=false for the S3 endpoint, or IncludeOpForFullLoad=true;"
            + " then reload the table. The old rows are still there.");
  }
}
