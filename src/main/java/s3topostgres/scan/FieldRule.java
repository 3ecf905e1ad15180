package s3topostgres.scan;

/**
 * Looks at each field of one column, and tells its {@link ColumnFindings}. It is called for every
 * row, so it makes no objects for fields of the usual form.
 */
interface FieldRule {
  /**
   * Looks at a field.
   *
   * @param bytes hold the field, without the quotes around it; only during the call
   * @param from its first byte
   * @param to behind its last byte
   * @param quoted whether it is in quotes; then {@code bytes} may hold escapes
   * @param marked whether it has a backslash, or a character beyond ASCII
   * @param line on which it ends
   */
  void look(byte[] bytes, int from, int to, boolean quoted, boolean marked, long line);

  /** Tells what only all fields together show. */
  default void end() {}
}
