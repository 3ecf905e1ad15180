package s3topostgres.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.AwsCalls;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

class S3ObjectsTest {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  @Test
  void aConnectionThatBreaksUncheckedIsNoAnswer() {
    try (S3Client client =
        AwsCalls.limited(S3Client.builder())
            .httpClientBuilder(defaults -> new Broken())
            .region(Region.EU_WEST_1)
            .credentialsProvider(AnonymousCredentialsProvider.create())
            .build()) {
      S3Objects objects = new S3Objects(client);
      isNoAnswer(() -> objects.look(new ObjectLocation("in", "people.csv"), LIMIT));
      isNoAnswer(() -> objects.list("in", "", LIMIT));
      isNoAnswer(() -> objects.checkAccess("in", "absent", LIMIT));
    }
  }

  private static void isNoAnswer(ThrowingCallable call) {
    LoadException failure = catchThrowableOfType(LoadException.class, call);

    assertThat(failure.code()).isEqualTo(ErrorCode.OBJECT_UNREADABLE);
    assertThat(failure).hasMessageContaining("S3 did not answer");
  }

  /** Fails as {@code UrlConnectionHttpClient} does when an answer breaks off at its head. */
  private static final class Broken implements SdkHttpClient {
    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
      return new ExecutableHttpRequest() {
        @Override
        public HttpExecuteResponse call() {
          throw new UncheckedIOException(new IOException("Connection reset"));
        }

        @Override
        public void abort() {
          // Nothing runs.
        }
      };
    }

    @Override
    public void close() {
      // Nothing is open.
    }
  }
}
