package s3topostgres.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.config.Mode.REPLACE;
import static s3topostgres.config.Mode.SYNC;
import static s3topostgres.config.Mode.UPSERT;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Tag;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;

/**
 * Random tables, keys and files: {@code sync} makes of a table what {@code replace} makes of it,
 * {@code upsert} what a model makes, and neither writes a row that is as before.
 */
@Tag("slow")
public class RandomFilesInEveryModeTest {
  private static final int FILES = 4;

  /** Types that are a key at times, with values that differ as keys, too. */
  private static final Map<String, List<String>> KEY_TYPES =
      new TreeMap<>(
          Map.of(
              "integer", List.of("1", "2", "3", "-4", "50"),
              "text", List.of("a", "A", "", "a\nb", "\"q\"", "ü,"),
              "date", List.of("2020-01-01", "2020-01-02", "infinity"),
              "numeric(6,2)", List.of("1.00", "2.50", "-3.00", "NaN"),
              "boolean", List.of("true", "false"),
              "uuid",
                  List.of(
                      "00000000-0000-0000-0000-000000000001",
                      "00000000-0000-0000-0000-000000000002"),
              "text[]", List.of("{}", "{a}", "{a,NULL}", "{{a},{b}}")));

  private static final Map<String, List<String>> OTHER_TYPES =
      new TreeMap<>(
          Map.of(
              "numeric", List.of("1", "1.0", "1.00", "1e3", "NaN"),
              "json", List.of("{}", "{ }", "[1]", "null", "\"a\""),
              "jsonb", List.of("{}", "[1]", "[1.0]", "{\"a\": 1}"),
              "point", List.of("(1,2)", "(1,3)", "(0,-0)"),
              "box", List.of("(1,1),(0,0)", "(2,2),(1,1)"),
              "float8", List.of("0", "-0", "1.5", "NaN", "Infinity"),
              "int4range", List.of("empty", "[1,5)", "(,)"),
              "interval", List.of("1 day", "24:00:00", "1 mon"),
              "bytea", List.of("\\x", "\\x00ff", "\\x0a0d"),
              "varchar(5)", List.of("", " ", "a", "a\r\nb", "ÄÖÜ", "\\.")));

  private Random random;
  @AutoClose private final LoadFixture fixture = new LoadFixture();
  private final List<String> types = new ArrayList<>();
  private List<Integer> key;
  private String story;

  @RepeatedTest(4)
  void agreeWithTheirModels(RepetitionInfo repetition) {
    run(Long.getLong("seed", System.nanoTime() + repetition.getCurrentRepetition()));
  }

  @Tag("thorough")
  @RepeatedTest(60)
  void agreeWithTheirModelsManyTimes(RepetitionInfo repetition) {
    run(System.nanoTime() + repetition.getCurrentRepetition());
  }

  private void run(long seed) {
    random = new Random(seed);
    boolean constrained = createTables();
    story = "-Dseed=%d, types %s, key %s, constrained %s".formatted(seed, types, key, constrained);
    fixture.set("MIN_ROWS", "0");
    if (!key.isEmpty() && !constrained) {
      fixture.set("LOAD_KEY", key.stream().map(i -> "c" + i).collect(Collectors.joining(",")));
    }
    List<List<String>> rows = List.of();
    Map<List<String>, List<String>> upserted = new HashMap<>();
    for (int file = 1; file <= FILES; file++) {
      rows = next(rows);
      load(SYNC, "synced", rows);
      load(REPLACE, "replaced", rows);
      assertThat(table("synced")).as(story).isEqualTo(table("replaced"));
      if (!key.isEmpty()) {
        rows.forEach(row -> upserted.put(keyOf(row), row));
        load(UPSERT, "upserted", rows);
      }
    }
    if (!key.isEmpty()) {
      load(REPLACE, "replaced", List.copyOf(upserted.values()));
      assertThat(table("upserted")).as(story).isEqualTo(table("replaced"));
    }
  }

