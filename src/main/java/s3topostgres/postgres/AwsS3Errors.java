package s3topostgres.postgres;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;

/**
 * Recognises errors of the extension {@code aws_s3} by a few words of the error or of the notices
 * before it. No manual lists these errors, and they share one SQLSTATE.
 */
final class AwsS3Errors {
  private static final Pattern HTTP = Pattern.compile("\\bHTTP (\\d{3})\\b");
  private static final Pattern CURL = Pattern.compile("\\bCURL error code: (\\d+)");

  /** Matches the frame of the extension's own COPY: the extension was called, and COPY failed. */
  private static final Pattern COPY = Pattern.compile("(?im)^SQL statement \"copy ");

  private static final String NO_ROWS = "0 rows were copied";
  private static final String WHY_NO_ROWS = "aws_s3 copied no row of a file that has some";

  private AwsS3Errors() {}

  /** Translates an error of the extension; empty if the error is not the extension's. */
  static Optional<LoadException> of(SQLException e) {
    return SqlErrors.isConnectionLost(e)
        ? Optional.empty()
        : byWords(words(e))
            .or(() -> byWords(notices(e)))
            .or(() -> byState(e))
            .map(failure -> failure.sqlState(e.getSQLState()));
  }

  /** Whether the extension copied no row, which it reports as an error. */
  static boolean isNoRows(SQLException e) {
    return words(e).contains(NO_ROWS);
  }

  /** Whether a translated error is that the extension copied no row. */
  static boolean isNoRows(LoadException failure) {
    return failure.why().equals(WHY_NO_ROWS);
  }

  /** Whether S3 answered the database that the object does not exist. */
  static boolean isNotFound(SQLException e) {
    return words(e).contains("HTTP 404");
  }

  private static String words(SQLException e) {
    return SqlErrors.serverMessage(e)
        .map(said -> said.getMessage() + " " + said.getHint() + " " + said.getDetail())
        .orElse("");
  }

  /** The notices before the error, which {@link Session} attaches to it. */
  private static String notices(SQLException e) {
    return Stream.iterate(e.getNextException(), Objects::nonNull, SQLException::getNextException)
        .map(SQLException::getMessage)
        .collect(joining(" "));
  }

  private static Optional<LoadException> byWords(String words) {
    if (words.contains(NO_ROWS)) {
      return Optional.of(
          ErrorCode.IMPORT_UNAVAILABLE.failure(
              WHY_NO_ROWS,
              "It is tried again. If the table has a trigger that leaves rows out, see whether it"
                  + " leaves out all of them."));
    }
    Matcher http = HTTP.matcher(words);
    if (http.find()) {
      return Optional.of(http(Integer.parseInt(http.group(1))));
    }
    Matcher curl = CURL.matcher(words);
    if (curl.find()) {
      return Optional.of(curl(curl.group(1)));
    }
    return words.contains("s3Import") || words.contains("credentials")
        ? Optional.of(
            ErrorCode.IMPORT_UNAVAILABLE.failure(
                "the database has no role for reading from S3",
                "Associate a role with the database instance or cluster, for the feature s3Import."))
        : Optional.empty();
  }

  private static LoadException http(int status) {
    return switch (status) {
      case 403 ->
          ErrorCode.OBJECT_UNREADABLE.failure(
              "S3 denies the database access to it (HTTP 403)",
              "Allow the role that is associated with the database as s3Import s3:GetObject and"
                  + " s3:ListBucket on this bucket, and kms:Decrypt where it is encrypted.");
      case 404 ->
          ErrorCode.OBJECT_UNREADABLE.failure(
              "the database does not find it in S3 (HTTP 404)",
              "Upload it again if it is still wanted.");
      case 412 ->
          ErrorCode.OBJECT_UNREADABLE.failure(
              "the object changed while it was read (HTTP 412)",
              "A retry loads the object as it is then. The old rows are still there.");
      case 416 ->
          ErrorCode.OBJECT_UNREADABLE
              .failure("the object is empty", "Upload the file again.")
              .retry(Retry.NEVER);
      case 301, 307, 400 ->
          ErrorCode.OBJECT_UNREADABLE.failure(
              "S3 does not serve it to the database (wrong region, or its encryption key)",
              "Use a bucket in the database's region and a key that the s3Import role may use.");
      default -> unexpected(status);
    };
  }

  private static LoadException unexpected(int status) {
    ErrorCode code =
        status >= 500 || status == 429 ? ErrorCode.S3_UNAVAILABLE : ErrorCode.OBJECT_UNREADABLE;
    return code.failure(
        "S3 answered the database HTTP " + status, "If that lasts, look at the bucket.");
  }

  /**
   * Translates an error of libcurl; codes 51 and 60 are for a certificate with another name.
   *
   * @see <a href="https://curl.se/libcurl/c/libcurl-errors.html">libcurl's error codes</a>
   */
  private static LoadException curl(String code) {
    return code.equals("51") || code.equals("60")
        ? ErrorCode.IMPORT_UNAVAILABLE.failure(
            "the database cannot reach the bucket over TLS, because the bucket's name has dots",
            "Use a bucket without dots in its name.")
        : noRoute();
  }

  static LoadException noRoute() {
    return ErrorCode.S3_UNAVAILABLE.failure(
        "S3 does not answer the database",
        "If that lasts, give the database's subnets a gateway endpoint for S3, and let its security group send to"
            + " port 443.");
  }

  private static Optional<LoadException> byState(SQLException e) {
    return switch (SqlErrors.state(e)) {
      case SqlState.INTERNAL_ERROR,
          SqlState.FEATURE_NOT_SUPPORTED,
          SqlState.INVALID_TRANSACTION_STATE,
          SqlState.NOT_IN_PREREQUISITE_STATE,
          SqlState.SYNTAX_ERROR ->
          Optional.of(
              ErrorCode.IMPORT_UNAVAILABLE.failure(
                  "aws_s3 failed inside the database (SQLSTATE %s)".formatted(e.getSQLState()),
                  "See the database's own log."));
      case SqlState.NO_SUCH_FUNCTION, SqlState.NO_SUCH_SCHEMA, SqlState.INSUFFICIENT_PRIVILEGE ->
          SqlErrors.hasFrame(e, COPY) ? Optional.empty() : Optional.of(AwsS3Extension.closed());
      default -> Optional.empty();
    };
  }
}
