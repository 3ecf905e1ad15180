package s3topostgres;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import s3topostgres.config.Settings;

/** The code, {@code serverless.yml} and the documentation know the same settings and codes. */
class DocumentationTest {
  private static final String SERVERLESS = read("serverless.yml");
  private static final Page SETTINGS = Page.ofSite("settings.md");
  private static final String FOR_DEPLOYMENT = SETTINGS.section("Of the deployment only");
  private static final Pattern IN_CODE = Pattern.compile("`([A-Z][A-Z0-9_]+)`");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");

  /** Such as {@code runbook.md, "Load again"}, where a page cannot be linked to. */
  private static final Pattern MENTION =
      Pattern.compile("(\\w+\\.md),?(?: under)? [\"*]+([A-Z][^\"*]+)[\"*]");

  @Test
  void theSettingsPageDescribesEverySetting() {
    assertThat(described())
        .extracting(row -> row.get(0))
        .flatExtracting(cell -> names(cell).toList())
        .doesNotHaveDuplicates()
        .containsExactlyInAnyOrderElementsOf(Settings.names());
  }

  @Test
  void noCellOfTheSettingsTakesMoreThanTwoLines() {
    assertThat(described())
        .flatExtracting(row -> row)
        .extracting(cell -> cell.replaceAll("\\]\\([^)]*\\)", "]"))
        .allSatisfy(cell -> assertThat(cell).hasSizeLessThan(140));
  }

