package s3topostgres.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a file does to the target table. */
public enum Mode {
  /** It is the table's new content, and the table is emptied for it. */
  REPLACE,
  /** It is the table's new content, and only the differences are written. */
  SYNC,
  /** Its rows are added. */
  APPEND,
  /** Its rows are added, or take the place of those with their key. */
  UPSERT,
  /** Its lines insert, update and delete rows by their key, as AWS DMS writes them. */
  CHANGES;

  static final List<String> LABELS = Arrays.stream(values()).map(Mode::label).toList();

  /** As the setting and the history write it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether the file is the whole table, so that only the newest of all files counts. */
  public boolean isWholeTable() {
    return this == REPLACE || this == SYNC;
  }

  /** Whether rows come into a temporary table first, and from there into the target. */
  public boolean hasStage() {
    return this == SYNC || this == UPSERT || this == CHANGES;
  }

  /** Whether loads of one table may run at the same time. */
  public boolean isSideBySide() {
    return this == APPEND;
  }
}
