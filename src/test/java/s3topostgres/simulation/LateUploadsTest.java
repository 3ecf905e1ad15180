package s3topostgres.simulation;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/**
 * Uploads of {@code LOAD_MODE=upsert} with different rows and columns, in a bucket that one request
 * does not list: two functions get their events in any order, some twice, some never; connections
 * break. After each step the table is what a model says that puts late files under newer ones.
 */
@Tag("slow")
class LateUploadsTest {
  private static final int UPLOADS = 25;
  private static final List<String> COLUMNS = List.of("a", "b", "c");

  private final long seed = Long.getLong("seed", System.nanoTime());
  private final Random random = new Random(seed);
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  private final Instant beginning = Instant.now().minus(1, ChronoUnit.HOURS);
  private int made;

  /** A version of an object: its row keys, and its columns, in each of which its number is. */
  private record File(int number, Upload upload, Set<Integer> ids, Set<String> columns) {
    Instant time() {
      return upload.eventTime().orElseThrow();
    }

    String key() {
      return upload.object().key();
    }
  }

  private final Map<String, File> byEtag = new HashMap<>();
  private final List<File> loaded = new ArrayList<>();
  private final Map<Integer, Map<String, String>> table = new TreeMap<>();

  @BeforeEach
  void create() {
    fixture.execute(
        "DROP TABLE people",
        "CREATE TABLE people (id integer PRIMARY KEY, a text, b text, c text)");
    fixture.mode(Mode.UPSERT).set("S3_BUCKET_NAME", fixture.bucket);
    fixture.lists.pageSize(1);
    // Nothing older is caught up on.
    load(List.of(upload("first.csv")));
  }

  @Tag("thorough")
  @Test
  void endAsIfTheyHadComeInOrder() {
    Deque<File> events = events();
    while (!events.isEmpty()) {
      load(next(events));
    }
    catchUp();

    List<File> inOrder = loaded.stream().sorted(Comparator.comparing(File::time)).toList();
    assertThat(inOrder).as(story()).hasSize(UPLOADS + 1);
    table.clear();
    inOrder.forEach(file -> apply(file, List.of()));
    assertTable();
  }

  @Test
  void leaveWhatTheApplicationChangesAndPassOverWhatIsLoadedAgain() {
    Deque<File> events = events();
    while (!events.isEmpty()) {
      load(next(events));
      changeRows();
      if (random.nextInt(4) == 0) {
        load(List.of(upload(loaded.get(random.nextInt(loaded.size())).key())));
      }
    }
    catchUp();
  }

  /** Events in any order, some of them twice; a few are lost. */
  private Deque<File> events() {
    List<File> events = new ArrayList<>();
    for (int i = 0; i < UPLOADS; i++) {
      File file = upload("file-%d.csv".formatted(i));
      Collections.nCopies(random.nextInt(8) == 0 ? 0 : 1 + random.nextInt(2), file)
          .forEach(events::add);
    }
    Collections.shuffle(events, random);
    return new ArrayDeque<>(events);
  }

  /** One upload, or two at once. */
  private List<File> next(Deque<File> events) {
    List<File> next = new ArrayList<>(List.of(events.poll()));
    if (random.nextBoolean() && !events.isEmpty()) {
      next.add(events.poll());
    }
    return next;
  }

  private File upload(String key) {
    int number = made++;
    Set<Integer> ids = new TreeSet<>();
    Set<String> columns = new TreeSet<>();
    random.ints(1 + random.nextInt(6), 0, 12).forEach(ids::add);
    random.ints(1 + random.nextInt(3), 0, 3).mapToObj(COLUMNS::get).forEach(columns::add);
    List<String> fields = new ArrayList<>(columns);
    fields.add("id");
    Collections.shuffle(fields, random);
    String content =
        Stream.concat(Stream.of(-1), ids.stream())
            .map(
                id ->
                    fields.stream()
                        .map(field -> id < 0 ? field : value(field, id, number))
                        .collect(joining(",", "", "\r\n")))
            .collect(joining());
    Upload upload = fixture.upload(key, content, beginning.plusSeconds(number));
    File file = new File(number, upload, ids, columns);
    byEtag.put(upload.etag().orElseThrow(), file);
    return file;
  }

  private String value(String field, int id, int number) {
    String value = field.equals("id") ? "" + id : text(number);
    return random.nextBoolean() || value.contains("\"")
        ? '"' + value.replace("\"", "\"\"") + '"'
        : value;
  }

  private static String text(int number) {
    return number % 3 == 0 ? "a, \"b\"\r\n" + number : "v" + number;
  }

