package s3topostgres.simulation;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.config.Mode.CHANGES;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Tag;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.Sandbox;

/**
 * A source that changes at random, written out as AWS DMS does in every combination of its
 * settings, and delivered repeatedly, late, out of order, several at once, and with cuts in
 * between. Whenever all is delivered or caught up on, the target equals the source.
 */
@Tag("slow")
class SimulatedMigrationTest {
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmssSSS").withZone(ZoneOffset.UTC);

  /** DMS's formats, of which the last two do not sort by time. */
  private static final List<String> FOLDERS =
      List.of("yyyy/MM/dd", "yyyy-MM-dd-HH", "yyyyMM", "MM/yyyy/dd", "ddMMyyyy/HH");

  private static final List<String> STATEMENTS =
      List.of(
          "CREATE TEMPORARY TABLE s3_load_stage",
          LoadFixture.importStatement(),
          "s3_load_last",
          "LOCK TABLE",
          "s3_load_differences",
          "DELETE FROM hr.people",
          "UPDATE hr.people",
          "INSERT INTO hr.people",
          "INSERT INTO history.loads",
          "COMMIT");

  /** The columns of the table; the first two are its key. */
  private static final List<String> COLUMNS = List.of("id", "part", "name", "code", "n", "born");

  private static final List<String> NAMES =
      List.of("Ana", "O'Hara", "\"q\", r", "a\nb", "ü€", "NULL?", " x ", "\\.");

  @AutoClose private final LoadFixture fixture = new LoadFixture();
  private final List<Upload> announced = new ArrayList<>();
  private final List<List<String>> lines = new ArrayList<>();

  /** The rows of the source by their keys. */
  private final TreeMap<List<String>, List<String>> source =
      new TreeMap<>((one, other) -> one.toString().compareTo(other.toString()));

  private final StringBuilder written = new StringBuilder();
  private Random random;
  private LocalDateTime time = LocalDateTime.of(2024, 6, 12, 10, 31, 27, 367_000_000);
  private String story;

  /** The end of the upload before the next one, which may be in parts and have that time. */
  private Instant lastUpload = Instant.now();

  // DMS's settings.
  private boolean header;
  private boolean opInFullLoad;
  private boolean timestamp;
  private boolean sequence;
  private boolean before;
  private Optional<DateTimeFormatter> datePartition;
  private boolean gzip;
  private boolean wholeDeletes;
  private boolean copy;
  private boolean columnsNamed;
  private String nullText;
  private char delimiter;
  private String layout;

  /** Whether the target has a unique constraint besides its key. */
  private boolean unique;

  private boolean begun;

  @RepeatedTest(4)
  void endsEqualToTheSource(RepetitionInfo repetition) throws IOException {
    run(Long.getLong("seed", System.nanoTime() + repetition.getCurrentRepetition()));
  }

  @Tag("thorough")
  @RepeatedTest(40)
  void endsEqualToTheSourceManyTimes(RepetitionInfo repetition) throws IOException {
    run(System.nanoTime() + repetition.getCurrentRepetition());
  }

  private void run(long seed) throws IOException {
    random = new Random(seed);
    choose();
    unique = random.nextBoolean();
    story =
        "-Dseed=%d unique=%s header=%s op=%s timestamp=%s sequence=%s before=%s datePartition=%s gzip=%s copy=%s columns=%s null=%s layout=%s"
            .formatted(
                seed,
                unique,
                header,
                opInFullLoad,
                timestamp,
                sequence,
                before,
                datePartition,
                gzip,
                copy,
                columnsNamed,
                nullText,
                layout);
    System.err.println(story);
    prepare();
    fullLoad();
    for (int round = 0; round < 4; round++) {
      for (int file = random.nextInt(4); file >= 0; file--) {
        change(random.nextInt(12) + 1);
        writeChanges();
        if (random.nextInt(3) == 0) {
          deliver();
        }
        if (random.nextInt(7) == 0) {
          fullLoad();
        }
      }
      if (round == 3) {
        leaveABacklog();
      }
      deliverTheRest();
      assertThat(target())
          .as(
              story
                  + "\n"
                  + String.join(
                      "\n",
                      fixture.rows(
                          """
                          SELECT id, mode, substring(object_key FROM 15) AS key, status, event_time,
                            rows_loaded, rows_inserted, rows_updated, rows_deleted
                          FROM history.loads ORDER BY id"""))
                  + "\n"
                  + written)
          .isEqualTo(expected());
    }
    assertThat(fixture.log()).as(story).contains(" batch=");
  }

