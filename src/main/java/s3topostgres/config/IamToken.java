package s3topostgres.config;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.aws.AwsHttp;

/**
 * A password for RDS that AWS IAM stands for: the signed address of a call that nobody makes. RDS
 * checks the signature; that takes no call of ours and no route to IAM. The SDK's own {@code
 * RdsUtilities} makes the same, but comes with 6 MB of calls to RDS.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html">IAM
 *     database authentication</a>
 */
final class IamToken {
  /** The longest that RDS takes; only the login has to be within it. */
  private static final Duration VALID = Duration.ofMinutes(15);

  private static final String SCHEME = "https://";

  private IamToken() {}

  /**
   * @throws LoadException {@code DATABASE_UNAVAILABLE} when there are no credentials
   */
  static Secret make(String host, int port, String username, AwsHttp aws) {
    Map<String, String> query = new LinkedHashMap<>();
    query.put("DBUser", username);
    query.put("Action", "connect");
    try {
      String url = aws.presigned("rds-db", SCHEME + host + ":" + port, query, VALID);
      return new Secret(url.substring(SCHEME.length()));
    } catch (IOException e) {
      throw new LoadException(
          ErrorCode.DATABASE_UNAVAILABLE,
          "Lambda gave the function no credentials to log in with",
          "Send the event again.");
    }
  }
}
