package s3topostgres;

import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

/** What is in the file that serverless.yml deploys. */
class DeploymentPackageIT {
  private static final Path PACKAGE = Path.of("target/function.zip");

  private record Entry(String jar, String name) {}

  private final List<Entry> entries = new ArrayList<>();

  DeploymentPackageIT() throws IOException {
    try (InputStream file = Files.newInputStream(PACKAGE)) {
      read("", file);
    }
  }

  private void read(String jar, InputStream file) throws IOException {
    ZipInputStream zip = new ZipInputStream(file);
    for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
      if (entry.getName().endsWith(".jar")) {
        read(entry.getName(), zip);
      } else if (!entry.isDirectory()) {
        entries.add(new Entry(jar, entry.getName()));
      }
    }
  }

  @Test
  void isWhatServerlessDeploys() throws IOException {
    assertThat(Files.readString(Path.of("serverless.yml"))).contains("artifact: " + PACKAGE);
  }

  @Test
  void holdsTheHandler() {
    assertThat(entries)
        .extracting(Entry::name)
        .contains("s3topostgres/handler/CsvLoadHandler.class", "rds-global-bundle.pem");
  }

  @Test
  void holdsNoClassTwice() {
    assertThat(
            entries.stream()
                .filter(entry -> entry.name.endsWith(".class"))
                .filter(entry -> !entry.name.endsWith("module-info.class"))
                .collect(groupingBy(Entry::name))
                .values())
        .allSatisfy(places -> assertThat(places).hasSize(1));
  }

  @Test
  void holdsOneHttpClient() {
    assertThat(entries)
        .filteredOn(
            entry ->
                entry.name.equals("META-INF/services/software.amazon.awssdk.http.SdkHttpService"))
        .hasSize(1)
        .allSatisfy(entry -> assertThat(entry.jar).contains("url-connection-client"));
    assertThat(entries)
        .extracting(Entry::name)
        .noneMatch(name -> name.startsWith("org/apache/http") || name.startsWith("io/netty"));
  }

  @Test
  void holdsNothingOfTheTests() {
    assertThat(entries)
        .extracting(Entry::name)
        .noneMatch(name -> name.contains("sandbox") || name.contains("junit"))
        .noneMatch(name -> name.startsWith("s3topostgres/") && name.contains("Test"));
  }
}
