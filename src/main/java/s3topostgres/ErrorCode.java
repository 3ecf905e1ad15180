package s3topostgres;

import java.util.Arrays;

/** Why a load failed: who has to act, and whether sending the same event again can help. */
public enum ErrorCode {
  /** A setting is missing or wrong. */
  CONFIG_INVALID(Owner.OPERATOR, false),
  /** The object is empty, gone, or may not be read. */
  OBJECT_UNREADABLE(Owner.OPERATOR, false),
  /** The database cannot import from S3: no {@code aws_s3}, no role, no route. */
  IMPORT_UNAVAILABLE(Owner.OPERATOR, false),
  /** The target table or the history table cannot be used as they are. */
  TABLE_UNUSABLE(Owner.OPERATOR, false),
  /** The file's header does not fit the target table. */
  HEADER_MISMATCH(Owner.SENDER, false),
  /** A line of the file does not fit the target table. */
  ROW_REJECTED(Owner.SENDER, false),
  /** The file has fewer rows than {@code MIN_ROWS}. */
  TOO_FEW_ROWS(Owner.SENDER, false),
  /** Other sessions used the target table for longer than {@code LOCK_TIMEOUT_SECONDS}. */
  TABLE_BUSY(Owner.OPERATOR, true),
  /** The load was not finished before the function's time limit. */
  OUT_OF_TIME(Owner.OPERATOR, false),
  /** The database cannot be reached, went away, or is out of resources. */
  DATABASE_UNAVAILABLE(Owner.OPERATOR, true),
  /** The database refused: login, TLS, or anything that has no code of its own. */
  DATABASE_REFUSED(Owner.OPERATOR, false),
  /** An exception that no other code covers. */
  INTERNAL(Owner.MAINTAINER, true);

  /** Who can fix a failure. */
  public enum Owner {
    /** Whoever deployed the function and runs the database. */
    OPERATOR,
    /** Whoever dropped the file. */
    SENDER,
    /** Whoever maintains this code. */
    MAINTAINER
  }

  private final Owner owner;
  private final boolean retryHelps;

  ErrorCode(Owner owner, boolean retryHelps) {
    this.owner = owner;
    this.retryHelps = retryHelps;
  }

  public Owner owner() {
    return owner;
  }

  public boolean retryHelps() {
    return retryHelps;
  }

  /**
   * Makes a failure with this code, for the caller to throw.
   *
   * @param why one clause without a full stop
   * @param whatToDo one or more whole sentences
   */
  public LoadException failure(String why, String whatToDo) {
    return new LoadException(this, why, whatToDo);
  }

  /** The names of the codes for which a retry can help. */
  public static String[] retryable() {
    return Arrays.stream(values())
        .filter(ErrorCode::retryHelps)
        .map(ErrorCode::name)
        .toArray(String[]::new);
  }
}
