package s3topostgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A page of the documentation.
 *
 * @param path relative to the project's folder
 * @param text in Markdown
 */
public record Page(Path path, String text) {
  private static final Pattern HEADING = Pattern.compile("(?m)^(#+) (.+)$");
  private static final String BLOCK = "(?ms)^( *)```%s\n(.*?)^ *```$";

  /** All of them: the README, the site's pages, and those that GitHub looks for. */
  public static List<Page> all() {
    return Stream.of(".", "src/site/markdown", ".github", "src/test/resources/scenarios")
        .flatMap(Page::in)
        .toList();
  }

  /** The page that is this file, relative to the project's folder. */
  public static Page of(String file) {
    return read(Path.of(file));
  }

  /** The page of the site with this file name. */
  public static Page ofSite(String name) {
    return of("src/site/markdown/" + name);
  }

  private static Stream<Page> in(String folder) {
    try (Stream<Path> files = Files.list(Path.of(folder))) {
      return files
          .map(Path::normalize)
          .filter(file -> file.toString().endsWith(".md"))
          .sorted()
          .map(Page::read)
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Page read(Path file) {
    try {
      return new Page(file, Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What is under a heading, up to the next one of its level or higher. */
  public String section(String heading) {
    Matcher headings = HEADING.matcher(withoutBlocks());
    int start = -1;
    int level = 0;
    while (headings.find()) {
      if (start >= 0 && headings.group(1).length() <= level) {
        return text.substring(start, headings.start());
      }
      if (start < 0 && headings.group(2).equals(heading)) {
        start = headings.end();
        level = headings.group(1).length();
      }
    }
    if (start < 0) {
      throw new AssertionError("%s has no heading \"%s\"".formatted(path, heading));
    }
    return text.substring(start);
  }

  /** The fenced blocks in that language, without the indentation of the list that they are in. */
  public List<String> blocks(String language) {
    return blocks(text, language);
  }

  /** The same of a part of a page. */
  public static List<String> blocks(String text, String language) {
    return Pattern.compile(BLOCK.formatted(language))
        .matcher(text)
        .results()
        .map(block -> block.group(2).replaceAll("(?m)^" + block.group(1), ""))
        .toList();
  }

  /** The headings as GitHub writes them in a link. */
  public List<String> anchors() {
    return HEADING
        .matcher(withoutBlocks())
        .results()
        .map(
            heading ->
                heading
                    .group(2)
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{Alnum} _-]", "")
                    .replace(' ', '-'))
        .toList();
  }

  /** Replaces blocks with as many spaces, where a "#" begins no heading. */
  private String withoutBlocks() {
    return Pattern.compile(BLOCK.formatted("\\w*"))
        .matcher(text)
        .replaceAll(block -> " ".repeat(block.group().length()));
  }

  /** The cells of a table's rows, without the heading. */
  public static List<List<String>> rows(String markdown) {
    return markdown
        .lines()
        .filter(line -> line.startsWith("|"))
        .skip(2)
        .map(line -> Arrays.stream(line.substring(1).split("\\|")).map(String::strip).toList())
        .toList();
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