  /** Files of changes of which the last one's event comes first. */
  private void leaveABacklog() {
    for (int file = random.nextInt(12) + 3; file >= 0; file--) {
      change(random.nextInt(12) + 1);
      writeChanges();
    }
    await(List.of(RunningLoad.start(fixture, announced.get(announced.size() - 1))));
  }

  private void choose() {
    header = random.nextBoolean();
    opInFullLoad = random.nextBoolean();
    timestamp = random.nextBoolean();
    before = random.nextInt(3) > 0;
    sequence = random.nextBoolean();
    columnsNamed = !header && (before || sequence || random.nextBoolean());
    int format = random.nextInt(FOLDERS.size() * 2);
    datePartition =
        FOLDERS.stream()
            .skip(format)
            .findFirst()
            .map(folder -> DateTimeFormatter.ofPattern(folder).withZone(ZoneOffset.UTC));
    fixture.lists.pageSize(random.nextInt(4) + 1);
    copy = random.nextBoolean();
    gzip = copy && random.nextBoolean();
    wholeDeletes = random.nextBoolean();
    nullText = random.nextBoolean() ? "" : "NULL";
    delimiter = random.nextBoolean() ? ',' : '|';
    layout =
        List.of("LOAD%08X", "SEGMENT%d_LOAD00000001", "p%d/LOAD00000001").get(random.nextInt(3));
  }

  private void prepare() {
    fixture.execute(
        "CREATE SCHEMA hr",
        """
        CREATE TABLE hr.people (id integer, part text COLLATE "C", name text NOT NULL,
          code integer NOT NULL%s, n numeric, born date, %s
          PRIMARY KEY (part, id))"""
            .formatted(
                unique ? " UNIQUE" : "",
                // Without names the file's fields are all of the table's columns.
                header || columnsNamed ? "local text DEFAULT 'kept'," : ""),
        "GRANT USAGE ON SCHEMA hr TO \"%s\"".formatted(fixture.role()));
    fixture.mode(CHANGES, "hr.people");
    fixture
        .set("S3_BUCKET_NAME", fixture.bucket)
        .set("S3_KEY_PREFIX", "dms/")
        .set("S3_KEY_PATTERN", "{schema}/{table}/**")
        .set("DB_TABLE_NAME", "{schema}.{table}")
        .set("IMPORT_WITH", copy ? "copy" : "aws_s3")
        .set("CSV_HEADER", header ? "match" : "none")
        .set("CSV_NULL", nullText)
        .set("CSV_DELIMITER", String.valueOf(delimiter));
    if (columnsNamed) {
      fixture.set(
          "CSV_COLUMNS", names(true).stream().map(n -> '"' + n + '"').collect(joining(",")));
    }
    if (random.nextBoolean()) {
      // Somebody's rows from before.
      fixture.execute(
          "INSERT INTO hr.people (id, part, name, code) VALUES (-1, 'x', 'old', -1), (0, 'x', 'old', -2)");
    }
  }

  private List<String> names(boolean withOp) {
    List<String> names = new ArrayList<>();
    if (withOp) {
      names.add("Op");
    }
    if (timestamp) {
      names.add("commit_time");
    }
    names.addAll(COLUMNS);
    if (sequence) {
      names.add("$AR_H_CHANGE_SEQ");
    }
    if (before) {
      names.addAll(List.of("BI_id", "BI_part"));
    }
    return names;
  }

