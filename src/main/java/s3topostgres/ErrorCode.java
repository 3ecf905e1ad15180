package s3topostgres;

import java.util.Arrays;

/** Why a load failed: who has to act, and when the same upload is tried again. */
public enum ErrorCode {
  /** A setting is missing or wrong. */
  CONFIG_INVALID(Owner.OPERATOR, Retry.WHEN_MENDED),
  /** The object is empty, gone, or may not be read. */
  OBJECT_UNREADABLE(Owner.OPERATOR, Retry.WHEN_MENDED),
  /** S3 does not answer the function or the database, or answers that it has a problem itself. */
  S3_UNAVAILABLE(Owner.OPERATOR, Retry.SOON),
  /** The database cannot import from S3: no {@code aws_s3}, no role. */
  IMPORT_UNAVAILABLE(Owner.OPERATOR, Retry.WHEN_MENDED),
  /** The target table or the history table cannot be used as they are. */
  TABLE_UNUSABLE(Owner.OPERATOR, Retry.WHEN_MENDED),
  /** The file's header does not fit the target table. */
  HEADER_MISMATCH(Owner.SENDER, Retry.NEVER),
  /** A line of the file does not fit the target table. */
  ROW_REJECTED(Owner.SENDER, Retry.NEVER),
  /**
   * The file has fewer rows than {@code MIN_ROWS}, or more of the table's rows are missing in it
   * than {@code MAX_DELETED_ROWS}.
   */
  TOO_FEW_ROWS(Owner.SENDER, Retry.NEVER),
  /** Other sessions used the target table for longer than {@code LOCK_TIMEOUT_SECONDS}. */
  TABLE_BUSY(Owner.OPERATOR, Retry.SOON),
  /** The load was not finished before the function's time limit. */
  OUT_OF_TIME(Owner.OPERATOR, Retry.WITH_MORE_TIME),
  /** The database cannot be reached, went away, or is out of resources. */
  DATABASE_UNAVAILABLE(Owner.OPERATOR, Retry.SOON),
  /** The database refused: login, TLS, or anything that has no code of its own. */
  DATABASE_REFUSED(Owner.OPERATOR, Retry.WHEN_MENDED),
  /** An exception that no other code covers. */
  INTERNAL(Owner.MAINTAINER, Retry.SOON);

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
  private final Retry retry;

  ErrorCode(Owner owner, Retry retry) {
    this.owner = owner;
    this.retry = retry;
  }

  public Owner owner() {
    return owner;
  }

  /** When the upload is tried again, unless the failure itself says otherwise. */
  public Retry retry() {
    return retry;
  }

  /** Whether the cause is temporary. */
  public boolean retryHelps() {
    return retry == Retry.SOON;
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

  /**
   * Makes the failure that an earlier attempt of the same request recorded.
   *
   * @param message as it was recorded
   */
  public LoadException repeated(String message) {
    return new LoadException(this, message);
  }

  /** The names of the codes whose cause is temporary. */
  public static String[] retryable() {
    return Arrays.stream(values())
        .filter(ErrorCode::retryHelps)
        .map(ErrorCode::name)
        .toArray(String[]::new);
  }
}
