package s3topostgres.load;

import s3topostgres.s3.Upload;

/** Something to do to the table. */
record LoadTask(Upload upload, Kind kind) {

  /** What is to be done, and why. */
  enum Kind {
    /** An event announced the upload. It is loaded when what has to come before it was. */
    EVENT,
    /** The upload was missed. All before it was done. */
    BACKFILL,
    /** All files of a full load of AWS DMS were loaded, and the table is to have no other rows. */
    FINISH_FULL_LOAD
  }
}