  /** Changes the source, and keeps the lines that DMS writes of it. */
  private void change(int count) {
    for (int i = 0; i < count; i++) {
      List<List<String>> keys = List.copyOf(source.keySet());
      int kind = random.nextInt(10);
      if (keys.isEmpty() || kind < 4) {
        List<String> row = row(freeKey(), freeCode());
        source.put(row.subList(0, 2), row);
        lines.add(line("I", row, null));
        continue;
      }
      List<String> key = keys.get(random.nextInt(keys.size()));
      List<String> old = source.remove(key);
      if (kind < 6) {
        lines.add(line("D", wholeDeletes ? old : bare(key), null));
        continue;
      }
      boolean moves = before && kind < 8;
      List<String> row =
          row(moves ? freeKey() : key, random.nextInt(4) == 0 ? freeCode() : old.get(3));
      source.put(row.subList(0, 2), row);
      lines.add(line("U", row, moves || random.nextBoolean() ? key : null));
    }
  }

  /** Few keys, so that they come back. */
  private List<String> freeKey() {
    while (true) {
      List<String> key =
          List.of(
              String.valueOf(random.nextInt(source.size() + 12)), random.nextBoolean() ? "a" : "B");
      if (!source.containsKey(key)) {
        return key;
      }
    }
  }

  private String freeCode() {
    while (true) {
      String code = String.valueOf(random.nextInt(source.size() * 2 + 10));
      if (source.values().stream().noneMatch(row -> row.get(3).equals(code))) {
        return code;
      }
    }
  }

  private List<String> row(List<String> key, String code) {
    return Arrays.asList(
        key.get(0),
        key.get(1),
        NAMES.get(random.nextInt(NAMES.size())),
        code,
        random.nextBoolean() ? null : "+1.50000000e+01",
        random.nextBoolean() ? null : "2001-02-03");
  }

  private static List<String> bare(List<String> key) {
    return Arrays.asList(key.get(0), key.get(1), null, null, null, null);
  }

  private List<String> line(String op, List<String> row, List<String> formerKey) {
    List<String> line = new ArrayList<>();
    line.add(op);
    if (timestamp) {
      line.add("2024-06-12 10:31:27.367000");
    }
    line.addAll(row);
    if (sequence) {
      line.add(op.isEmpty() ? null : "2024061210312700000000000000000001");
    }
    if (before) {
      line.addAll(formerKey == null ? Arrays.asList(null, null) : formerKey);
    }
    return line;
  }

  private void writeChanges() {
    if (!lines.isEmpty()) {
      time = random.nextInt(4) == 0 ? time.plusDays(random.nextInt(40)) : time.plusSeconds(60);
      time = time.plusSeconds(1);
      String folder = datePartition.map(format -> format.format(time) + "/").orElse("");
      upload(folder + NAME.format(time), csv(lines, true));
      lines.clear();
    }
  }

  /**
   * Files of parts of the table, each as it is when it is read; what changes meanwhile is written
   * after the last one. That does not go together with a unique constraint, so there nothing
   * changes meanwhile; but something has changed that DMS has not seen.
   *
   * <p>It takes DMS more than a second to begin one, and the bucket's list has no fractions.
   */
  private void fullLoad() {
    if (unique) {
      deliverTheRest();
      change(random.nextInt(12));
      lines.clear();
    } else {
      writeChanges();
    }
    fixture.nextSecond();
    lastUpload = Instant.now();
    int files = random.nextInt(3) + 1;
    for (int file = 1; file <= files; file++) {
      int part = file;
      List<List<String>> rows = new ArrayList<>();
      source.forEach(
          (key, row) -> {
            if (Integer.parseInt(key.get(0)) % files == part - 1) {
              rows.add(line("I", row, null));
            }
          });
      if (!rows.isEmpty() || file == 1) {
        if (rows.isEmpty()) {
          rows.add(line("I", row(List.of("-5", "a"), "-5"), null));
          lines.add(line("D", bare(List.of("-5", "a")), null));
        }
        upload(layout.formatted(file), csv(rows, opInFullLoad));
      }
      change(unique ? 0 : random.nextInt(3));
      if (random.nextInt(4) == 0) {
        deliver();
      }
    }
    change(1);
    writeChanges();
  }

