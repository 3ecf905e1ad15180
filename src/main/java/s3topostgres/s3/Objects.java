package s3topostgres.s3;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Looks at objects in S3. Keeps one client for the life of the process. */
public final class Objects {
  /**
   * How much of an object is looked at: 256 KiB, as 1,600 columns have at most 100,800 bytes of
   * names.
   */
  public static final int HEAD_BYTES = 256 * 1024;

  /** Shorter than the database lets a transaction be idle. */
  private static final Duration LONGEST_CALL = Duration.ofSeconds(20);

  private final S3Client s3;

  /**
   * @param environment with AWS's own variables; the SDK reads region, credentials and endpoint
   *     from the process, we only see whether the endpoint is overridden
   */
  public Objects(Map<String, String> environment) {
    boolean overridden =
        environment.containsKey("AWS_ENDPOINT_URL_S3")
            || environment.containsKey("AWS_ENDPOINT_URL");
    this.s3 =
        S3Client.builder()
            .httpClientBuilder(UrlConnectionHttpClient.builder())
            .forcePathStyle(overridden)
            .build();
  }

  /**
   * Size, ETag and first bytes of an object, in one request.
   *
   * @param limit how long to wait for S3 at most, tries and all
   * @throws LoadException {@code OBJECT_UNREADABLE} when it is empty, gone or not ours to read
   */
  public StoredObject look(ObjectLocation location, Duration limit) {
    try {
      ResponseBytes<GetObjectResponse> answer =
          s3.getObjectAsBytes(
              request ->
                  request
                      .bucket(location.bucket())
                      .key(location.key())
                      .range("bytes=0-" + (HEAD_BYTES - 1))
                      .overrideConfiguration(call -> call.apiCallTimeout(atMost(limit))));
      GetObjectResponse object = answer.response();
      return new StoredObject(
          size(object),
          object.eTag().replace("\"", ""),
          Optional.ofNullable(object.versionId()),
          Optional.ofNullable(object.contentEncoding()),
          answer.asByteArrayUnsafe());
    } catch (S3Exception e) {
      throw refused(e, location);
    } catch (SdkException e) {
      throw new LoadException(
          ErrorCode.OBJECT_UNREADABLE,
          "S3 did not answer",
          "Check that the function's subnets have a gateway endpoint or another route to S3.");
    }
  }

  /** Zero would be refused. */
  private static Duration atMost(Duration limit) {
    return limit.compareTo(LONGEST_CALL) < 0 ? limit.plusMillis(1) : LONGEST_CALL;
  }

  /** The whole size: the number behind the slash of {@code Content-Range: bytes 0-65535/200000}. */
  private static long size(GetObjectResponse object) {
    String range = object.contentRange();
    return range == null
        ? object.contentLength()
        : Long.parseLong(range.substring(range.lastIndexOf('/') + 1));
  }

  private static LoadException refused(S3Exception e, ObjectLocation location) {
    return switch (e.statusCode()) {
      case 416 -> empty();
      case 404 ->
          unreadable(
              "there is no such object any more",
              "Upload it again if it is still wanted; nothing was changed.");
      case 403 ->
          unreadable(
              "S3 denies access to it (HTTP 403)",
              "Allow the function's role s3:GetObject on the bucket, and kms:Decrypt on the key that"
                  + " the object is encrypted with.");
      case 301, 307, 400 ->
          unreadable(
              "S3 cannot serve it from here (HTTP %d)".formatted(e.statusCode()),
              "Check that the bucket "
                  + location.bucket()
                  + " is in the function's region, and that the function may use the key that the"
                  + " object is encrypted with.");
      default ->
          unreadable(
              "S3 answered HTTP %d".formatted(e.statusCode()),
              "Send the event again; if that does not help, look at the bucket.");
    };
  }

  /** The failure for an object without a byte, which {@code aws_s3} refuses too. */
  public static LoadException empty() {
    return unreadable("the object is empty", "Upload the file again; the table was left as it is.");
  }

  private static LoadException unreadable(String why, String whatToDo) {
    return new LoadException(ErrorCode.OBJECT_UNREADABLE, why, whatToDo);
  }
}
