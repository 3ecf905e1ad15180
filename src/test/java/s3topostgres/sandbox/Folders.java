package s3topostgres.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** The sandbox's folders: all under the build's own {@code target/sandbox}. */
final class Folders {
  /** What the build puts there for the sandbox, and where the sandbox keeps its own. */
  static final Path SANDBOX =
      Path.of(System.getProperty("sandbox.directory", "target/sandbox")).toAbsolutePath();

  private Folders() {}

  /** A new, empty folder. The caller deletes it. */
  static Path create(String name) throws IOException {
    Files.createDirectories(SANDBOX);
    return Files.createTempDirectory(SANDBOX, name + "-");
  }

  /** Deletes the folder and all that is in it, also while others are still deleting files there. */
  static void delete(Path folder) {
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException e) {
      // Deleted already.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