  /** Loads uploads at once, whose connection may break, and compares the table with the model. */
  private void load(List<File> files) {
    int before = historyRows();
    if (random.nextInt(6) == 0) {
      String words = random.nextBoolean() ? "s3_load_late" : "INSERT INTO history";
      fixture.networkToDatabase().before(words, fixture.networkToDatabase()::cut);
    }
    List<RunningLoad> loads =
        files.stream().map(file -> RunningLoad.start(fixture, file.upload)).toList();
    boolean broken = false;
    for (RunningLoad load : loads) {
      broken |= isBroken(load);
    }
    apply(before);
    if (broken) {
      load(files);
    }
  }

  private static boolean isBroken(RunningLoad load) {
    try {
      load.result();
      return false;
    } catch (CompletionException e) {
      assertThat(e).cause().isInstanceOf(LoadException.class);
      assertThat(((LoadException) e.getCause()).code()).isEqualTo(ErrorCode.DATABASE_UNAVAILABLE);
      return true;
    }
  }

  private void catchUp() {
    fixture.networkToDatabase().before("nothing any more", () -> {});
    int before = historyRows();
    fixture.catchUp();
    apply(before);
    assertThat(fixture.catchUp()).as(story()).isEmpty();
  }

  private int historyRows() {
    return fixture.rows("SELECT to_regclass('history.loads')").get(0).equals("null")
        ? 0
        : Integer.parseInt(fixture.rows("SELECT coalesce(max(id), 0) FROM history.loads").get(0));
  }

  /** Applies what was loaded since, in its order. */
  private void apply(int before) {
    fixture
        .rows(
            """
            SELECT etag, way FROM history.loads
            WHERE status = 'LOADED' AND mode = 'upsert' AND id > %d ORDER BY id"""
                .formatted(before))
        .forEach(
            row -> {
              String[] values = row.split("\\|");
              File file = byEtag.get(values[0]);
              assertThat(loaded).as("loaded twice; %s", story()).doesNotContain(file);
              List<File> newer = newer(file);
              assertThat(values[1].equals("under-newer"))
                  .as("%s; %s", file, story())
                  .isEqualTo(!newer.isEmpty());
              apply(file, newer);
              loaded.add(file);
            });
    assertTable();
  }

  /** Those that were uploaded later, of each object key the last. */
  private List<File> newer(File late) {
    Map<String, File> last = new HashMap<>();
    loaded.stream()
        .filter(file -> file.time().isAfter(late.time()) && !file.key().equals(late.key()))
        .forEach(
            file ->
                last.merge(
                    file.key(), file, (one, other) -> one.number > other.number ? one : other));
    return List.copyOf(last.values());
  }

  private void apply(File file, List<File> newer) {
    for (int id : file.ids) {
      List<File> having = newer.stream().filter(other -> other.ids.contains(id)).toList();
      if (having.isEmpty() || table.containsKey(id)) {
        Map<String, String> row = table.computeIfAbsent(id, key -> new HashMap<>());
        file.columns.stream()
            .filter(column -> having.stream().noneMatch(other -> other.columns.contains(column)))
            .forEach(column -> row.put(column, text(file.number)));
      }
    }
  }

  /** What an application does to the table meanwhile. */
  private void changeRows() {
    int id = random.nextInt(12);
    String column = COLUMNS.get(random.nextInt(3));
    switch (random.nextInt(3)) {
      case 0 -> {
        fixture.execute("DELETE FROM people WHERE id = " + id);
        table.remove(id);
      }
      case 1 -> {
        fixture.execute("UPDATE people SET %s = 'changed' WHERE id = %d".formatted(column, id));
        table.computeIfPresent(
            id,
            (key, row) -> {
              row.put(column, "changed");
              return row;
            });
      }
      default -> {
        fixture.execute(
            "INSERT INTO people (id, %s) VALUES (%d, 'made') ON CONFLICT DO NOTHING"
                .formatted(column, id));
        table.computeIfAbsent(id, key -> new HashMap<>(Map.of(column, "made")));
      }
    }
  }

  private void assertTable() {
    assertThat(fixture.rows("SELECT id, a, b, c FROM people ORDER BY id"))
        .as(story())
        .containsExactlyElementsOf(
            table.entrySet().stream()
                .map(
                    row ->
                        row.getKey()
                            + COLUMNS.stream()
                                .map(column -> "|" + row.getValue().get(column))
                                .collect(joining()))
                .toList());
  }

  private String story() {
    return "seed " + seed;
  }
}
