package s3topostgres.load;

/**
 * What became of one upload. Its components are the fields of the function's answer.
 *
 * @param object {@code s3://bucket/key}
 * @param table the target table with its schema; as the setting has it where no load was begun
 * @param rows in the file
 * @param inserted of the table's rows; null in a mode without a stage, and then left out of the
 *     answer, as are the next two
 * @param updated of the table's rows
 * @param deleted of the table's rows
 * @param bytes that the database fetched for it
 * @param millis that it took
 */
public record LoadResult(
    String object,
    String table,
    Status status,
    long rows,
    Long inserted,
    Long updated,
    Long deleted,
    long bytes,
    long millis) {

  /** How a load that did not fail ended. */
  public enum Status {
    /** The table holds the file. */
    LOADED,
    /** This delivery was loaded before. */
    DUPLICATE,
    /** Something newer is already in the table. */
    STALE,
    /** The event is not about a new CSV file. */
    IGNORED
  }
}
