package s3topostgres.config;

import java.time.Duration;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4FamilyHttpSigner.AuthLocation;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;

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

  private IamToken() {}

  /**
   * @throws LoadException {@code CONFIG_INVALID} when the process has no region or credentials
   */
  static Secret make(String host, int port, String username) {
    try (DefaultCredentialsProvider provider = DefaultCredentialsProvider.builder().build()) {
      AwsCredentials credentials = provider.resolveCredentials();
      String region = DefaultAwsRegionProviderChain.builder().build().getRegion().id();
      SdkHttpFullRequest request =
          SdkHttpFullRequest.builder()
              .method(SdkHttpMethod.GET)
              .protocol("https")
              .host(host)
              .port(port)
              .encodedPath("/")
              .putRawQueryParameter("DBUser", username)
              .putRawQueryParameter("Action", "connect")
              .build();
      String url =
          AwsV4HttpSigner.create()
              .sign(
                  sign ->
                      sign.identity(credentials)
                          .request(request)
                          .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "rds-db")
                          .putProperty(AwsV4HttpSigner.REGION_NAME, region)
                          .putProperty(AwsV4HttpSigner.AUTH_LOCATION, AuthLocation.QUERY_STRING)
                          .putProperty(AwsV4HttpSigner.EXPIRATION_DURATION, VALID))
              .request()
              .getUri()
              .toString();
      return new Secret(url.substring("https://".length()));
    } catch (SdkException e) {
      throw new LoadException(
          ErrorCode.CONFIG_INVALID,
          "no token for the database can be made (DB_AUTH=iam), because the process has no AWS"
              + " region or credentials",
          "Lambda gives it both; elsewhere set AWS_REGION, AWS_ACCESS_KEY_ID and the rest.");
    }
  }
}
