package s3topostgres.scan;

import java.util.Optional;

/** Refuses {@code \N}, by which MySQL, Hive and others mean NULL, where it would be a text. */
final class NullMark implements FieldRule {
  /** As {@code CSV_NULL} has it. */
  static final String TEXT = "\\N";

  private static final Optional<FormFault> FOUND = Optional.of(FormFault.NULL_MARK);

  @Override
  public Optional<FormFault> look(byte[] bytes, int from, int to, long line) {
    return to - from == 2 && bytes[from] == '\\' && bytes[from + 1] == 'N'
        ? FOUND
        : Optional.empty();
  }
}