  private String csv(List<List<String>> rows, boolean withOp) {
    StringBuilder csv = new StringBuilder();
    if (header) {
      csv.append(String.join(String.valueOf(delimiter), names(withOp))).append('\n');
    }
    for (List<String> row : rows) {
      csv.append(
              row.subList(withOp ? 0 : 1, row.size()).stream()
                  .map(this::field)
                  .collect(joining(String.valueOf(delimiter))))
          .append('\n');
    }
    return csv.toString();
  }

  private String field(String value) {
    if (value == null) {
      return nullText;
    }
    return value.matches("[\\w+ :.-]*") && !value.contains("NULL")
        ? value
        : '"' + value.replace("\"", "\"\"") + '"';
  }

  private void upload(String name, String content) {
    written.append(name).append('\n').append(content);
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    String key = "dms/hr/people/" + name + (gzip ? ".csv.gz" : ".csv");
    fixture.begun(key, random.nextBoolean() ? lastUpload : Instant.now());
    announced.add(fixture.upload(key, gzip ? gzip(bytes) : bytes));
    lastUpload = Instant.now();
  }

  private static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

  /** Any events, at times several at once, at times with a cut. */
  private void deliver() {
    if (random.nextInt(3) > 0) {
      await(List.of(RunningLoad.start(fixture, any())));
      return;
    }
    if (random.nextBoolean()) {
      List<RunningLoad> loads = new ArrayList<>();
      for (int i = random.nextInt(3) + 1; i >= 0; i--) {
        loads.add(RunningLoad.start(fixture, any()));
      }
      await(loads);
      return;
    }
    try (Network network = Network.to("localhost", Sandbox.shared().postgres().port())) {
      fixture.set("DB_PORT", Integer.toString(network.port()));
      network.before(STATEMENTS.get(random.nextInt(STATEMENTS.size())), network::cut);
      await(List.of(RunningLoad.start(fixture, any())));
      fixture.set("DB_PORT", Integer.toString(Sandbox.shared().postgres().port()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Upload any() {
    return announced.get(random.nextInt(announced.size()));
  }

  private void await(List<RunningLoad> loads) {
    for (RunningLoad load : loads) {
      RunningLoad.await(() -> !load.running());
      try {
        load.result();
      } catch (CompletionException e) {
        LoadException failure = (LoadException) e.getCause();
        assertThat(failure.code().retryHelps() || failure.getMessage().contains("has overwritten"))
            .as(story + " " + failure.getMessage())
            .isTrue();
      }
    }
  }

  /**
   * Most events come, some of them again; what is lost is caught up on. One comes at least: a table
   * that the history does not know is not looked for.
   */
  private void deliverTheRest() {
    List<Upload> rest = new ArrayList<>(announced);
    Collections.shuffle(rest, random);
    boolean some = random.nextBoolean();
    for (Upload upload : rest) {
      if (some || random.nextInt(3) == 0 || !begun) {
        await(List.of(RunningLoad.start(fixture, upload)));
        begun = true;
      }
    }
    fixture.catchUp();
    assertThat(fixture.catchUp()).as(story).isEmpty();
  }

  private List<String> target() {
    return fixture.rows(
        "SELECT id, part, name, code, n::integer * 10, born FROM hr.people ORDER BY id, part COLLATE \"C\" DESC");
  }

  private List<String> expected() {
    fixture.execute("DROP TABLE IF EXISTS source");
    fixture.execute(
        "CREATE TABLE source (id integer, part text, name text, code integer, n numeric, born date)");
    for (List<String> row : source.values()) {
      fixture.execute(
          row.stream()
              .map(value -> value == null ? "NULL" : "'" + value.replace("'", "''") + "'")
              .collect(joining(",", "INSERT INTO source VALUES (", ")")));
    }
    return fixture.rows(
        "SELECT id, part, name, code, n::integer * 10, born FROM source ORDER BY id, part COLLATE \"C\" DESC");
  }
}
