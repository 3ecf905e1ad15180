package s3topostgres.deployment;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;

/**
 * One run of {@code osls package} in a folder of its own, so that it leaves nothing in the source
 * tree and reads no {@code .env} file that a developer keeps there.
 */
final class Packaging {
  private static final String PACKAGE = "target/function.zip";
  private static final Path TREE = Path.of("").toAbsolutePath();

  /** Installed when first needed, from the lock file that deploy.yml installs from. */
  private static final Path OSLS = TREE.resolve("target/osls");

  static final Path SCRIPTS = Path.of(".github/osls");

  private static final String TEMPLATE = "cloudformation-template-update-stack.json";

  private final Path folder;
  private final List<String> arguments = new ArrayList<>();
  private Map<String, String> environment = Map.of();
  private String stage = "production";

  /** Put in the place of the name that a project has chosen, the one thing it edits. */
  private String service = "example";

  Packaging(Path folder) {
    this.folder = folder;
  }

  Packaging environment(Map<String, String> variables) {
    environment = variables;
    return this;
  }

  Packaging stage(String name) {
    stage = name;
    return this;
  }

  Packaging service(String name) {
    service = name;
    return this;
  }

  Packaging argument(String argument) {
    arguments.add(argument);
    return this;
  }

  Packaging param(String name, String value) {
    arguments.add("--param=" + name + "=" + value);
    return this;
  }

  Packaging file(String name, String content) {
    try {
      Files.writeString(folder.resolve(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /** The template that would be deployed; fails with the output of osls when there is none. */
  CloudFormation template() {
    String output = output();
    Path template = folder.resolve("out").resolve(TEMPLATE);
    if (!Files.exists(template)) {
      Assertions.fail(output);
    }
    return CloudFormation.read(template);
  }

  /** What osls printed. */
  String output() {
    return run(List.of("package", "--package", "out"));
  }

  /** What osls prints of a deployment, which some service of AWS must refuse. */
  String deployment() {
    return run(List.of("deploy"));
  }

  private String run(List<String> command) {
    try {
      Files.createDirectories(folder.resolve("target"));
      Files.copy(TREE.resolve(PACKAGE), folder.resolve(PACKAGE));
      copyScripts(folder);
      Files.writeString(
          folder.resolve("serverless.yml"),
          Files.readString(TREE.resolve("serverless.yml"))
              .replaceFirst("(?m)^service: .*$", "service: " + service));
      return start(command);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String start(List<String> oslsCommand) throws IOException {
    List<String> command = new ArrayList<>(List.of(osls().toString()));
    command.addAll(oslsCommand);
    command.addAll(List.of("--stage", stage));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().keySet().removeIf(Packaging::isSetting);
    builder.environment().putAll(environment);
    return run(builder, folder.resolve("osls.log"));
  }

  /** Copies what serverless.yml refers to into a folder that stands for the project's. */
  static void copyScripts(Path folder) throws IOException {
    Path target = Files.createDirectories(folder.resolve(SCRIPTS));
    try (DirectoryStream<Path> scripts = Files.newDirectoryStream(TREE.resolve(SCRIPTS), "*.js")) {
      for (Path script : scripts) {
        Files.copy(script, target.resolve(script.getFileName()));
      }
    }
  }

  /** The program, of the version that everything names. */
  static synchronized Path osls() throws IOException {
    Path program = OSLS.resolve("node_modules/.bin/osls");
    Path lock = TREE.resolve(".github/osls/package-lock.json");
    Path installed = OSLS.resolve(lock.getFileName());
    if (!Files.exists(program) || Files.mismatch(lock, installed) >= 0) {
      Files.createDirectories(OSLS);
      Files.copy(lock, installed, REPLACE_EXISTING);
      Files.copy(
          lock.resolveSibling("package.json"), OSLS.resolve("package.json"), REPLACE_EXISTING);
      String output =
          run(
              new ProcessBuilder("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
                  .directory(OSLS.toFile()),
              OSLS.resolve("npm.log"));
      if (!Files.exists(program)) {
        Assertions.fail(output);
      }
    }
    return program;
  }

  private static String run(ProcessBuilder builder, Path output) throws IOException {
    Process process = start(builder.redirectErrorStream(true).redirectOutput(output.toFile()));
    try {
      if (!process.waitFor(5, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        Assertions.fail("no end in 5 minutes: " + Files.readString(output));
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    return Files.readString(output);
  }

  private static Process start(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      return Assertions.fail("The packaging check needs Node 20 or later with npm on the PATH.", e);
    }
  }

  private static boolean isSetting(String variable) {
    return Set.of("AWS_REGION", "AWS_DEFAULT_REGION").contains(variable)
        || ServerlessTemplateIT.SETTINGS.contains(variable)
        || ServerlessTemplateIT.DEPLOYMENT_SETTINGS.contains(variable);
  }
}
