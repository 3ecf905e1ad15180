package s3topostgres.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.AwsCalls;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullResponse;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

class S3ObjectsTest {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final ObjectLocation PEOPLE = new ObjectLocation("in", "people.csv");

  @Test
  void aConnectionThatBreaksUncheckedIsNoAnswer() {
    try (S3Client client = client(new Broken())) {
      S3Objects objects = new S3Objects(client);
      isNoAnswer(() -> objects.look(PEOPLE, LIMIT));
      isNoAnswer(() -> objects.list("in", "", "", () -> LIMIT, page -> {}));
      isNoAnswer(() -> objects.checkAccess("in", "absent", LIMIT));
    }
  }

  @Test
  void asksThreeTimes() {
    AtomicInteger attempts = new AtomicInteger();
    try (S3Client client = client(new Overloaded(attempts))) {
      S3Objects objects = new S3Objects(client);
      assertThatThrownBy(() -> objects.look(PEOPLE, Duration.ofMinutes(1)))
          .hasMessageStartingWith("S3_UNAVAILABLE")
          .hasMessageContaining("HTTP 503");
    }

    assertThat(attempts).hasValue(3);
  }

  @Test
  void anArchivedObjectIsToBeRestored() {
    try (S3Client client = client(new Archived())) {
      LoadException failure =
          catchThrowableOfType(
              LoadException.class, () -> new S3Objects(client).look(PEOPLE, LIMIT));

      assertThat(failure)
          .hasMessage(
              "OBJECT_UNREADABLE: the object is archived (its storage class is GLACIER). Restore it first (aws s3api"
                  + " restore-object), or upload it again; catchUp loads it when it is restored. The old rows are still there.");
    }
  }

  private static S3Client client(SdkHttpClient http) {
    return AwsCalls.limited(S3Client.builder())
        .httpClientBuilder(defaults -> http)
        .region(Region.EU_WEST_1)
        .credentialsProvider(AnonymousCredentialsProvider.create())
        .build();
  }

  private static void isNoAnswer(ThrowingCallable call) {
    LoadException failure = catchThrowableOfType(LoadException.class, call);

    assertThat(failure.code()).isEqualTo(ErrorCode.S3_UNAVAILABLE);
    assertThat(failure).hasMessageContaining("S3 did not answer");
  }

  /** Fails as {@code UrlConnectionHttpClient} does when an answer breaks off at its head. */
  private static final class Broken extends Answers {
    @Override
    HttpExecuteResponse answer() {
      throw new UncheckedIOException(new IOException("Connection reset"));
    }
  }

  /** Answers as S3 does when it has too much to do. */
  private static final class Overloaded extends Answers {
    private final AtomicInteger attempts;

    Overloaded(AtomicInteger attempts) {
      this.attempts = attempts;
    }

    @Override
    HttpExecuteResponse answer() {
      attempts.incrementAndGet();
      return HttpExecuteResponse.builder()
          .response(SdkHttpFullResponse.builder().statusCode(503).build())
          .build();
    }
  }

  /** Answers as S3 does for an object in an archive. */
  private static final class Archived extends Answers {
    @Override
    HttpExecuteResponse answer() {
      String error =
          """
          <?xml version="1.0" encoding="UTF-8"?>
          <Error><Code>InvalidObjectState</Code>
            <Message>The operation is not valid for the object's storage class</Message>
            <StorageClass>GLACIER</StorageClass></Error>""";
      return HttpExecuteResponse.builder()
          .response(SdkHttpFullResponse.builder().statusCode(403).build())
          .responseBody(
              AbortableInputStream.create(
                  new ByteArrayInputStream(error.getBytes(StandardCharsets.UTF_8))))
          .build();
    }
  }

  /** Gives each request the same answer. */
  private abstract static class Answers implements SdkHttpClient {
    abstract HttpExecuteResponse answer();

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
      return new ExecutableHttpRequest() {
        @Override
        public HttpExecuteResponse call() {
          return answer();
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
