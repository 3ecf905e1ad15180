package s3topostgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is in the file that serverless.yml deploys. */
class DeploymentPackageIT {
  private static final Path PACKAGE = Path.of("target/function.zip");

  private final ZipFile zip = new ZipFile(PACKAGE.toFile());
  private final List<String> names = zip.stream().map(ZipEntry::getName).toList();

  DeploymentPackageIT() throws IOException {}

  @AfterEach
  void close() throws IOException {
    zip.close();
  }

  @Test
  void isWhatServerlessDeploys() throws IOException {
    assertThat(Files.readString(Path.of("serverless.yml"))).contains("artifact: " + PACKAGE);
  }

  @Test
  void containsTheHandlerAndWhatItNeeds() {
    assertThat(names)
        .contains(
            "s3topostgres/handler/CsvLoadHandler.class",
            "s3topostgres/handler/CheckHandler.class",
            "amazon-authorities.pem",
            "simplelogger.properties",
            "org/postgresql/Driver.class",
            "META-INF/services/org.slf4j.spi.SLF4JServiceProvider");
  }

  @Test
  void containsNothingTwice() {
    assertThat(names).doesNotHaveDuplicates();
  }

  @Test
  void containsOneHttpClient() throws IOException {
    ZipEntry clients = zip.getEntry("META-INF/services/software.amazon.awssdk.http.SdkHttpService");
    try (InputStream content = zip.getInputStream(clients)) {
      assertThat(new String(content.readAllBytes(), UTF_8).lines())
          .filteredOn(line -> line.startsWith("software"))
          .containsExactly("software.amazon.awssdk.http.urlconnection.UrlConnectionSdkHttpService");
    }
    assertThat(names)
        .doesNotContain("META-INF/services/software.amazon.awssdk.http.async.SdkAsyncHttpService")
        .noneMatch(
            name ->
                name.startsWith("org/apache/http")
                    || name.startsWith("org/apache/hc/")
                    || name.startsWith("io/netty/"))
        .noneMatch(name -> name.startsWith("software/amazon/awssdk/crt/"));
  }

  @Test
  void containsNothingOfTheTests() {
    assertThat(names)
        .noneMatch(name -> name.contains("sandbox") || name.contains("junit"))
        .noneMatch(name -> name.startsWith("s3topostgres/") && name.contains("Test"));
  }

  @Test
  void isReadableForLambda() {
    assertThat(
            zip.stream().filter(entry -> !entry.isDirectory()).mapToLong(ZipEntry::getSize).sum())
        .as("bytes unpacked; Lambda takes 250 MB")
        .isLessThan(250_000_000);
  }
}
