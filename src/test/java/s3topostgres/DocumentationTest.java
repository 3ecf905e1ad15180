package s3topostgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import s3topostgres.config.Settings;

/** The code, {@code serverless.yml} and {@code README.md} know the same settings and codes. */
class DocumentationTest {
  private static final String README = read("README.md");
  private static final String SERVERLESS = read("serverless.yml");
  private static final Pattern IN_CODE = Pattern.compile("`([A-Z][A-Z0-9_]+)`");

  @Test
  void readmeDescribesEverySetting() {
    List<String> described =
        rows(between(README, "\n## Settings\n", "\nThese are for the deployment only:\n")).stream()
            .flatMap(row -> names(row.get(0)))
            .toList();

    assertThat(described)
        .doesNotHaveDuplicates()
        .containsExactlyInAnyOrderElementsOf(Settings.names());
  }

  @Test
  void templatePassesOnEverySettingButThePassword() {
    Set<String> expected = new TreeSet<>(Settings.names());
    expected.remove("DB_PASSWORD");

    assertThat(
            names(
                between(SERVERLESS, "\n  environment:\n", "\npackage:\n"),
                "(?m)^ {4}(\\w+): \\$\\{param:\\1, env:\\1(?:, (?:null|self:\\S+))?\\}$"))
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void readmeDescribesWhatTheDeploymentAloneNeeds() {
    List<String> described =
        rows(between(README, "\nThese are for the deployment only:\n", "\n## The file you send\n"))
            .stream()
            .flatMap(row -> names(row.get(0)))
            .toList();

    assertThat(
            names(
                between(SERVERLESS, "\ncustom:\n", "\nprovider:\n"),
                "(?m)^  ([A-Z_]+): \\$\\{.*env:\\1[,}].*$"))
        .containsExactlyInAnyOrderElementsOf(described);
  }

  @Test
  void readmeDescribesEveryCodeWhoActsAndWhetherARetryHelps() {
    List<List<String>> described =
        rows(between(README, "\n## When a load fails\n", "\n## Running it\n")).stream()
            .map(row -> List.of(row.get(0).replace("`", ""), row.get(2), row.get(4)))
            .toList();

    assertThat(described)
        .containsExactlyElementsOf(
            Arrays.stream(ErrorCode.values())
                .map(
                    code ->
                        List.of(
                            code.name(),
                            code.owner().name().toLowerCase(Locale.ROOT),
                            code.retryHelps() ? "yes" : "no"))
                .toList());
  }

  @Test
  void readmesRoleHasConnectionsForTheLoadsAndFiveMore() {
    int loads = Integer.parseInt(names(SERVERLESS, "env:MAX_CONCURRENT_LOADS, '(\\d+)'").get(0));

    assertThat(names(README, "LOGIN CONNECTION LIMIT (\\d+);"))
        .containsExactly(Integer.toString(loads + 5));
  }

  @Test
  void everythingNamesTheSameOsls() {
    String version = names(SERVERLESS, "(?m)^frameworkVersion: (\\S+)$").get(0);

    assertThat(names(README + SERVERLESS, "osls@([\\d.]+\\d)")).containsOnly(version);
    assertThat(names(read(".github/osls/package.json"), "\"osls\": \"(.*)\""))
        .containsExactly(version);
  }

  /** The cells of a table's rows, without the heading. */
  private static List<List<String>> rows(String markdown) {
    return markdown
        .lines()
        .filter(line -> line.startsWith("|"))
        .skip(2)
        .map(line -> Arrays.stream(line.substring(1).split("\\|")).map(String::strip).toList())
        .toList();
  }

  private static Stream<String> names(String cell) {
    return IN_CODE.matcher(cell).results().map(result -> result.group(1));
  }

  private static List<String> names(String text, String regex) {
    return Pattern.compile(regex).matcher(text).results().map(result -> result.group(1)).toList();
  }

  private static String between(String text, String start, String end) {
    assertThat(text).contains(start, end);
    String rest = text.substring(text.indexOf(start) + start.length());
    return rest.substring(0, rest.indexOf(end));
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
