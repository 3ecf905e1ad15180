package s3topostgres.s3;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.aws.AwsHttp;
import software.amazon.awssdk.utils.http.SdkHttpUtils;

/** Looks at objects in S3. */
public final class Objects {
  /**
   * How much of an object is looked at: 256 KiB, as 1,600 columns have at most 100,800 bytes of
   * names.
   */
  public static final int HEAD_BYTES = 256 * 1024;

  private final AwsHttp aws;

  public Objects(AwsHttp aws) {
    this.aws = aws;
  }

  /**
   * Size, ETag and first bytes of an object, in one request.
   *
   * @param limit after which nothing is tried again
   * @throws LoadException {@code OBJECT_UNREADABLE} when it is empty, gone or not ours to read
   */
  public StoredObject look(ObjectLocation location, Duration limit) {
    AwsHttp.Answer answer = ask(location, limit);
    if (answer.status() >= 300) {
      throw refused(answer.status(), location);
    }
    return new StoredObject(
        size(answer),
        answer.header("ETag").orElse("").replace("\"", ""),
        answer.header("x-amz-version-id"),
        answer.header("Content-Encoding"),
        answer.body());
  }

  /**
   * Finds out whether objects of a bucket could be read, by asking for one.
   *
   * @param absentKey of an object that is not there: only who may list the bucket is told that
   * @param limit after which nothing is tried again
   * @throws LoadException {@code OBJECT_UNREADABLE} when they could not
   * @see <a href="https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html">GetObject</a>
   */
  public void checkAccess(String bucket, String absentKey, Duration limit) {
    ObjectLocation location = new ObjectLocation(bucket, absentKey);
    AwsHttp.Answer answer = ask(location, limit);
    if (new String(answer.body(), StandardCharsets.UTF_8).contains("<Code>NoSuchBucket</Code>")) {
      throw unreadable("there is no bucket " + bucket, "Correct S3_BUCKET_NAME.");
    }
    if (answer.status() >= 300 && answer.status() != 404) {
      throw refused(answer.status(), location);
    }
  }

  /** Path-style, which every S3 server and every bucket's name takes. */
  private AwsHttp.Answer ask(ObjectLocation location, Duration limit) {
    try {
      return aws.get(
          "s3",
          "/" + location.bucket() + "/" + SdkHttpUtils.urlEncodeIgnoreSlashes(location.key()),
          Map.of("Range", "bytes=0-" + (HEAD_BYTES - 1)),
          limit);
    } catch (IOException e) {
      throw new LoadException(
          ErrorCode.OBJECT_UNREADABLE,
          "S3 did not answer",
          "Give the function's subnets a gateway endpoint for S3 or another route, and let the"
              + " function's security group out on port 443.");
    }
  }

  /** The whole size: the number behind the slash of {@code Content-Range: bytes 0-65535/200000}. */
  private static long size(AwsHttp.Answer answer) {
    return answer
        .header("Content-Range")
        .map(range -> Long.parseLong(range.substring(range.lastIndexOf('/') + 1)))
        .orElse((long) answer.body().length);
  }

  private static LoadException refused(int status, ObjectLocation location) {
    return switch (status) {
      case 416 -> empty();
      case 404 ->
          unreadable(
              "there is no such object any more",
              "Upload it again if it is still wanted; nothing was changed.");
      case 403 ->
          unreadable(
              "S3 denies access to it (HTTP 403)",
              "Allow the function's role s3:GetObject on the bucket's objects, s3:ListBucket on the"
                  + " bucket, and kms:Decrypt on the key that they are encrypted with.");
      case 301, 307, 400 ->
          unreadable(
              "S3 cannot serve it from here (HTTP %d)".formatted(status),
              "Check that the bucket "
                  + location.bucket()
                  + " is in the function's region, and that the function may use the key that the"
                  + " object is encrypted with.");
      default ->
          unreadable(
              "S3 answered HTTP %d".formatted(status),
              "Send the event again; if that does not help, look at the bucket.");
    };
  }

  /** The failure for an object without a byte, which {@code aws_s3} refuses too. */
  private static LoadException empty() {
    return unreadable("the object is empty", "Upload the file again; the table was left as it is.");
  }

  private static LoadException unreadable(String why, String whatToDo) {
    return new LoadException(ErrorCode.OBJECT_UNREADABLE, why, whatToDo);
  }
}
