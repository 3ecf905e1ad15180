package s3topostgres.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The modes: what a file does to the target table. */
public enum Mode {
  /** The file is the table's new content; the table is emptied first. */
  REPLACE,
  /** The file is the table's new content; only differences are written. */
  SYNC,
  /** The file's rows are inserted. */
  APPEND,
  /** The file's rows are inserted, or replace the rows with the same row key. */
  UPSERT,
  /** The file's rows are inserts, updates and deletes by row key, as AWS DMS writes them. */
  CHANGES;

  static final List<String> LABELS = Arrays.stream(values()).map(Mode::label).toList();

  /** Whether a file, or all files of a set, is the whole table. */
  public boolean isWholeTable() {
    return this == REPLACE || this == SYNC;
  }

  /** The mode as the setting and the history write it: {@code replace}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
