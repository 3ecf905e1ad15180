package s3topostgres.simulation;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.Mode;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;

/**
 * Jobs that write sets into two folders again and again, with events of their markers that come
 * late, twice, at once, out of order, or never. {@code -Dseed=} repeats a failure.
 */
@Tag("thorough")
class RandomSetsTest {
  private static final int RUNS = 12;

  @AutoClose private final LoadFixture fixture = new LoadFixture();
  private final long seed = Long.getLong("seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final List<String> story = new ArrayList<>();

  /** What the files of the bucket hold, by their keys. */
  private final Map<String, List<String>> files = new TreeMap<>();

  private final List<Upload> pending = new ArrayList<>();
  private final List<Upload> delivered = new ArrayList<>();
  private Mode mode;

  @ParameterizedTest
  @EnumSource(names = {"REPLACE", "SYNC", "APPEND", "UPSERT"})
  void areInTheTableAsTheLastMarkersSay(Mode of) {
    mode = of;
    fixture.mode(mode).set("S3_BUCKET_NAME", fixture.bucket).set("S3_SET_MARKER", "_SUCCESS");
    fixture.execute("DELETE FROM people");
    write("a/", 0);
    deliver(marker("a/"));
    String last = "";
    for (int run = 1; run <= RUNS; run++) {
      last = random.nextBoolean() ? "a/" : "b/";
      for (int file = random.nextInt(3); file >= 0; file--) {
        change(last, run * 3 + file);
      }
      pending.add(marker(last));
      happen();
    }
    while (!pending.isEmpty()) {
      happen();
    }
    catchUp();
    assertThat(fixture.people()).as(story()).containsExactlyElementsOf(expected(last));
    assertThat(fixture.catchUp()).as(story()).isEmpty();
  }

  /** Writes a file, overwrites one, or deletes one, as far as the mode makes sense of it. */
  private void change(String folder, int number) {
    List<String> there = files.keySet().stream().filter(key -> key.startsWith(folder)).toList();
    int choice = mode == Mode.APPEND || there.isEmpty() ? 0 : random.nextInt(3);
    if (choice == 0) {
      write(folder, number);
    } else if (choice == 1 || !mode.isWholeTable() || there.size() == 1) {
      write(folder, number(there.get(random.nextInt(there.size()))));
    } else {
      String key = there.get(random.nextInt(there.size()));
      story.add("deletes " + key);
      files.remove(key);
      fixture.s3.client().deleteObject(r -> r.bucket(fixture.bucket).key(key));
    }
  }

  private static int number(String key) {
    return Integer.parseInt(key.replaceAll("\\D", ""));
  }

  private void write(String folder, int number) {
    String key = "%spart-%d.csv".formatted(folder, number);
    String name = "v" + random.nextInt(3);
    int base = (folder.equals("a/") ? 0 : 100_000) + 10 * number;
    List<String> rows = IntStream.range(base, base + 2).mapToObj(id -> id + "," + name).toList();
    files.put(key, rows);
    story.add("writes " + key + " " + name);
    fixture.upload(key, Stream.concat(Stream.of("id,name"), rows.stream()).collect(joining("\n")));
  }

  private Upload marker(String folder) {
    fixture.nextSecond();
    story.add("marks " + folder);
    Upload marker = fixture.upload(folder + "_SUCCESS", "");
    fixture.nextSecond();
    return marker;
  }

  private void happen() {
    switch (random.nextInt(5)) {
      case 0 ->
          story.add("loses " + (pending.isEmpty() ? "none" : pending.remove(0).object().key()));
      case 1 -> catchUp();
      case 2 -> atOnce();
      default -> {
        Collections.shuffle(pending, random);
        if (!pending.isEmpty()) {
          deliver(pending.remove(0));
        }
      }
    }
  }

  private void atOnce() {
    List<Upload> events = new ArrayList<>(pending);
    pending.clear();
    if (!delivered.isEmpty()) {
      events.add(delivered.get(random.nextInt(delivered.size())));
    }
    story.add("at once " + events.stream().map(event -> event.object().key()).toList());
    for (RunningLoad load :
        events.stream().map(event -> RunningLoad.start(fixture, event)).toList()) {
      Throwable thrown = catchThrowable(load::result);
      mayFail(thrown == null ? null : (LoadException) thrown.getCause());
    }
    delivered.addAll(events);
  }

  private void deliver(Upload event) {
    story.add(
        "delivers " + event.object().key() + " " + event.sequencer().orElseThrow().substring(14));
    mayFail(
        catchThrowableOfType(LoadException.class, () -> story.add(fixture.load(event).toString())));
    delivered.add(event);
  }

  private void catchUp() {
    story.add("catches up");
    mayFail(
        catchThrowableOfType(LoadException.class, () -> story.add(fixture.catchUp().toString())));
  }

  private void mayFail(LoadException failure) {
    if (failure != null) {
      story.add(failure.getMessage());
      assertThat(failure.code()).as(story()).isEqualTo(ErrorCode.OBJECT_UNREADABLE);
    }
  }

  private List<String> expected(String last) {
    return files.entrySet().stream()
        .filter(file -> !mode.isWholeTable() || file.getKey().startsWith(last))
        .flatMap(file -> file.getValue().stream())
        .map(row -> row.replace(',', '|') + "|null")
        .sorted(java.util.Comparator.comparingInt(row -> Integer.parseInt(row.split("\\|")[0])))
        .toList();
  }

  private String story() {
    return "-Dseed=%d%n%s".formatted(seed, String.join("\n", story));
  }
}
