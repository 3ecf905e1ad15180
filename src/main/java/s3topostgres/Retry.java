package s3topostgres;

import java.util.Locale;

/** When a failed load can succeed without a new upload, and is tried again. */
public enum Retry {
  /** Soon: the cause is temporary. */
  SOON,
  /** At every run of catching up: the cause lasts until somebody removes it. */
  WHEN_MENDED,
  /** For a day: other rows, a trigger or a script refused the file. */
  FOR_A_DAY,
  /** When the function's time has grown. */
  WITH_MORE_TIME,
  /** Never: the cause is the file. */
  NEVER;

  /** What to do about a temporary cause. */
  public static final String BY_ITSELF =
      "Lambda and catchUp try it again; to load it at once, copy the object onto itself (runbook.md,"
          + " \"Load again\"). The old rows are still there.";

  /** As the history and the documentation write it: {@code when-mended}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
