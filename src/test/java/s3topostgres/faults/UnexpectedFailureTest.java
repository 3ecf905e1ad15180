package s3topostgres.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.Loader;
import s3topostgres.s3.S3Objects;
import software.amazon.awssdk.services.s3.S3Client;

class UnexpectedFailureTest {
  /** An S3 client with a defect, which no real one can be made to have. */
  private static final S3Client DEFECTIVE =
      (S3Client)
          Proxy.newProxyInstance(
              S3Client.class.getClassLoader(),
              new Class<?>[] {S3Client.class},
              (proxy, method, arguments) -> {
                throw new IllegalStateException("marker-47114711");
              });

  @Test
  void isRecordedLikeAnyOtherWithoutTheExceptionsWords() {
    try (LoadFixture fixture = new LoadFixture()) {
      Loader loader = fixture.loader(new S3Objects(DEFECTIVE));

      LoadException failure =
          catchThrowableOfType(
              LoadException.class,
              () ->
                  loader.load(
                      fixture.upload("people.csv", "id,name\n1,Ana\n"),
                      fixture.functionEnd(),
                      "request-1"));

      assertThat(failure.code()).isEqualTo(ErrorCode.INTERNAL);
      assertThat(failure)
          .hasMessageStartingWith(
              "INTERNAL: s3://%s/people.csv: an unexpected java.lang.IllegalStateException. "
                  .formatted(fixture.bucket))
          .hasNoCause();
      assertThat(failure.getStackTrace()[0].getClassName())
          .isEqualTo(UnexpectedFailureTest.class.getName());
      assertThat(fixture.log()).contains("code=INTERNAL").doesNotContain("47114711");
      assertThat(fixture.rows("SELECT status, error_code FROM history.loads"))
          .containsExactly("FAILED|INTERNAL");
      assertThat(fixture.people()).containsExactly("0|old|null");
    }
  }
}
