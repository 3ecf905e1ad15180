package s3topostgres.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What no S3 server of the sandbox can be made to answer; the rest is in AwsS3StandInTest. */
class FetchObjectTest {
  @TempDir Path folder;

  @Test
  void saysWhatS3Answered() throws Exception {
    try (LocalHttpServer s3 =
        new LocalHttpServer(exchange -> LocalHttpServer.answer(exchange, 403, "<Error/>"))) {
      assertThat(fetch("http://" + s3.address() + "/bucket/people.csv")).isEqualTo(1);
    }

    assertThat(result()).isEqualTo("HTTP 403. Check your arguments and try again.");
  }

  @Test
  void noticesThatTheConnectionBreaksHalfWay() throws Exception {
    try (LocalHttpServer s3 =
        new LocalHttpServer(
            exchange -> {
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
