package s3topostgres.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What no S3 server of the sandbox can be made to answer; the rest is in AwsS3StandInTest. */
class FetchObjectTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "403 | HTTP 403. Permission denied. Check bucket or provided credentials as they may no longer be valid.",
        "400 | Unable to validate pre-signed URL. Error: HTTP 400. Check your arguments and try again.",
      })
  void saysWhatS3Answered(int status, String words) throws Exception {
    try (LocalHttpServer s3 =
        new LocalHttpServer(exchange -> LocalHttpServer.answer(exchange, status, "<Error/>"))) {
      assertThat(fetch("http://" + s3.address() + "/bucket/people.csv")).isEqualTo(1);
    }

    assertThat(result()).isEqualTo(words);
  }

  @Test
  void readsOnlyTheObjectThatItHasValidated() throws Exception {
    try (LocalHttpServer s3 =
        new LocalHttpServer(
            exchange -> {
              exchange.getResponseHeaders().add("ETag", "\"before\"");
              String wanted = exchange.getRequestHeaders().getFirst("If-Match");
              LocalHttpServer.answer(exchange, "\"before\"".equals(wanted) ? 412 : 206, "i");
            })) {
      assertThat(fetch("http://" + s3.address() + "/bucket/people.csv")).isEqualTo(1);
    }

    assertThat(result())
        .isEqualTo("HTTP 412. The file has been modified since the import call started.");
  }

  @Test
  void noticesAConnectionThatBreaksInTheMiddle() throws Exception {
    try (LocalHttpServer s3 =
        new LocalHttpServer(
            exchange -> {
              exchange.getResponseHeaders().add("ETag", "\"before\"");
              exchange.sendResponseHeaders(200, 100);
              exchange.getResponseBody().write(new byte[50]);
              exchange.getResponseBody().flush();
              exchange.close();
            })) {
      assertThat(fetch("http://" + s3.address() + "/bucket/people.csv")).isEqualTo(1);
    }

    assertThat(result()).isEqualTo("transfer closed with outstanding read data remaining");
  }

  private int fetch(String url) throws Exception {
    String command = FetchObject.command(ServerProcess.JAVA, FetchObject.classPath());
    return new ProcessBuilder("sh", "-c", command + " '" + url + "' result 0 > output")
        .directory(folder.toFile())
        .start()
        .waitFor();
  }

  private String result() throws IOException {
    return Files.readString(folder.resolve("result"));
  }
}
