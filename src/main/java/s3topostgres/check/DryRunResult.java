package s3topostgres.check;

import java.util.List;
import s3topostgres.Fault;
import s3topostgres.s3.Upload;

/**
 * What a load would do. Its components are the fields of the check function's answer.
 *
 * @param object {@code s3://bucket/key}
 * @param table the target table with its schema; as the setting has it where it was not found
 * @param wouldLoad whether nothing was found that speaks against it
 * @param message why it would not; null if it would
 * @param rows of the file; null where it was not read to its end
 * @param columns those that the file's fields belong to, in their order
 * @param defaulted the table's other columns, which take their defaults
 * @param faults the first thousand
 * @param createTable the statements that make a table for the file; null where there is one
 */
public record DryRunResult(
    String object,
    String table,
    boolean wouldLoad,
    String message,
    Long rows,
    List<String> columns,
    List<String> defaulted,
    List<FaultInFile> faults,
    String createTable) {

  /**
   * @param line the physical line; null where it is not known
   * @param column null where the row as a whole is meant
   */
  public record FaultInFile(Long line, String column, String reason) {
    static FaultInFile of(Fault fault) {
      return new FaultInFile(fault.lineOrNull(), fault.column().orElse(null), fault.reason());
    }
  }

  /** Of a file whose rows were not looked at. */
  static DryRunResult notTried(Upload upload, String table, String why) {
    return new DryRunResult(
        upload.object().toString(), table, false, why, null, List.of(), List.of(), List.of(), null);
  }
}