  /** Whether the database knows the key, too. */
  private boolean createTables() {
    List<String> keyTypes = List.copyOf(KEY_TYPES.keySet());
    List<String> all = new ArrayList<>(keyTypes);
    all.addAll(OTHER_TYPES.keySet());
    int parts = random.nextInt(3);
    for (int i = 0; i < parts; i++) {
      types.add(keyTypes.get(random.nextInt(keyTypes.size())));
    }
    for (int i = random.nextInt(4) + (parts == 0 ? 1 : 0); i > 0; i--) {
      types.add(all.get(random.nextInt(all.size())));
    }
    key = IntStream.range(0, parts).boxed().toList();
    boolean constrained = parts > 0 && random.nextInt(3) > 0;
    String columns =
        IntStream.range(0, types.size())
            .mapToObj(i -> "c%d %s".formatted(i, types.get(i)))
            .collect(Collectors.joining(", "));
    String constraint =
        constrained
            ? key.stream()
                .map(i -> "c" + i)
                .collect(Collectors.joining(",", ", PRIMARY KEY (", ")"))
            : "";
    for (String table : List.of("synced", "replaced", "upserted")) {
      fixture.execute("CREATE TABLE %s (%s%s)".formatted(table, columns, constraint));
    }
    return constrained;
  }

  /** Some rows stay, some go, some change, some are new; in another order. */
  private List<List<String>> next(List<List<String>> rows) {
    Map<List<String>, List<String>> byKey = new HashMap<>();
    List<List<String>> next = new ArrayList<>();
    int share = random.nextInt(10);
    for (List<String> row : rows) {
      if (random.nextInt(10) >= share) {
        next.add(row);
      } else if (random.nextBoolean()) {
        List<String> changed = row();
        key.forEach(i -> changed.set(i, row.get(i)));
        next.add(changed);
      }
    }
    for (int added = random.nextInt(25); added > 0; added--) {
      next.add(row());
    }
    if (!key.isEmpty()) {
      next.forEach(row -> byKey.put(keyOf(row), row));
      next = new ArrayList<>(byKey.values());
    }
    Collections.shuffle(next, random);
    return next.isEmpty() ? List.of(row()) : next;
  }

  private List<String> row() {
    List<String> row = new ArrayList<>();
    for (int i = 0; i < types.size(); i++) {
      List<String> values = KEY_TYPES.getOrDefault(types.get(i), OTHER_TYPES.get(types.get(i)));
      boolean isNull = !key.contains(i) && random.nextInt(5) == 0;
      row.add(isNull ? null : values.get(random.nextInt(values.size())));
    }
    return row;
  }

  private List<String> keyOf(List<String> row) {
    return key.stream().map(row::get).toList();
  }

  private void load(Mode mode, String table, List<List<String>> rows) {
    Map<String, List<String>> before = versions(table);
    StringBuilder csv = new StringBuilder();
    List<Integer> order = new ArrayList<>(IntStream.range(0, types.size()).boxed().toList());
    Collections.shuffle(order, random);
    csv.append(order.stream().map(i -> "c" + i).collect(Collectors.joining(","))).append('\n');
    for (List<String> row : rows) {
      csv.append(order.stream().map(i -> field(row.get(i))).collect(Collectors.joining(",")))
          .append('\n');
    }
    fixture.mode(mode, table).set("DB_TABLE_NAME", table).load(table + ".csv", csv.toString());
    if (mode != REPLACE) {
      Map<String, List<String>> after = versions(table);
      before.forEach(
          (row, versions) -> {
            List<String> now = after.getOrDefault(row, List.of());
            assertThat(now.stream().filter(versions::contains).count())
                .as("%s: of %s the versions %s, then %s", story, row, versions, now)
                .isEqualTo(Math.min(versions.size(), now.size()));
          });
    }
  }

  private static String field(String value) {
    return value == null ? "" : '"' + value.replace("\"", "\"\"") + '"';
  }

  private List<String> table(String name) {
    return fixture.rows(
        "SELECT t::text FROM %s AS t ORDER BY t::text COLLATE \"C\"".formatted(name));
  }

  /** The versions of each row by what the row is written like. */
  private Map<String, List<String>> versions(String table) {
    Map<String, List<String>> versions = new HashMap<>();
    for (String row : fixture.rows("SELECT ctid, xmin, t::text FROM %s AS t".formatted(table))) {
      String[] parts = row.split("\\|", 3);
      versions.computeIfAbsent(parts[2], text -> new ArrayList<>()).add(parts[0] + parts[1]);
    }
    return versions;
  }
}
