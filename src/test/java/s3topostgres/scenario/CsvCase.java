package s3topostgres.scenario;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * One case of {@code src/test/resources/csv}: a table, settings, the bytes of a file, and what
 * comes of it. The notation is described in {@code csv/README.md}.
 */
final class CsvCase {
  private static final Path FOLDER = Path.of("src/test/resources/csv");
  private static final Set<String> KEYS =
      Set.of(
          "id",
          "given",
          "table",
          "then",
          "columns",
          "settings",
          "encoding",
          "gzip",
          "postgres",
          "file",
          "rows",
          "fails",
          "line",
          "copied",
          "copy",
          "column",
          "sqlstate",
          "says");

  /** Bytes in hexadecimal, or a text so many times. */
  private static final Pattern SPECIAL =
      Pattern.compile("\u27e8(?:([0-9]+)\u00d7([^\u27e9]*)|([0-9A-F ]+))\u27e9", Pattern.DOTALL);

  private static final Pattern POSTGRES = Pattern.compile("(\\d+) (and later|and earlier)");

  private final Map<String, Object> yaml;

  private CsvCase(Map<String, Object> yaml) {
    this.yaml = yaml;
    if (!KEYS.containsAll(yaml.keySet()) || yaml.containsKey("rows") == yaml.containsKey("fails")) {
      throw new IllegalArgumentException("not a case: " + yaml);
    }
  }

  /** All cases of all files. */
  static List<CsvCase> all() {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .filter(file -> file.toString().endsWith(".yaml"))
          .sorted()
          .flatMap(CsvCase::read)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @SuppressWarnings("unchecked")
  private static Stream<CsvCase> read(Path file) {
    // Without its resolvers YAML takes everything for text, also 1, no and 2020-01-01.
    Resolver text =
        new Resolver() {
          @Override
          protected void addImplicitResolvers() {}
        };
    LoaderOptions options = new LoaderOptions();
    DumperOptions unused = new DumperOptions();
    Yaml yaml =
        new Yaml(new SafeConstructor(options), new Representer(unused), unused, options, text);
    try {
      List<Map<String, Object>> cases = yaml.load(Files.readString(file));
      return cases.stream().map(CsvCase::new);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String id() {
    return required("id");
  }

  /** Whether the case is about a server of this version. */
  boolean isFor(int majorVersion) {
    return text("postgres")
        .map(
            versions -> {
              Matcher matcher = POSTGRES.matcher(versions);
              if (!matcher.matches()) {
                throw new IllegalArgumentException(versions);
              }
              int version = Integer.parseInt(matcher.group(1));
              return matcher.group(2).equals("and later")
                  ? majorVersion >= version
                  : majorVersion <= version;
            })
        .orElse(true);
  }

  /** Everything that has to be there for the case: the table {@code t} and what it needs. */
  List<String> setup() {
    return Stream.of(
            text("given"),
            Optional.of("CREATE TABLE t (%s)".formatted(required("table"))),
            text("then"))
        .flatMap(Optional::stream)
        .map(CsvCase::decoded)
        .toList();
  }

  /** The columns that the file has, for plain {@code COPY}; empty for all in the table's order. */
  String columns() {
    return text("columns").map(CsvCase::decoded).map(" (%s)"::formatted).orElse("");
  }

  @SuppressWarnings("unchecked")
  Map<String, String> settings() {
    return (Map<String, String>) yaml.getOrDefault("settings", Map.of());
  }

  boolean isGzip() {
    return yaml.containsKey("gzip");
  }

  /** The file as the case has it. */
  String source() {
    return required("file");
  }

  /** The file, not compressed. */
  byte[] file() {
    Charset charset = Charset.forName(text("encoding").orElse("UTF-8"));
    String source = source().replace("\n", "");
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

  /** The rows after the load, each value decoded, NULL as {@code null}; empty if it fails. */
  @SuppressWarnings("unchecked")
  Optional<List<List<String>>> rows() {
    return Optional.ofNullable((List<String>) yaml.get("rows"))
        .map(rows -> rows.stream().map(CsvCase::row).toList());
  }

  private static List<String> row(String row) {
    return Arrays.stream(row.split("\\|(?![^\u27e8]*\u27e9)", -1))
        .map(value -> value.equals("\u2205") ? null : decoded(value))
        .toList();
  }

  String fails() {
    return required("fails");
  }

  OptionalLong line() {
    return text("line").stream().mapToLong(Long::parseLong).findFirst();
  }

  Optional<String> text(String key) {
    return Optional.ofNullable((String) yaml.get(key));
  }

  private String required(String key) {
    return text(key).orElseThrow(() -> new IllegalArgumentException(key + " is missing: " + yaml));
  }

  private static String decoded(String source) {
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

  @Override
  public String toString() {
    return id();
  }
}
