package s3topostgres.s3;

import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;

/** Describes errors of S3 for the person who has to act. */
final class S3Errors {
  static final String GONE = "there is no such object any more";

  private S3Errors() {}

  /**
   * The failure of a request for an object that S3 answered with an error.
   *
   * @param status of HTTP
   */
  static LoadException refused(int status, ObjectLocation location) {
    return switch (status) {
      case 416 ->
          ErrorCode.OBJECT_UNREADABLE
              .failure("the object is empty", "Upload the file again; the table was left as it is.")
              .retry(Retry.NEVER);
      case 412 ->
          ErrorCode.OBJECT_UNREADABLE.failure(
              "the object changed while it was read",
              "A retry loads the object as it is then. The old rows are still there.");
      case 404 ->
          ErrorCode.OBJECT_UNREADABLE.failure(
              GONE, "Upload it again if it is still wanted; nothing was changed.");
      case 403 ->
          ErrorCode.OBJECT_UNREADABLE.failure(
              "S3 denies access to it (HTTP 403)",
              "Allow the function's role s3:GetObject on the bucket's objects, s3:ListBucket on the"
                  + " bucket, and kms:Decrypt on the key that they are encrypted with.");
      case 301, 307, 400 ->
          ErrorCode.OBJECT_UNREADABLE.failure(
              "S3 cannot serve it from here (HTTP %d)".formatted(status),
              "Check that the bucket "
                  + location.bucket()
                  + " is in the function's region, and that the function may use the key that the"
                  + " object is encrypted with.");
      default -> unexpected(status);
    };
  }

  /**
   * The failure of a request to put an object that S3 answered with an error.
   *
   * @param status of HTTP
   */
  static LoadException notPut(int status) {
    return status == 403
        ? ErrorCode.OBJECT_UNREADABLE.failure(
            "S3 denies the function to put it (HTTP 403)",
            "Allow the function's role s3:PutObject on it, and kms:GenerateDataKey on the key that the bucket is encrypted with.")
        : unexpected(status);
  }

  /**
   * The failure of a request for a bucket's notifications that S3 answered with an error.
   *
   * @param status of HTTP
   */
  static LoadException notificationsUnread(int status) {
    return status == 403
        ? ErrorCode.OBJECT_UNREADABLE.failure(
            "S3 denies the function to read the bucket's notifications (HTTP 403)",
            "Allow the function's role s3:GetBucketNotification on the bucket.")
        : unexpected(status);
  }

  /** The failure for other answers; 429 and 5xx say that S3 itself has too much to do. */
  private static LoadException unexpected(int status) {
    ErrorCode code =
        status >= 500 || status == 429 ? ErrorCode.S3_UNAVAILABLE : ErrorCode.OBJECT_UNREADABLE;
    return code.failure(
        "S3 answered HTTP %d".formatted(status), "If that lasts, look at the bucket.");
  }

  /** The failure of a request that S3 did not answer, or not to its end. */
  static LoadException noAnswer() {
    return ErrorCode.S3_UNAVAILABLE.failure(
        "S3 did not answer",
        "Give the function's subnets a gateway endpoint for S3 or another route, and let the"
            + " function's security group send to port 443.");
  }
}
