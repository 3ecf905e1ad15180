package s3topostgres.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import s3topostgres.sandbox.LambdaRuntime;

/** What the deployment package is made of, and how much of that a load uses. */
final class PackageSize {
  private static final Path FILE = Path.of("target/function.zip");
  private static final int SHOWN = 10;

  private final Site site;
  private final Report report;

  PackageSize(Site site, Report report) {
    this.site = site;
    this.report = report;
  }

  private static final class Part {
    private long bytes;
    private int classes;
    private int loaded;
  }

  void run() throws IOException {
    Set<String> loaded = loadedClasses();
    Map<String, Part> parts = new HashMap<>();
    try (ZipFile zip = new ZipFile(FILE.toFile())) {
      for (ZipEntry entry : zip.stream().filter(entry -> !entry.isDirectory()).toList()) {
        Part part = parts.computeIfAbsent(nameOfPart(entry.getName()), name -> new Part());
        part.bytes += entry.getCompressedSize();
        if (entry.getName().endsWith(".class")) {
          part.classes++;
          String name = entry.getName().replace(".class", "").replace('/', '.');
          part.loaded += loaded.contains(name) ? 1 : 0;
        }
      }
    }
    report.table(
        "The package: %,d kB; its largest parts".formatted(Files.size(FILE) / 1000),
        "part",
        "kB",
        "classes",
        "loaded by a first load");
    Comparator<Map.Entry<String, Part>> bySize =
        Comparator.comparing(part -> -part.getValue().bytes);
    parts.entrySet().stream().sorted(bySize).limit(SHOWN).forEach(this::row);
    List<String> unused =
        parts.entrySet().stream()
            .filter(part -> part.getValue().classes > 0 && part.getValue().loaded == 0)
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
    report.line("\nOf which no class is loaded: " + String.join(", ", unused));
  }

  private void row(Map.Entry<String, Part> part) {
    report.row(
        part.getKey(),
        "%,d".formatted(part.getValue().bytes / 1000),
        Integer.toString(part.getValue().classes),
        Integer.toString(part.getValue().loaded));
  }

  /** Our own package as a whole, others' as their jars divide them. */
  private static String nameOfPart(String entry) {
    String[] path = entry.split("/");
    int depth =
        switch (path[0]) {
          case "org" -> 2;
          case "com", "software" -> path.length > 4 && path[2].equals("awssdk") ? 4 : 3;
          default -> 1;
        };
    return String.join(
        "/", List.of(path).subList(0, Math.min(depth, Math.max(1, path.length - 1))));
  }

  private Set<String> loadedClasses() throws IOException {
    Path log = Files.createTempFile("classes", ".log");
    Map<String, String> settings = site.settings("people");
    settings.merge(
        "JAVA_TOOL_OPTIONS", "-Xlog:class+load:file=%s:none".formatted(log), (a, b) -> a + " " + b);
    try (LambdaRuntime runtime = LambdaRuntime.start(settings)) {
      runtime.invoke(site.upload("people.csv", "id,name\n1,Ana\n"));
      Set<String> classes = new HashSet<>();
      for (String line : Files.readAllLines(log)) {
        classes.add(line.split(" ", 2)[0]);
      }
      return classes;
    } finally {
      Files.delete(log);
    }
  }
}
