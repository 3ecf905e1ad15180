package s3topostgres.scan;

/** Is told what a {@link RecordSplitter} finds, in the order of the file. */
interface RecordListener {
  /**
   * A field has ended.
   *
   * @param bytes hold the field as it is in the file, quotes included; only during the call
   * @param from its first byte; negative where it is longer than {@value RecordSplitter#KEPT} bytes
   * @param to behind its last byte
   * @param index from 0
   * @param line on which it ends
   */
  void field(byte[] bytes, int from, int to, int index, long line);

  /**
   * A record has ended, after its last field.
   *
   * @param bytes hold the record as it is in the file; only during the call
   * @param from its first byte; negative where the record is longer than {@value
   *     RecordSplitter#KEPT} bytes
   * @param to behind its last byte, before the line end
   * @param fields how many it has
   * @param line on which it begins
   */
  void record(byte[] bytes, int from, int to, int fields, long line);

  /**
   * A fault was found in the record that ends next.
   *
   * @param line on which it begins
   * @param fieldLine on which its field begins
   */
  void fault(FormFault fault, long line, long fieldLine);
}
