package s3topostgres.scenario;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;
import s3topostgres.config.Mode;

/**
 * A scenario of {@code src/test/resources/scenarios} in one mode: a table, settings, files, and
 * what comes of them. The README there describes the notation.
 */
record Scenario(Map<String, Object> yaml, Mode mode) {
  static final Path FOLDER = Path.of("src/test/resources/scenarios");

  private static final Set<String> KEYS =
      Set.of(
          "id",
          "modes",
          "given",
          "table",
          "then",
          "before",
          "settings",
          "postgres",
          "steps",
          "with");

  /** The usual table, where a scenario has none of its own. */
  private static final String PEOPLE = "id integer PRIMARY KEY, name text NOT NULL, born date";

  private static final List<List<String>> OLD = List.of(Arrays.asList("0", "old", null));

  private static final Pattern POSTGRES = Pattern.compile("(\\d+) (and later|and earlier)");

  Scenario {
    Step.requireKnown(yaml, KEYS);
  }

  /** The scenarios of all files, each once for each of its modes. */
  static List<Scenario> all() {
    try (Stream<Path> files = Files.walk(FOLDER)) {
      return files
          .filter(file -> file.toString().endsWith(".yaml"))
          .sorted()
          .flatMap(Scenario::read)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @SuppressWarnings("unchecked")
  private static Stream<Scenario> read(Path file) {
    // Without its resolvers YAML takes everything for text, also 1, no and 2020-01-01.
    Resolver text =
        new Resolver() {
          @Override
          protected void addImplicitResolvers() {}
        };
    DumperOptions unused = new DumperOptions();
    Yaml yaml =
        new Yaml(
            new SafeConstructor(new LoaderOptions()),
            new Representer(unused),
            unused,
            new LoaderOptions(),
            text);
    Map<String, Object> all = new HashMap<>();
    List<Map<String, Object>> entries;
    try {
      entries = yaml.load(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (entries.get(0).containsKey("all")) {
      all.putAll((Map<String, Object>) entries.remove(0).get("all"));
    }
    return entries.stream()
        .map(entry -> merged(all, entry))
        .flatMap(Scenario::each)
        .flatMap(Scenario::inEachMode);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> merged(Map<String, Object> all, Map<String, Object> own) {
    Map<String, Object> merged = new HashMap<>(all);
    own.forEach(
        (key, value) ->
            merged.merge(
                key,
                value,
                (shared, mine) ->
                    key.equals("settings")
                        ? merged((Map<String, Object>) shared, (Map<String, Object>) mine)
                        : mine));
    return merged;
  }

  /** One for each of the values that stand for names in braces. */
  @SuppressWarnings("unchecked")
  private static Stream<Map<String, Object>> each(Map<String, Object> yaml) {
    List<Map<String, String>> values = (List<Map<String, String>>) yaml.remove("each");
    return values == null
        ? Stream.of(yaml)
        : values.stream()
            .map(
                one -> {
                  Map<String, Object> filled = (Map<String, Object>) filled(yaml, one);
                  filled.put("with", String.join(", ", one.values()));
                  return filled;
                });
  }

  private static Object filled(Object yaml, Map<String, String> values) {
    if (yaml instanceof Map<?, ?> map) {
      Map<Object, Object> filled = new LinkedHashMap<>();
      map.forEach((key, value) -> filled.put(filled(key, values), filled(value, values)));
      return filled;
    }
    if (yaml instanceof List<?> list) {
      return list.stream().map(element -> filled(element, values)).toList();
    }
    String text = (String) yaml;
    for (Map.Entry<String, String> value : values.entrySet()) {
      text = text.replace("{" + value.getKey() + "}", value.getValue());
    }
    return text;
  }

  @SuppressWarnings("unchecked")
  private static Stream<Scenario> inEachMode(Map<String, Object> yaml) {
    return ((List<String>) yaml.getOrDefault("modes", List.of("replace")))
        .stream().map(mode -> new Scenario(yaml, Mode.valueOf(mode.toUpperCase(Locale.ROOT))));
  }

  Step head() {
    return new Step(yaml);
  }

  String id() {
    return head().required("id");
  }

  /** Whether all is said without steps: one file is loaded, as plain {@code COPY} loads it. */
  boolean isOneLoad() {
    return !yaml.containsKey("steps");
  }

  @SuppressWarnings("unchecked")
  List<Step> steps() {
    if (isOneLoad()) {
      Map<String, Object> step = new HashMap<>(yaml);
      step.putIfAbsent("load", id() + ".csv");
      return List.of(new Step(step));
    }
    return ((List<Map<String, Object>>) yaml.get("steps")).stream().map(Step::of).toList();
  }

  /** The scenario with that {@code IMPORT_WITH}. */
  Scenario importedWith(String way) {
    Map<String, Object> settings = Map.of("settings", Map.of("IMPORT_WITH", way));
    return new Scenario(merged(yaml, settings), mode);
  }

  Map<String, String> settings() {
    return head().map("settings");
  }

  /** Whether the scenario is about a server of this version. */
  boolean isFor(int majorVersion) {
    return head()
        .text("postgres")
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

  /** SQL that makes the table {@code t}, what it needs, and its rows. */
  List<String> setup() {
    Stream<String> tables =
        Stream.of(
                head().text("given"),
                Optional.of("CREATE TABLE t " + columns()),
                head().text("then"))
            .flatMap(Optional::stream)
            .map(Step::decoded);
    return Stream.concat(tables, before().stream().flatMap(List::stream).map(Scenario::insert))
        .toList();
  }

  private String columns() {
    String columns = head().text("table").orElse(PEOPLE);
    return columns.startsWith("(") ? columns : "(" + columns + ")";
  }

  /** The rows before; empty if nothing is said of them and the table is not the usual one. */
  Optional<List<List<String>>> before() {
    return head()
        .rows("before", mode)
        .or(() -> yaml.containsKey("table") ? Optional.empty() : Optional.of(OLD));
  }

  private static String insert(List<String> row) {
    return row.stream()
        .map(value -> value == null ? "NULL" : "'" + value.replace("'", "''") + "'")
        .collect(joining(", ", "INSERT INTO t VALUES (", ")"));
  }

  @Override
  public String toString() {
    return Stream.of(Optional.of(id()), Optional.of(mode.label()), head().text("with"))
        .flatMap(Optional::stream)
        .collect(joining(", "));
  }
}
