package s3topostgres.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TOO_FEW_ROWS;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Tag;
import s3topostgres.Fault;
import s3topostgres.LoadException;
import s3topostgres.check.DryRunResult;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;

/** Random tables and files, with faults put in at known places: all are found, and nothing else. */
@Tag("slow")
class RandomFaultsTest {
  private static final String REQUIRED = "empty, but a value is required";

  /** Good values of types; the bad ones have the reason that is told. */
  private static final Map<String, List<String>> GOOD =
      new TreeMap<>(
          Map.of(
              "integer", List.of("1", " -2 ", "2147483647"),
              "smallint", List.of("1", "-32768"),
              "numeric(5,2)", List.of("1", "999.99", "NaN", "1e2"),
              "boolean", List.of("true", "off", "1"),
              "date", List.of("2020-02-29", "infinity", "2020-01-02"),
              "timestamptz", List.of("2020-01-01 10:00+02", "2024-02-29 23:59:59Z"),
              "varchar(4)", List.of("abcd", "", "a\nbc", "ab    ", "\"\""),
              "text", List.of("a", "\n\n", "a,b\r\nc", "\r", "ü\"\n"),
              "uuid", List.of("00000000-0000-0000-0000-000000000001"),
              "jsonb", List.of("{}", "[1,\n2]", "null")));

  private static final Map<String, Map<String, String>> BAD =
      Map.of(
          "integer",
              Map.of(
                  "x", "not a whole number",
                  "2147483648", "too large or too small for integer"),
          "smallint",
              Map.of("1.5", "not a whole number", "40000", "too large or too small for smallint"),
          "numeric(5,2)",
              Map.of("1,5", "not a number", "1000", "too large or too small for numeric(5,2)"),
          "boolean", Map.of("2", "not true or false"),
          "date",
              Map.of(
                  "x\ny", "not a valid date",
                  "2021-02-29", "not an existing date or time, or not written as date"),
          "timestamptz", Map.of("noon", "not a valid date and time"),
          "varchar(4)",
              Map.of("abcde", "longer than 4 characters", "abc\nd", "longer than 4 characters"),
          "uuid", Map.of("1", "not a valid UUID"),
          "jsonb", Map.of("{", "not valid JSON"));

  @AutoClose private final LoadFixture fixture = new LoadFixture();
  private Random random;
  private Mode mode;
  private String lineBreak;
  private final List<String> types = new ArrayList<>();
  private final List<Boolean> required = new ArrayList<>();
  private final List<Fault> planted = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();
  private String header;
  private final Map<Integer, Long> lineOfKey = new HashMap<>();

  /** A record as it is in the file, and the line on which it ends. */
  private record Row(String written, String id, long line) {
    boolean hasId(int number) {
      return id != null && id.strip().equals(Integer.toString(number));
    }
  }

  @RepeatedTest(6)
  void areAllFound(RepetitionInfo repetition) {
    run(Long.getLong("seed", System.nanoTime() + repetition.getCurrentRepetition()));
  }

  @Tag("thorough")
  @RepeatedTest(80)
  void areAllFoundManyTimes(RepetitionInfo repetition) {
    run(System.nanoTime() + repetition.getCurrentRepetition());
  }

