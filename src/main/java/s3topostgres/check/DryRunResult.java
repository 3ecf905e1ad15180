package s3topostgres.check;

import java.util.List;
import s3topostgres.Fault;
import s3topostgres.Warning;
import s3topostgres.s3.Upload;

/**
 * The result of a dry run. Its components are the fields of the check function's answer.
 *
 * @param object {@code s3://bucket/key}
 * @param table the target table with its schema; as the setting has it where it was not found
 * @param wouldLoad whether a load would succeed, as far as the dry run can tell
 * @param message why a load would fail; null if it would succeed
 * @param rows the number of rows in the file; null if the file was not read to its end
 * @param rejected how many records would be left out, because they have faults; null if none
 * @param columns the columns that the file's fields belong to, in the order of the fields
 * @param defaulted the table's other columns, which take their defaults
 * @param ignored what the fields are called that are left out
 * @param faults the first 1,000
 * @param warnings about what would be loaded, but is probably not meant so
 * @param createTable the statements that make a table for the file; null where there is one
 */
public record DryRunResult(
    String object,
    String table,
    boolean wouldLoad,
    String message,
    Long rows,
    Long rejected,
    List<String> columns,
    List<String> defaulted,
    List<String> ignored,
    List<FaultInFile> faults,
    List<Warning> warnings,
    String createTable) {

  /**
   * A fault of the file.
   *
   * @param part the file, where several are loaded as one; null for one file
   * @param line the physical line, 1 is the first; null if it is not known
   * @param column the table's column; null if the fault is of the row as a whole
   */
  public record FaultInFile(String part, Long line, String column, String reason) {
    static FaultInFile of(Fault fault) {
      return new FaultInFile(
          fault.part().orElse(null),
          fault.lineOrNull(),
          fault.column().orElse(null),
          fault.reason());
    }
  }

  /** Makes the result for a file whose rows were not read. */
  static DryRunResult notTried(Upload upload, String table, String why) {
    return new DryRunResult(
        upload.object().toString(),
        table,
        false,
        why,
        null,
        null,
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        null);
  }
}
