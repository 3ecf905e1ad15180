package s3topostgres.sandbox;

import java.net.URI;
import java.util.stream.Stream;
import s3topostgres.config.AwsCalls;
import s3topostgres.config.Parameters;
import s3topostgres.s3.S3Objects;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.ssm.SsmClient;

/** The function's calls of AWS, with its own limits, of servers on this machine. */
public final class SandboxAws {
  private SandboxAws() {}

  /** The objects of the S3 server at that address, as these let a client see them. */
  public static S3Objects objects(URI endpoint, ExecutionInterceptor... interceptors) {
    S3ClientBuilder client = client(S3Client.builder(), endpoint).forcePathStyle(true);
    ClientOverrideConfiguration.Builder calls = client.overrideConfiguration().toBuilder();
    Stream.of(interceptors).forEach(calls::addExecutionInterceptor);
    return new S3Objects(client.overrideConfiguration(calls.build()).build());
  }

  /** The parameters of the Systems Manager at that address. */
  public static Parameters parameters(URI endpoint) {
    return new Parameters(client(SsmClient.builder(), endpoint).build());
  }

  private static <B extends AwsClientBuilder<B, C> & AwsSyncClientBuilder<B, C>, C> B client(
      B builder, URI endpoint) {
    return AwsCalls.limited(builder)
        .endpointOverride(endpoint)
        .region(Region.of(S3Server.REGION))
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("sandbox", "sandbox")));
  }
}
