package s3topostgres.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The object keys that are loaded: they begin with {@code S3_KEY_PREFIX}, and the rest matches
 * {@code S3_KEY_PATTERN}. In the pattern, the placeholder {@code {name}} and {@code *} match one or
 * more characters other than {@code /}; {@code **} matches one or more characters of any kind.
 * Matching is reluctant: a wildcard takes as few characters as possible, from left to right.
 *
 * @param prefix the beginning of every key; may be empty
 * @param pattern of the rest; empty for any rest
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html">Object
 *     key name filtering</a>, which says what a notification takes
 */
public record ObjectKeyPattern(String prefix, Optional<String> pattern) {
  /**
   * Characters that need no encoding in a notification's filter and are no wildcards in a policy.
   */
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9/!_.'()-]*");

  private static final Pattern TOKEN = Pattern.compile("\\{([^{}]*)}|\\*+|[^{}*]+|[{}]");
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");
  private static final Pattern EXTENSION = Pattern.compile("(?i)\\.csv(\\.gz)?$");

  /**
   * The beginning of a folder or name that readers of Hadoop pass over: {@code _temporary}, {@code
   * .part-0.csv.crc}, but not {@code _day=1}, whose value belongs to the rows. Beam's begins with a
   * word.
   *
   * @see <a
   *     href="https://github.com/apache/spark/blob/v4.0.0/core/src/main/scala/org/apache/spark/util/HadoopFSUtils.scala">Spark's
   *     rule</a>
   */
  private static final Pattern HIDDEN = Pattern.compile("(?<![^/])(_(?![^/]*=)|\\.|beam-temp-)");

  /** The pattern as a regular expression, with a group for each placeholder. */
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
    if (keys.isHidden(keys.shown())) {
      environment.problem(
          "S3_KEY_PATTERN is \"%s\"; objects with a folder or name that begins with _, . or beam-temp- are ignored, unless that is in S3_KEY_PREFIX"
              .formatted(keys.pattern.orElseThrow()));
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
   * Compiles the pattern.
   *
   * @throws IllegalArgumentException when the pattern is invalid; the message says why
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
    return compiled(text, "");
  }

  /**
   * Compiles a text of the pattern's form.
   *
   * @param rest a regular expression for what follows
   */
  private static Compiled compiled(String text, String rest) {
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
    return new Compiled(names, Pattern.compile(regex + rest, Pattern.DOTALL));
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

  /** Quotes text for the regular expression; the case of the extension does not matter. */
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

  /** The form of the folders of objects; the last wildcard may stand for more folders. */
  private Compiled folders() {
    String text = pattern.orElse("**");
    int end = text.lastIndexOf('/') + 1;
    return compiled(text.substring(0, end), text.indexOf("**", end) < 0 ? "" : ".*");
  }

  /** Whether a placeholder is in the name behind the folders. */
  boolean namesFiles() {
    return folders().names.size() < names().size();
  }

  /** Prefix and pattern for a message: {@code incoming/{table}.csv}. */
  public String shown() {
    return prefix + pattern.orElse("**");
  }

  /** The longest prefix shared by all object keys that match these values. */
  public String commonPrefix(Map<String, String> values) {
    StringBuilder common = new StringBuilder(prefix);
    Matcher token = TOKEN.matcher(pattern.orElse("*"));
    while (token.find() && !token.group().startsWith("*")) {
      String text = token.group(1) == null ? token.group() : values.get(token.group(1));
      // The extension's case may be another.
      common.append(
          token.end() == pattern.orElse("").length()
              ? EXTENSION.matcher(text).replaceFirst("")
              : text);
    }
    return common.toString();
  }

  /**
   * Whether a folder or the name, behind the prefix, is one that jobs keep to themselves while they
   * write. Such objects are not loaded.
   *
   * @param key decoded
   */
  public boolean isHidden(String key) {
    return key.startsWith(prefix)
        && HIDDEN
            .matcher(key)
            .useTransparentBounds(true)
            .region(prefix.length(), key.length())
            .find();
  }

  /** The names of the placeholders, in their order. */
  public List<String> names() {
    return compiled().names;
  }

  /**
   * Reads the values of the placeholders from a key.
   *
   * @param key decoded
   * @return values by the placeholder's name; empty when the key does not match, or is hidden
   */
  public Optional<Map<String, String>> match(String key) {
    return match(key, compiled());
  }

  /**
   * Reads the values of the placeholders from the folder of an object, whatever its name is.
   *
   * @param key decoded
   * @return values by the placeholder's name; empty when the folder does not match, or is hidden
   */
  public Optional<Map<String, String>> matchFolder(String key) {
    return match(SetMarker.folder(key), folders());
  }

  /**
   * Reads the values of the placeholders from the key of a file of a set, whose extension may be
   * another than the pattern's.
   *
   * @param key decoded
   * @return as {@link #match(String)}
   */
  public Optional<Map<String, String>> matchPart(String key) {
    Matcher extension = EXTENSION.matcher(pattern.orElse(""));
    return match(extension.find() ? SetMarker.withExtension(key, extension.group()) : key);
  }

  private Optional<Map<String, String>> match(String key, Compiled compiled) {
    Matcher matcher =
        compiled.regex.matcher(key).region(Math.min(prefix.length(), key.length()), key.length());
    if (!key.startsWith(prefix) || isHidden(key) || !matcher.matches()) {
      return Optional.empty();
    }
    Map<String, String> values = new LinkedHashMap<>();
    for (String name : compiled.names) {
      values.put(name, matcher.group(values.size() + 1));
    }
    return Optional.of(values);
  }
}
