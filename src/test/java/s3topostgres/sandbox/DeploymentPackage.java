package s3topostgres.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The functions as they are deployed: the file and the entry points that {@code serverless.yml}
 * names.
 */
final class DeploymentPackage {
  private static final Path TEMPLATE = Path.of("serverless.yml");
  private static final Map<Path, Path> TASK_ROOTS = new HashMap<>();

  private DeploymentPackage() {}

  /**
   * The class that Lambda calls.
   *
   * @param function as {@code serverless.yml} names it
   */
  static String handler(String function) throws IOException {
    return property("^  " + function + ":\\R(?: {4}.*\\R)*? {4}handler: (\\S+)", function);
  }

  /** The file that is deployed. */
  static Path file() throws IOException {
    return Path.of(property("^  artifact: (\\S+)", "artifact"));
  }

  /** The folder where that package is unpacked, as at Lambda's task root. It must stay as it is. */
  static synchronized Path taskRoot(Path file) throws IOException {
    Path known = TASK_ROOTS.get(file);
    if (known == null) {
      known = ScratchFolder.create("task").path();
      unpack(file, known);
      TASK_ROOTS.put(file, known);
    }
    return known;
  }

  private static void unpack(Path file, Path taskRoot) throws IOException {
    try (ZipFile zip = new ZipFile(file.toFile())) {
      Enumeration<? extends ZipEntry> entries = zip.entries();
      while (entries.hasMoreElements()) {
        ZipEntry entry = entries.nextElement();
        Path target = taskRoot.resolve(entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(target);
        } else {
          Files.createDirectories(target.getParent());
          try (InputStream content = zip.getInputStream(entry)) {
            Files.copy(content, target);
          }
        }
      }
    }
  }

  private static String property(String regex, String name) throws IOException {
    Matcher matcher = Pattern.compile(regex, Pattern.MULTILINE).matcher(Files.readString(TEMPLATE));
    if (!matcher.find()) {
      throw new IOException(TEMPLATE + " has no " + name);
    }
    return matcher.group(1);
  }
}
