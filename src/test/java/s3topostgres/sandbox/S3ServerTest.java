package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** What the function relies on, so that the stand-in for S3 cannot drift from S3 unnoticed. */
class S3ServerTest {
  private static final S3Server S3 = Sandbox.shared().s3();

  private final String bucket = "s3-server-" + System.nanoTime();

  @BeforeEach
  void createBucket() {
    S3.createBucket(bucket);
  }

  @Test
  void sendsTheFirstBytesOfAnObject() {
    S3.put(bucket, "key", "0123456789".getBytes(UTF_8));

    assertThat(firstBytes("key", 4)).isEqualTo("0123");
    assertThat(firstBytes("key", 65_536)).isEqualTo("0123456789");
  }

  @Test
  void hasNoFirstBytesOfAnEmptyObject() {
    S3.put(bucket, "key", new byte[0]);

    assertThatThrownBy(() -> firstBytes("key", 4))
        .isInstanceOfSatisfying(S3Exception.class, e -> assertThat(e.statusCode()).isEqualTo(416));
  }

  @Test
  void forgetsADeletedObject() {
    String etag = S3.put(bucket, "key", "content".getBytes(UTF_8));
    assertThat(etag).isEqualTo("9a0364b9e99bb480dd25e1f0284c8555");

    S3.delete(bucket, "key");

    assertThatThrownBy(() -> firstBytes("key", 4)).isInstanceOf(NoSuchKeyException.class);
    assertThatThrownBy(() -> S3.client().headObject(r -> r.bucket(bucket).key("key")))
        .isInstanceOf(NoSuchKeyException.class);
  }

  @Test
  void keepsTheContentEncoding() {
    S3.put(bucket, "key", new byte[] {1}, "gzip");

    assertThat(S3.client().headObject(r -> r.bucket(bucket).key("key")).contentEncoding())
        .isEqualTo("gzip");
  }

  private String firstBytes(String key, int count) {
    return S3.client()
        .getObjectAsBytes(r -> r.bucket(bucket).key(key).range("bytes=0-" + (count - 1)))
        .asUtf8String();
  }
}
