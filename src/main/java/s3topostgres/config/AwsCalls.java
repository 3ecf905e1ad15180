package s3topostgres.config;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.retries.api.RetryStrategy;

/** Configures clients of AWS: the JDK's HTTP client, time limits and retries that fit a load. */
public final class AwsCalls {
  /** For a call with all retries; the database ends a transaction that is idle for 30 s. */
  private static final Duration CALL = Duration.ofSeconds(20);

  private static final Duration ATTEMPT = Duration.ofSeconds(6);
  private static final Duration CONNECT = Duration.ofSeconds(2);

  /** For each read; so a load that streams the object may end that long after its deadline. */
  private static final Duration READ = Duration.ofSeconds(3);

  private AwsCalls() {}

  /** Sets the HTTP client, time limits and retries of a client that is being built. */
  public static <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C> B limited(
      B client) {
    return client
        .httpClientBuilder(
            UrlConnectionHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(READ))
        .overrideConfiguration(
            calls ->
                calls.apiCallTimeout(CALL).apiCallAttemptTimeout(ATTEMPT).retryStrategy(retries()));
  }

  /** The time limit of one call with all retries: the usual one, or what is left. */
  public static Duration within(Duration left) {
    // The SDK takes no limit of zero.
    return Collections.max(List.of(Duration.ofMillis(1), Collections.min(List.of(CALL, left))));
  }

  /**
   * Retries as AWS recommends, at most three attempts: so many fit into the limit of a call. Said
   * in code, because <a
   * href="https://aws.amazon.com/blogs/developer/updated-default-retry-behavior-for-aws-sdks-and-tools/">the
   * SDK's defaults change</a>, and depend on {@code AWS_RETRY_MODE} and {@code AWS_MAX_ATTEMPTS}.
   */
  private static RetryStrategy retries() {
    return AwsRetryStrategy.standardRetryStrategy().toBuilder().maxAttempts(3).build();
  }
}
