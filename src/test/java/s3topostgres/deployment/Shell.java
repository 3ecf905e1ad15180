package s3topostgres.deployment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;

/**
 * Runs what the documentation asks to type, in a folder that stands for the project's. Programs are
 * the real ones, but for those whose stand-ins are put into its {@code bin}.
 */
final class Shell {
  private final Path folder;
  private final Map<String, String> environment = new HashMap<>();

  /**
   * @param folder an empty one
   */
  Shell(Path folder) throws IOException {
    this.folder = folder;
    Files.createDirectories(folder.resolve("bin"));
    Files.createDirectories(folder.resolve("home"));
    environment.put("HOME", folder.resolve("home").toString());
    environment.put("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"));
    environment.put("PROJECT", Path.of("").toAbsolutePath().toString());
  }

  /** The environment of what is run. */
  Map<String, String> environment() {
    return environment;
  }

  /** Where a program of the machine is; fails when there is none. */
  static String real(String program) {
    for (String folder : System.getenv("PATH").split(":")) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return Path.of(folder, program).toString();
      }
    }
    return Assertions.fail("This test needs " + program + " on the PATH.");
  }

  /** Writes a file, which others than scripts ignore the permission to run. */
  void write(String name, String content) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  Path file(String name) {
    return folder.resolve(name);
  }

  /** Runs commands in bash and returns what they print; fails when one of them fails. */
  String run(String commands, String typed) throws IOException {
    return run(List.of("bash", "-euo", "pipefail", "-c", commands), typed);
  }

  /** Runs a program likewise. */
  String run(List<String> program, String typed) throws IOException {
    // Without a terminal of its own, psql reads a password from what is typed.
    List<String> command = new ArrayList<>(List.of("setsid", "--wait"));
    command.addAll(program);
    write("typed", typed);
    Path output = folder.resolve("output");
    Path errors = folder.resolve("errors");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(folder.resolve("typed").toFile())
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("AWS_"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      boolean ended = process.waitFor(2, TimeUnit.MINUTES);
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      if (!ended || process.exitValue() != 0) {
        Assertions.fail(program + "\n" + Files.readString(output) + Files.readString(errors));
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
    return Files.readString(output, UTF_8);
  }
}