  private void run(long seed) {
    random = new Random(seed);
    lineBreak = random.nextBoolean() ? "\n" : "\r\n";
    mode = List.of(Mode.REPLACE, Mode.SYNC, Mode.UPSERT, Mode.APPEND).get(random.nextInt(4));
    fixture.set("IMPORT_WITH", random.nextBoolean() ? "aws_s3" : "copy");
    createTable();
    String file = file();
    String story = "-Dseed=%d, mode %s, types %s".formatted(seed, mode, types);

    fixture.mode(mode, "t").set("DB_TABLE_NAME", "t");
    fixture.upload("t.csv", file);
    DryRunResult result = fixture.dryRun("t.csv");

    assertThat(result.faults())
        .as(story)
        .extracting(fault -> fault.line() + " " + fault.column() + ": " + fault.reason())
        .isEqualTo(
            planted.stream()
                .limit(1000)
                .map(
                    fault ->
                        fault.line().getAsLong()
                            + " "
                            + fault.column().orElse(null)
                            + ": "
                            + fault.reason())
                .toList());
    assertThat(result.wouldLoad()).as(story).isEqualTo(planted.isEmpty());
    if (planted.isEmpty()) {
      fixture.load("t.csv", file);
    } else if (random.nextBoolean()) {
      leavesRowsOut(file, story);
    } else {
      assertThat(fixture.failure(ROW_REJECTED, "t.csv", file).faults())
          .as(story)
          .isEqualTo(planted.subList(0, Math.min(planted.size(), 1000)));
    }
  }

  /**
   * With a limit, the table has the rows of the file without those that faults name, as far as
   * {@code sync} may delete others, or its old rows.
   */
  private void leavesRowsOut(String file, String story) {
    Set<Long> faulty =
        planted.stream().map(fault -> fault.line().getAsLong()).collect(Collectors.toSet());
    List<Row> good = rows.stream().filter(row -> !faulty.contains(row.line)).toList();
    int limit = Math.max(1, faulty.size() - 1 + random.nextInt(3));
    fixture.set("MAX_REJECTED_ROWS", Integer.toString(limit));
    List<Integer> old = mode == Mode.APPEND ? List.of(-2, -1) : List.of(-1, 1, 2, 3);
    fixture.execute("CREATE TABLE clean (LIKE t INCLUDING ALL)");
    old.forEach(id -> fixture.execute(insert("t", id), insert("clean", id)));
    List<String> before = table("t");

    if (good.isEmpty() || faulty.size() > limit) {
      assertThat(
              catchThrowableOfType(LoadException.class, () -> fixture.load("t.csv", file)).code())
          .as(story)
          .isIn(ROW_REJECTED, TOO_FEW_ROWS);
      assertThat(table("t")).as(story).isEqualTo(before);
      return;
    }
    LoadResult result = fixture.load("t.csv", file);
    assertThat(result.rejected()).as(story).isEqualTo(faulty.size());
    assertThat(result.rows()).as(story).isEqualTo(good.size());

    fixture.mode(mode, "clean").set("DB_TABLE_NAME", "clean");
    fixture.load(
        "clean.csv",
        header + good.stream().map(row -> row.written + lineBreak).collect(Collectors.joining()));
    if (mode == Mode.SYNC) {
      old.stream()
          .filter(id -> stays(id, good))
          .forEach(id -> fixture.execute(insert("clean", id)));
    }
    assertThat(table("t")).as(story).isEqualTo(table("clean"));
  }

  private boolean stays(int id, List<Row> good) {
    boolean isInFile = good.stream().anyMatch(row -> row.hasId(id));
    boolean isLeftOut = rows.stream().anyMatch(row -> row.hasId(id));
    boolean areKnown =
        planted.stream().noneMatch(fault -> fault.column().equals(Optional.of("id")));
    return !isInFile && (isLeftOut || !areKnown);
  }

  private String insert(String table, int id) {
    return "INSERT INTO %s VALUES (%d, 1%s)"
        .formatted(
            table,
            id,
            types.stream()
                .map(type -> ", '" + GOOD.get(type).get(0) + "'")
                .collect(Collectors.joining()));
  }

  private List<String> table(String name) {
    return fixture.rows(
        "SELECT t::text FROM %s AS t ORDER BY t::text COLLATE \"C\"".formatted(name));
  }

