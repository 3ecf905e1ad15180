package s3topostgres.history;

/** What becomes of an upload: first as the history judges it, then as the result reports it. */
public enum Verdict {
  /** No load of this delivery is known, and nothing newer: it is to be loaded. */
  NEW,
  /** The load of an earlier event read this content already, but this event is not recorded. */
  TAKEN,
  /** This delivery was loaded before. */
  DUPLICATE,
  /** Something newer is already in the table. */
  STALE,
  /** The table holds the file. */
  LOADED,
  /** The event is not about a file to load. */
  IGNORED
}
