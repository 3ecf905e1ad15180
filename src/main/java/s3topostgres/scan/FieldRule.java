package s3topostgres.scan;

import java.util.Optional;

/** Looks at each field of one column. It is called for every row, so it makes no objects. */
interface FieldRule {
  /** For a column without rules: it is never called. */
  FieldRule NONE = (bytes, from, to, line) -> Optional.empty();

  /**
   * Looks at a field.
   *
   * @param bytes hold the field as it is in the file, quotes included; only during the call
   * @param from its first byte
   * @param to behind its last byte
   * @param line on which it ends
   * @return why it is refused
   */
  Optional<FormFault> look(byte[] bytes, int from, int to, long line);
}
