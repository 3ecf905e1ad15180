package s3topostgres.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The function as it is deployed: the file and the entry point that {@code serverless.yml} names.
 */
final class DeploymentPackage {
  private static final Path TEMPLATE = Path.of("serverless.yml");

  private DeploymentPackage() {}

  /** The class that Lambda calls. */
  static String handler() throws IOException {
    return property("handler");
  }

  /** Unpacks the package, as Lambda does at the task root. */
  static void unpack(Path taskRoot) throws IOException {
    try (ZipFile zip = new ZipFile(property("artifact"))) {
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

  private static String property(String name) throws IOException {
    Matcher matcher =
        Pattern.compile("(?m)^ +" + name + ": (\\S+)").matcher(Files.readString(TEMPLATE));
    if (!matcher.find()) {
      throw new IOException(TEMPLATE + " has no " + name);
    }
    return matcher.group(1);
  }
}
