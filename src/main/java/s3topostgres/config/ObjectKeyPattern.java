package s3topostgres.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which object keys are loaded: those that begin with {@code S3_KEY_PREFIX} and whose rest looks
 * like {@code S3_KEY_PATTERN}. In the pattern {@code {name}} and {@code *} stand for one or more
 * characters but {@code /}, {@code **} for one or more characters of any kind. Where a key can be
 * divided in several ways, what stands further left is as short as possible.
 *
 * @param prefix what every key begins with; may be empty
 * @param pattern empty for any key
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html">Object
 *     key name filtering</a>, which says what a notification takes
 */
public record ObjectKeyPattern(String prefix, Optional<String> pattern) {
  /** What S3 takes unchanged in the filter of a notification, and is no wildcard in a policy. */
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9/!_.'()-]*");

  private static final Pattern TOKEN = Pattern.compile("\\{([^{}]*)}|\\*+|[^{}*]+|[{}]");
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");
  private static final Pattern EXTENSION = Pattern.compile("(?i)\\.csv(\\.gz)?$");

  /** A pattern as a regular expression with a group for each name. */
  private record Compiled(List<String> names, Pattern regex) {}

  static ObjectKeyPattern read(Environment environment) {
    ObjectKeyPattern keys =
        new ObjectKeyPattern(
            environment.optional("S3_KEY_PREFIX").orElse(""),
            environment.optional("S3_KEY_PATTERN"));
    if (!PREFIX.matcher(keys.prefix).matches()) {
      environment.problem(
          "S3_KEY_PREFIX is \"%s\"; it takes A to Z, a to z, digits and / ! - _ . ' ( )"
              .formatted(keys.prefix));
    }
    try {
      keys.compiled();
      return keys;
    } catch (IllegalArgumentException e) {
      environment.problem(
          "S3_KEY_PATTERN is \"%s\"; %s".formatted(keys.pattern.orElseThrow(), e.getMessage()));
      return new ObjectKeyPattern(keys.prefix, Optional.empty());
    }
  }

  /**
   * @throws IllegalArgumentException with what is wrong with the pattern
   */
  private Compiled compiled() {
    if (pattern.isEmpty()) {
      return new Compiled(List.of(), Pattern.compile(".*", Pattern.DOTALL));
    }
    String text = pattern.get();
    if (!EXTENSION.matcher(text).find() && !text.endsWith("*")) {
      throw problem("it has to end in .csv or *, because other objects are not loaded");
    }
    if (text.startsWith("/") || text.contains("//")) {
      throw problem("it has a folder without a name");
    }
    List<String> names = new ArrayList<>();
    StringBuilder regex = new StringBuilder();
    boolean afterWildcard = false;
    Matcher token = TOKEN.matcher(text);
    while (token.find()) {
      boolean wildcard = token.group(1) != null || token.group().startsWith("*");
      if (wildcard && afterWildcard) {
        throw problem("two wildcards side by side cannot be told apart");
      }
      regex.append(
          wildcard ? wildcard(token, names) : literal(token.group(), token.end() == text.length()));
      afterWildcard = wildcard;
    }
    return new Compiled(names, Pattern.compile(regex.toString(), Pattern.DOTALL));
  }

  private static String wildcard(Matcher token, List<String> names) {
    String name = token.group(1);
    if (name != null) {
      if (!NAME.matcher(name).matches() || names.contains(name)) {
        throw problem("a name consists of lower-case letters, digits and _, and occurs only once");
      }
      names.add(name);
      return "([^/]+?)";
    }
    return switch (token.group()) {
      case "*" -> "[^/]+?";
      case "**" -> ".+?";
      default -> throw problem("it takes * and **, not more");
    };
  }

  /** The extension may be in any case. */
  private static String literal(String text, boolean last) {
    if ("{}".contains(text)) {
      throw problem("braces come in pairs, around a name: {table}");
    }
    Matcher extension = EXTENSION.matcher(text);
    return last && extension.find()
        ? Pattern.quote(text.substring(0, extension.start()))
            + "(?i:%s)".formatted(Pattern.quote(extension.group()))
        : Pattern.quote(text);
  }

  private static IllegalArgumentException problem(String words) {
    return new IllegalArgumentException(words);
  }

  /** For people: {@code incoming/{table}.csv}. */
  public String shown() {
    return prefix + pattern.orElse("**");
  }

  /** What a key begins with for which the pattern's names stand for these values. */
  public String beginning(Map<String, String> values) {
    StringBuilder beginning = new StringBuilder(prefix);
    Matcher token = TOKEN.matcher(pattern.orElse("*"));
    while (token.find() && !token.group().startsWith("*")) {
      String text = token.group(1) == null ? token.group() : values.get(token.group(1));
      // The extension's case may be another.
      beginning.append(
          token.end() == pattern.orElse("").length()
              ? EXTENSION.matcher(text).replaceFirst("")
              : text);
    }
    return beginning.toString();
  }

  /** The names in the pattern, in its order. */
  public List<String> names() {
    return compiled().names;
  }

  /**
   * What the pattern's names stand for in a key.
   *
   * @param key decoded
   * @return empty when the key does not look like this
   */
  public Optional<Map<String, String>> match(String key) {
    Compiled compiled = compiled();
    Matcher matcher =
        compiled.regex.matcher(key).region(Math.min(prefix.length(), key.length()), key.length());
    if (!key.startsWith(prefix) || !matcher.matches()) {
      return Optional.empty();
    }
    Map<String, String> values = new LinkedHashMap<>();
    for (String name : compiled.names) {
      values.put(name, matcher.group(values.size() + 1));
    }
    return Optional.of(values);
  }
}
