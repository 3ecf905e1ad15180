package s3topostgres.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A folder of this JVM's own in the build's {@code target/sandbox} that is deleted, with all in it,
 * when closed.
 */
final class ScratchFolder implements AutoCloseable {
  /** What the build puts there for the sandbox, and where the sandbox keeps what is its own. */
  static final Path SANDBOX =
      Path.of(System.getProperty("sandbox.directory", "target/sandbox")).toAbsolutePath();

  /** The number of this JVM among those that run tests at the same time. */
  static final int FORK = Integer.getInteger("sandbox.fork", 0);

  /** Where the folders of this JVM are. */
  static final Path FOLDERS = SANDBOX.resolve("fork-" + FORK);

  private final Path path;
  private final Cleanup cleanup;

  private ScratchFolder(Path path) {
    this.path = path;
    this.cleanup = Cleanup.by(() -> delete(path));
  }

  /** A new, empty folder. */
  static ScratchFolder create(String name) throws IOException {
    Files.createDirectories(FOLDERS);
    return Cleanup.made(() -> new ScratchFolder(Files.createTempDirectory(FOLDERS, name + "-")));
  }

  Path path() {
    return path;
  }

  @Override
  public void close() {
    cleanup.close();
  }

  /** Deletes a folder, if it is there, and all that is in it. */
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
