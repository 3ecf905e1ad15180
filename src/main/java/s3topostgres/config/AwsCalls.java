package s3topostgres.config;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

/** How the function calls AWS: by the JDK's HTTP client, and with time limits that fit a load. */
public final class AwsCalls {
  /** With all retries; the database ends a transaction that is idle for 30 s. */
  private static final Duration CALL = Duration.ofSeconds(20);

  private static final Duration ATTEMPT = Duration.ofSeconds(6);
  private static final Duration CONNECT = Duration.ofSeconds(2);

  /** A load that reads the object itself may wait for S3 that long after its deadline. */
  private static final Duration READ = Duration.ofSeconds(3);

  private AwsCalls() {}

  /** Sets the HTTP client and the limits of a service's client that is being built. */
  public static <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C> B limited(
      B client) {
    return client
        .httpClientBuilder(
            UrlConnectionHttpClient.builder().connectionTimeout(CONNECT).socketTimeout(READ))
        .overrideConfiguration(
            limits -> limits.apiCallTimeout(CALL).apiCallAttemptTimeout(ATTEMPT));
  }

  /** The limit of one call, with all retries, when that much time is left. */
  public static Duration within(Duration left) {
    // The SDK takes no limit of zero.
    return Collections.max(List.of(Duration.ofMillis(1), Collections.min(List.of(CALL, left))));
  }
}