  /** With a key, a check, and columns of which some are required. */
  private void createTable() {
    List<String> all = List.copyOf(GOOD.keySet());
    for (int i = random.nextInt(6); i >= 0; i--) {
      types.add(all.get(random.nextInt(all.size())));
      required.add(random.nextInt(4) == 0);
    }
    fixture.execute(
        IntStream.range(0, types.size())
            .mapToObj(
                i -> "c%d %s%s".formatted(i, types.get(i), required.get(i) ? " NOT NULL" : ""))
            .collect(
                Collectors.joining(
                    ", ",
                    "CREATE TABLE t (id integer PRIMARY KEY, n integer CONSTRAINT positive CHECK (n > 0), ",
                    ")")));
  }

  private String file() {
    int count = 1 + random.nextInt(random.nextInt(10) == 0 ? 3000 : 60);
    double share = random.nextInt(4) == 0 ? 0 : random.nextDouble() / 4;
    List<Integer> order = new ArrayList<>(IntStream.range(0, types.size() + 2).boxed().toList());
    Collections.shuffle(order, random);
    StringBuilder file = new StringBuilder();
    header = order.stream().map(this::name).collect(Collectors.joining(",")) + lineBreak;
    file.append(header);
    long line = 1;
    for (int row = 1; row <= count; row++) {
      List<Fault> faults = new ArrayList<>();
      List<String> values = new ArrayList<>();
      int id = random.nextDouble() < share && row > 1 ? 1 + random.nextInt(row - 1) : row;
      for (int field : order) {
        values.add(value(field, id, share, faults));
      }
      String written =
          values.stream().map(RandomFaultsTest::field).collect(Collectors.joining(","));
      line += 1 + written.replace("\r\n", "\n").chars().filter(c -> c == '\n' || c == '\r').count();
      file.append(written).append(lineBreak);
      rows.add(new Row(written, values.get(order.indexOf(0)), line));
      plant(faults, values.get(order.indexOf(0)), values.get(order.indexOf(1)), line);
    }
    return file.toString();
  }

  private String name(int field) {
    return field == 0 ? "id" : field == 1 ? "n" : "c" + (field - 2);
  }

  private static String field(String value) {
    return value == null ? "" : '"' + value.replace("\"", "\"\"") + '"';
  }

  private String value(int field, int id, double share, List<Fault> faults) {
    String type = field < 2 ? "integer" : types.get(field - 2);
    Map<String, String> bad = BAD.getOrDefault(type, Map.of());
    boolean needed = field == 0 || field > 1 && required.get(field - 2);
    if (random.nextDouble() < share && !bad.isEmpty()) {
      String value = List.copyOf(bad.keySet()).get(random.nextInt(bad.size()));
      faults.add(fault(Optional.of(name(field)), bad.get(value)));
      return value;
    }
    if (random.nextDouble() < (needed ? share / 2 : 0.2)) {
      if (needed) {
        faults.add(fault(Optional.of(name(field)), REQUIRED));
      }
      return null;
    }
    if (field == 0) {
      return Integer.toString(id);
    }
    if (field == 1) {
      return random.nextDouble() < share ? "-1" : "1";
    }
    List<String> good = GOOD.get(type);
    return good.get(random.nextInt(good.size()));
  }

  private static Fault fault(Optional<String> column, String reason) {
    return new Fault(OptionalLong.empty(), column, reason);
  }

  /** Those of the values, and then those of the row as a whole. */
  private void plant(List<Fault> faults, String id, String n, long line) {
    if (id != null && id.matches("\\d{1,9}")) {
      Long first = lineOfKey.putIfAbsent(Integer.parseInt(id), line);
      if (first != null) {
        faults.add(
            fault(
                Optional.empty(),
                mode == Mode.SYNC || mode == Mode.UPSERT || mode == Mode.CHANGES
                    ? "a second row with the key (id) of line " + first
                    : "a second row with the same id (constraint t_pkey) as line " + first));
      }
    }
    if ("-1".equals(n)) {
      faults.add(fault(Optional.empty(), "breaks the check positive"));
    }
    faults.forEach(
        fault -> planted.add(new Fault(OptionalLong.of(line), fault.column(), fault.reason())));
  }
}
