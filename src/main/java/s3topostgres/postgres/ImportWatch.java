package s3topostgres.postgres;

import java.io.InputStream;

/** Sees what an import reads, and may end it. */
public interface ImportWatch {
  /** For an import that nobody watches. */
  ImportWatch NONE = content -> content;

  /**
   * Puts itself between a file and {@code COPY}. Of a file that the database fetches it sees
   * nothing.
   *
   * @param content of the file, unpacked
   * @return what {@code COPY} is given
   */
  InputStream through(InputStream content);

  /** Whether the import is to be ended, so that it must not be tried again. */
  default boolean isOver() {
    return false;
  }
}
