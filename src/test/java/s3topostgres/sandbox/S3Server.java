package s3topostgres.sandbox;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.testcontainers.localstack.LocalStackContainer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * An S3 server over plain HTTP, path-style, with any credentials or none: <a
 * href="https://github.com/adobe/S3Mock">Adobe's S3Mock</a> in a process of its own or, in
 * containers, LocalStack.
 */
public final class S3Server implements AutoCloseable {
  /** The region of every bucket; not {@code us-east-1}, which is what code falls back to. */
  public static final String REGION = "eu-west-1";

  private static final Pattern STARTED = Pattern.compile("Tomcat started on ports? (\\d+)");

  private final URI endpoint;
  private final URI endpointForPostgres;
  private final Runnable stop;
  private final S3Client client;

  private S3Server(URI endpoint, URI endpointForPostgres, Runnable stop) {
    this.endpoint = endpoint;
    this.endpointForPostgres = endpointForPostgres;
    this.stop = stop;
    client =
        S3Client.builder()
            .endpointOverride(endpoint)
            .forcePathStyle(true)
            // S3Mock would keep the "aws-chunked" of a chunked upload as a part of
            // Content-Encoding.
            .serviceConfiguration(configuration -> configuration.chunkedEncodingEnabled(false))
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .region(Region.of(REGION))
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("sandbox", "sandbox")))
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .build();
  }

  /** A new server without buckets. The caller closes it, which removes its objects. */
  public static S3Server launch() throws IOException {
    return Sandbox.IN_CONTAINERS ? inContainer() : inProcess();
  }

  private static S3Server inContainer() {
    LocalStackContainer container = Containers.localStack();
    return new S3Server(
        container.getEndpoint(),
        URI.create("http://localstack:4566"),
        Cleanup.by(container::stop)::close);
  }

  private static S3Server inProcess() throws IOException {
    ServerProcess process = startProcess();
    try {
      URI endpoint = URI.create("http://localhost:" + process.awaitLine(STARTED).group(1));
      return new S3Server(endpoint, endpoint, process::close);
    } catch (IOException | RuntimeException e) {
      process.close();
      throw e;
    }
  }

  private static ServerProcess startProcess() throws IOException {
    ScratchFolder folder = ScratchFolder.create("s3");
    return ServerProcess.start(
        folder,
        folder.path(),
        List.of(
            ServerProcess.JAVA,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-Djava.io.tmpdir=" + folder.path(),
            "-jar",
            ScratchFolder.SANDBOX.resolve("s3mock-exec.jar").toString(),
            "--spring.main.banner-mode=off",
            "--server.address=127.0.0.1",
            "--server.port=0",
            "--server.ssl.enabled=false",
            // A second port that cannot be switched off.
            "--http.port=0",
            // It would cut an object off that is still read after half a minute.
            "--spring.mvc.async.request-timeout=15m",
            "--com.adobe.testing.s3mock.store.region=" + REGION),
        System.getenv());
  }

  /** Where the server is reached, as {@code http://host:port}. */
  public URI endpoint() {
    return endpoint;
  }

  /** Where Postgres reaches the server. */
  URI endpointForPostgres() {
    return endpointForPostgres;
  }

  /** A client of this server, closed with it. */
  public S3Client client() {
    return client;
  }

  /** Makes an empty bucket. */
  public void createBucket(String bucket) {
    client.createBucket(
        request ->
            request
                .bucket(bucket)
                .createBucketConfiguration(where -> where.locationConstraint(REGION)));
  }

  /** Stores an object and returns its ETag, without quotes as in an S3 event. */
  public String put(String bucket, String key, byte[] content) {
    return put(bucket, key, content, null);
  }

  /** Stores a file as an object. */
  public void put(String bucket, String key, Path file) {
    client.putObject(request -> request.bucket(bucket).key(key), file);
  }

  /** Stores an object with that {@code Content-Encoding}, such as {@code gzip}. */
  public String put(String bucket, String key, byte[] content, String contentEncoding) {
    return client
        .putObject(
            request -> request.bucket(bucket).key(key).contentEncoding(contentEncoding),
            RequestBody.fromBytes(content))
        .eTag()
        .replace("\"", "");
  }

  /** Deletes an object, whether it is there or not. */
  public void delete(String bucket, String key) {
    client.deleteObject(request -> request.bucket(bucket).key(key));
  }

  @Override
  public void close() {
    client.close();
    stop.run();
  }
}
