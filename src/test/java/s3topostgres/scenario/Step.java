package s3topostgres.scenario;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import s3topostgres.config.Mode;

/** A step of a scenario: what is done, and what has to be so afterwards. */
record Step(Map<String, Object> yaml) {
  private static final List<String> ACTIONS =
      List.of("upload", "load", "catchUp", "dryRun", "sql", "set", "query");

  private static final Set<String> DETAILS =
      Set.of(
          "after",
          "as",
          "at",
          "file",
          "encoding",
          "gzip",
          "columns",
          "emptyIsNull",
          "rows",
          "is",
          "counts",
          "kept",
          "logs",
          "recorded",
          "fails",
          "says",
          "message",
          "line",
          "column",
          "sqlstate",
          "faults",
          "copied",
          "copy",
          "proposes",
          "warns");

  /** Bytes in hexadecimal, or a text so many times. */
  private static final Pattern SPECIAL =
      Pattern.compile("\u27e8(?:([0-9]+)\u00d7([^\u27e9]*)|([0-9A-F ]+))\u27e9", Pattern.DOTALL);

  static Step of(Map<String, Object> yaml) {
    requireKnown(yaml, Set.of());
    return new Step(yaml);
  }

  /**
   * @throws IllegalArgumentException if the YAML has a key that is none of a step or of these
   */
  static void requireKnown(Map<String, Object> yaml, Set<String> others) {
    for (String key : yaml.keySet()) {
      if (!ACTIONS.contains(key) && !DETAILS.contains(key) && !others.contains(key)) {
        throw new IllegalArgumentException("\"%s\" is not a key: %s".formatted(key, yaml));
      }
    }
  }

  /** What is done, as a key. */
  String action() {
    return ACTIONS.stream()
        .filter(yaml::containsKey)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("does nothing: " + yaml));
  }

  boolean has(String key) {
    return yaml.containsKey(key);
  }

  Optional<String> text(String key) {
    return Optional.ofNullable((String) yaml.get(key));
  }

  String required(String key) {
    return text(key).orElseThrow(() -> new IllegalArgumentException(key + " is missing: " + yaml));
  }

  /** The texts of a key that has one or a list of them; none where it is missing. */
  @SuppressWarnings("unchecked")
  List<String> texts(String key) {
    Object value = yaml.getOrDefault(key, List.of());
    return value instanceof List ? (List<String>) value : List.of((String) value);
  }

  @SuppressWarnings("unchecked")
  Map<String, String> map(String key) {
    return (Map<String, String>) yaml.getOrDefault(key, Map.of());
  }

  /**
   * The rows of a key, each value decoded, NULL as {@code null}; empty if it is missing, or has
   * none for the mode.
   */
  @SuppressWarnings("unchecked")
  Optional<List<List<String>>> rows(String key, Mode mode) {
    Object value = yaml.get(key);
    if (value instanceof Map) {
      value =
          ((Map<String, Object>) value)
              .entrySet().stream()
                  .filter(entry -> List.of(entry.getKey().split(", ")).contains(mode.label()))
                  .map(Map.Entry::getValue)
                  .findFirst()
                  .orElse(null);
    }
    return Optional.ofNullable((List<String>) value)
        .map(rows -> rows.stream().map(Step::row).toList());
  }

  private static List<String> row(String row) {
    return Arrays.stream(row.split("\\|(?![^\u27e8]*\u27e9)", -1))
        .map(value -> value.equals("\u2205") ? null : decoded(value))
        .toList();
  }

  /** The file's bytes before they are compressed. */
  byte[] plainFile() {
    Charset charset = Charset.forName(text("encoding").orElse("UTF-8"));
    String source = required("file");
    if (source.contains("\u240a") || source.contains("\u240d")) {
      source = source.replace("\n", "");
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Matcher matcher = SPECIAL.matcher(source);
    int end = 0;
    while (matcher.find()) {
      bytes.writeBytes(visible(source.substring(end, matcher.start())).getBytes(charset));
      bytes.writeBytes(
          matcher.group(3) == null
              ? repeated(matcher).getBytes(charset)
              : HexFormat.of().parseHex(matcher.group(3).replace(" ", "")));
      end = matcher.end();
    }
    bytes.writeBytes(visible(source.substring(end)).getBytes(charset));
    return bytes.toByteArray();
  }

  /** The object's header; null where it has none. */
  String contentEncoding() {
    return text("gzip")
        .filter(header -> !header.startsWith("without"))
        .map(header -> header.equals("yes") ? "gzip" : header)
        .orElse(null);
  }

  /** The object's bytes. */
  byte[] file() {
    if (!has("gzip")) {
      return plainFile();
    }
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(plainFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  static String decoded(String source) {
    return visible(
        SPECIAL.matcher(source).replaceAll(match -> Matcher.quoteReplacement(repeated(match))));
  }

  private static String repeated(MatchResult match) {
    return visible(match.group(2)).repeat(Integer.parseInt(match.group(1)));
  }

  private static String visible(String source) {
    return source
        .replace('\u2420', ' ')
        .replace('\u2409', '\t')
        .replace('\u240a', '\n')
        .replace('\u240d', '\r');
  }
}
