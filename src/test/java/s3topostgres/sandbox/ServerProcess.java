package s3topostgres.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program that runs in a folder of its own and prints into a log there. Closing it ends the
 * program and deletes the folder.
 */
final class ServerProcess implements AutoCloseable {
  /** The JDK's launcher that runs this JVM. */
  static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();

  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Duration END_LIMIT = Duration.ofSeconds(5);

  private final Path log;
  private final Process process;
  private final Cleanup cleanup;

  private ServerProcess(Path folder, Path log, Process process) {
    this.log = log;
    this.process = process;
    this.cleanup =
        new Cleanup(
            () -> {
              end();
              Folders.delete(folder);
            });
  }

  /** Starts the program with exactly that environment. The folder is this process's from now on. */
  static ServerProcess start(Path folder, List<String> command, Map<String, String> environment)
      throws IOException {
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    return new ServerProcess(folder, log, builder.start());
  }

  /** Waits until the program has printed a line in which the pattern is found. */
  Matcher awaitLine(Pattern pattern) throws IOException {
    Instant limit = Instant.now().plus(START_LIMIT);
    while (process.isAlive() && Instant.now().isBefore(limit)) {
      Matcher matcher = pattern.matcher(Files.readString(log));
      if (matcher.find()) {
        return matcher;
      }
      sleep();
    }
    throw new IOException("The server did not start. It printed:\n" + Files.readString(log));
  }

  @Override
  public void close() {
    cleanup.close();
  }

  private void end() {
    process.destroy();
    try {
      if (!process.waitFor(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private static void sleep() throws IOException {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted while the server was starting", e);
    }
  }
}
