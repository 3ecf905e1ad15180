package s3topostgres.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A folder whose files are uploaded to a bucket, each under its own name, as soon as they are
 * complete: when they look the same as at the look before.
 */
final class DropFolder {
  private record State(long size, FileTime changed) {}

  private final Path folder;
  private final Map<Path, State> seen = new HashMap<>();
  private final Map<Path, State> uploaded = new HashMap<>();

  /** Begins with what is copied there from now on; what is there already is left alone. */
  DropFolder(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
    for (Path file : files()) {
      uploaded.put(file, state(file));
    }
  }

  /** Uploads what is new and complete. To be called again and again. */
  void upload(S3Server s3, String bucket) throws IOException {
    for (Path file : files()) {
      try {
        State state = state(file);
        boolean complete = state.equals(seen.put(file, state));
        if (complete && !state.equals(uploaded.put(file, state))) {
          s3.put(bucket, file.getFileName().toString(), file);
        }
      } catch (NoSuchFileException e) {
        // Gone again.
      }
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths
          .filter(
              path -> Files.isRegularFile(path) && !path.getFileName().toString().startsWith("."))
          .sorted()
          .toList();
    }
  }

  private static State state(Path file) throws IOException {
    return new State(Files.size(file), Files.getLastModifiedTime(file));
  }
}
