package s3topostgres.sandbox;

import java.net.URI;
import s3topostgres.config.AwsCalls;
import s3topostgres.config.Parameters;
import s3topostgres.s3.S3Objects;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.ssm.SsmClient;

/** The function's calls of AWS, with its own limits, of servers on this machine. */
public final class SandboxAws {
  private SandboxAws() {}

  /** The objects of the S3 server at that address. */
  public static S3Objects objects(URI endpoint) {
    return objects(endpoint, new ListedTimes());
  }

  /** The objects of the S3 server at that address, uploaded at chosen times. */
  public static S3Objects objects(URI endpoint, ListedTimes times) {
    S3ClientBuilder client = client(S3Client.builder(), endpoint).forcePathStyle(true);
    return new S3Objects(
        client
            .overrideConfiguration(
                client.overrideConfiguration().toBuilder().addExecutionInterceptor(times).build())
            .build());
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