  private static List<List<String>> described() {
    return Stream.of("Required", "Usual", "Rare")
        .flatMap(heading -> Page.rows(SETTINGS.section(heading)).stream())
        .toList();
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
  void theSettingsPageDescribesWhatTheDeploymentAloneNeeds() {
    List<String> described =
        Page.rows(FOR_DEPLOYMENT).stream().flatMap(row -> names(row.get(0))).toList();

    assertThat(
            names(
                between(SERVERLESS, "\ncustom:\n", "\nprovider:\n"),
                "(?m)^  ([A-Z_]+): \\$\\{.*env:\\1[,}].*$"))
        .containsExactlyInAnyOrderElementsOf(described);
  }

  @Test
  void theExampleOfADeploymentHasOnlySettingsThatThereAre() {
    Set<String> known = new TreeSet<>(Settings.names());
    Page.rows(FOR_DEPLOYMENT).stream().flatMap(row -> names(row.get(0))).forEach(known::add);

    List<String> examples =
        Page.all().stream().flatMap(page -> page.blocks("ini").stream()).toList();

    assertThat(names(String.join("\n", examples), "(?m)^(\\w+)=")).isNotEmpty().isSubsetOf(known);
  }

  @Test
  void bashReadsTheExamplesOfSettingsAsTheDeploymentDoes() {
    String pages = Page.all().stream().map(Page::text).collect(joining("\n"));

    assertThat(
            names(pages, "(?m)`([A-Z\\d]+(?:_[A-Z\\d]+)+=(?!['\"])[^`\n]*[ ;\"'|&<>($][^`\n]*)`"))
        .isEmpty();
  }

  @Test
  void theRunbookDescribesEveryCodeWhoActsAndWhenItIsTriedAgain() {
    List<List<String>> described =
        Page.rows(Page.ofSite("runbook.md").section("When a load fails")).stream()
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
                            code.retry().label()))
                .toList());
  }

  @Test
  void theRunbookDescribesEveryAlarm() {
    assertThat(
            Page.rows(Page.ofSite("runbook.md").section("Alarms")).stream()
                .map(row -> row.get(0).replaceAll("`\\.\\.\\.-|`", "")))
        .containsExactlyInAnyOrderElementsOf(
            names(SERVERLESS, "AlarmName: \\$\\{self:custom.functionName\\}-(\\S+)"));
  }

  @Test
  void thePictureOfTheDashboardShowsItsWidgets() {
    assertThat(read("src/site/resources/images/dashboard.svg"))
        .contains(
            names(
                SERVERLESS.replaceAll("\\$\\{self:custom.functionTimeout\\}", "900"),
                "\"title\": \"([^\"]+)\""));
  }

  @Test
  void theSendersPageQuotesMessagesAsTheyAre() throws IOException {
    String code;
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      code =
          files.filter(Files::isRegularFile).map(file -> read(file.toString())).collect(joining());
    }

    assertThat(
            Page.rows(Page.ofSite("files.md").section("When a file is refused")).stream()
                .flatMap(row -> names(row.get(0), "`([^`]+)`").stream()))
        .hasSizeGreaterThan(20)
        .allSatisfy(words -> assertThat(code).contains(words.replaceFirst("^not |^fields? ", "")));
  }

  @Test
  void theDocumentedRoleHasConnectionsForTheLoadsAndFiveMore() {
    int loads = Integer.parseInt(names(SERVERLESS, "env:MAX_CONCURRENT_LOADS, '(\\d+)'").get(0));

    assertThat(names(Page.ofSite("deploy.md").text(), "LOGIN CONNECTION LIMIT (\\d+);"))
        .containsExactly(Integer.toString(loads + 5));
  }

  @Test
  void everythingNamesTheSameOsls() {
    String version = names(SERVERLESS, "(?m)^frameworkVersion: (\\S+)$").get(0);
    String pages = Page.all().stream().map(Page::text).collect(joining());

    assertThat(names(pages + SERVERLESS, "osls@([\\d.]+\\d)")).containsOnly(version);
    assertThat(names(read(".github/osls/package.json"), "\"osls\": \"(.*)\""))
        .containsExactly(version);
  }

  @Test
  void theScriptForLocalStackRunsTheCommandsOfThePageInTheirOrder() {
    List<String> commands =
        Page.blocks(Page.ofSite("deploy.md").section("Try it on LocalStack"), "bash").stream()
            .flatMap(String::lines)
            .toList();

    assertThat(commands).isNotEmpty();
    assertThat(read("src/test/resources/localstack/try.sh").lines()).containsSubsequence(commands);
  }

  @Test
  void everyLinkBetweenPagesLeadsSomewhere() {
    List<String> broken = new ArrayList<>();
    for (Page page : Page.all()) {
      for (String link : names(page.text(), LINK.pattern())) {
        if (!link.startsWith("https://") && !leadsSomewhere(page, link)) {
          broken.add(page + ": " + link);
        }
      }
    }

    assertThat(broken).isEmpty();
  }

  private static boolean leadsSomewhere(Page page, String link) {
    String[] parts = link.split("#", 2);
    Path target =
        parts[0].isEmpty() ? page.path() : page.path().resolveSibling(parts[0]).normalize();
    return parts.length == 1
        ? Files.exists(target)
        : Files.isRegularFile(target) && Page.of(target.toString()).anchors().contains(parts[1]);
  }

  @Test
  void everyHeadingThatTheCodeMentionsIsThere() throws IOException {
    List<List<String>> mentioned = new ArrayList<>();
    for (String text : withMentions()) {
      MENTION
          .matcher(text.replaceAll("\\s+(?:#|--|\\*|//)?\\s*", " "))
          .results()
          .forEach(mention -> mentioned.add(List.of(mention.group(1), mention.group(2))));
    }

    assertThat(mentioned).isNotEmpty();
    for (List<String> mention : mentioned) {
      assertThat(Page.ofSite(mention.get(0)).section(mention.get(1))).isNotBlank();
    }
  }

  private static List<String> withMentions() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      return Stream.concat(
              Stream.of(SERVERLESS, Page.ofSite("deploy.md").text(), read(".github/SECURITY.md")),
              files.filter(Files::isRegularFile).map(file -> read(file.toString())))
          .toList();
    }
  }

  @Test
  void theMapNamesThePackagesAndClassesThatThereAreAndTheirTests() throws IOException {
    String map = Page.of(".github/CONTRIBUTING.md").section("The map of the code");
    Path code = Path.of("src/main/java/s3topostgres");
    Set<String> folders = new HashSet<>(folders(code));

    assertThat(names(map, "(?m)^\\| `(\\w+)/` \\|")).containsExactlyInAnyOrderElementsOf(folders);
    folders.addAll(folders(Path.of("src/test/java/s3topostgres")));
    assertThat(Set.copyOf(names(map, "[`/](\\w+)/`"))).isEqualTo(folders);
    assertThat(names(map, "`(\\w+/\\w+)`"))
        .hasSizeGreaterThan(5)
        .allSatisfy(name -> assertThat(code.resolve(name + ".java")).exists());
  }

  private static List<String> folders(Path parent) throws IOException {
    try (Stream<Path> files = Files.list(parent)) {
      return files.filter(Files::isDirectory).map(file -> file.getFileName().toString()).toList();
    }
  }

  @Test
  void everyPageOfTheSiteSaysForWhomItIs() {
    assertThat(Page.all())
        .filteredOn(page -> page.path().startsWith("src/site"))
        .hasSizeGreaterThan(5)
        .allSatisfy(
            page ->
                assertThat(page.text()).matches("(?s)# [^\n]+\n\nThis page is for you if you .*"));
  }

  @Test
  void theReadmeIsShort() {
    assertThat(Page.of("README.md").text().lines()).hasSizeLessThanOrEqualTo(180);
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
