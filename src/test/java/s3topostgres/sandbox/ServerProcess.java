package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program that runs in a folder of its own and prints into a log there. Closing it ends the
 * program and deletes the folder.
 */
final class ServerProcess implements AutoCloseable {
  /** The JDK's launcher that runs this JVM. */
  static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();

  private static final Duration START_LIMIT = Duration.ofMinutes(5);
  private final ScratchFolder folder;
  private final Path log;
  private final Process process;
  private final Cleanup cleanup;

  private ServerProcess(ScratchFolder folder, Path log, Process process) {
    this.folder = folder;
    this.log = log;
    this.process = process;
    this.cleanup = Cleanup.by(this::kill);
  }

  /**
   * Starts the program with exactly that environment.
   *
   * @param folder holds the log; it is this process's from now on, also when this fails
   * @param workingDirectory of the program, in the folder
   */
  static ServerProcess start(
      ScratchFolder folder,
      Path workingDirectory,
      List<String> command,
      Map<String, String> environment)
      throws IOException {
    Path log = folder.path().resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(workingDirectory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    try {
      return Cleanup.made(() -> new ServerProcess(folder, log, builder.start()));
    } catch (IOException | RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /** Waits until the program has printed a line in which the pattern is found. */
  Matcher awaitLine(Pattern pattern) throws IOException {
    Instant limit = Instant.now().plus(START_LIMIT);
    while (process.isAlive() && Instant.now().isBefore(limit)) {
      Matcher matcher = pattern.matcher(log());
      if (matcher.find()) {
        return matcher;
      }
      sleep();
    }
    throw new IOException("The server did not start. It printed:\n" + log());
  }

  /** What the program has printed so far. */
  String log() {
    try {
      return new String(Files.readAllBytes(log), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether the program still runs. */
  boolean isAlive() {
    return process.isAlive();
  }

  /** The program as the operating system has it. */
  ProcessHandle handle() {
    return process.toHandle();
  }

  /** Ends the program at once, without telling it (SIGKILL). */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    cleanup.close();
    folder.close();
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
