package s3topostgres.scan;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.Fault;
import s3topostgres.config.CsvFormat;

/**
 * Random files in random dialects and encodings, judged by the real COPY: what the scan passes COPY
 * loads with the same records and fields; what COPY refuses for its form the scan refuses, too, and
 * on the line on which that begins; and without its malformed records COPY loads any file.
 */
class ScanAgainstCopyTest {
  private static final Set<String> MALFORMED = Set.of("22P04", "22021", "22P05");

  /** The scan leaves their bytes to the database. */
  private static final Set<String> NOT_JUDGED =
      Set.of("EUC_JP", "SJIS", "SHIFT_JIS_2004", "BIG5", "GBK", "GB18030", "UHC", "JOHAB");

  /** What COPY refuses, too; the other faults it would not see. */
  private static final Pattern SEEN_BY_COPY =
      Pattern.compile("\\d+ fields? |.* blank|.* never closed|bytes |a NUL |the line ends ");

  private static PlainCopy copy;

  @BeforeAll
  static void open() throws IOException, SQLException {
    copy = new PlainCopy();
  }

  @AfterAll
  static void close() throws SQLException {
    copy.close();
  }

  @Test
  void agreesWithCopy() throws Exception {
    check(1000);
  }

  @Test
  @Tag("thorough")
  void agreesWithCopyOnManyFiles() throws Exception {
    check(50_000);
  }

  /** Fields and records longer than what is kept of them, in pieces of every length. */
  @Test
  void splitsLongFieldsAndRecords() throws Exception {
    Random random = new Random(4711);
    StringBuilder text = new StringBuilder();
    for (int record = 0; record < 30; record++) {
      for (int field = 0; field < 3; field++) {
        String value = "x,\r\n\"\"é".repeat(random.nextInt(random.nextInt(30_000) + 1));
        text.append(field == 0 ? "" : ",").append('"').append(value).append('"');
      }
      text.append('\n');
    }
    byte[] file = text.toString().getBytes(UTF_8);
    CsvFormat format = RandomFile.standard();
    byte[] malformed = text.append("\"").append(text).toString().getBytes(UTF_8);

    ScanResult result = Scans.scan(file, format, copy.version(), 3, random);
    assertThat(result.faults()).isEmpty();
    assertThat(result.records()).isEqualTo(30);
    assertThat(copy.load(file, format, 3).rows()).hasSize(30);
    assertThat(Scans.scan(malformed, format, copy.version(), 3, random).faults()).isNotEmpty();
  }

  private static void check(int files) throws Exception {
    Long only = Long.getLong("seed");
    long first = only == null ? System.nanoTime() : only;
    for (long seed = first; seed < first + (only == null ? files : 1); seed++) {
      new Trial(seed).check();
    }
  }

  /** One file, and what came of it. */
  private static final class Trial {
    private final RandomFile file;
    private final PlainCopy.Outcome copied;
    private final ScanResult result;
    private final Scans.Split split;

    /** Whether the database has judged bytes that the scan leaves to it. */
    private final boolean isLeftToTheDatabase;

    private final String story;

    Trial(long seed) throws SQLException {
      Random random = new Random(seed);
      file = RandomFile.of(random);
      copied = copy.load(file.bytes(), file.format(), file.columns());
      result = Scans.scan(file.bytes(), file.format(), copy.version(), file.columns(), random);
      split = Scans.split(file.bytes(), file.format());
      isLeftToTheDatabase =
          NOT_JUDGED.contains(file.format().encoding())
              && copied.sqlState().filter(state -> !state.equals("22P04")).isPresent();
      story = "-Dseed=%d %s%n%s%n%s".formatted(seed, file, copied, result);
    }

    void check() throws SQLException, IOException {
      boolean passed = result.faults().stream().allMatch(Scans::isNullMark);
      boolean refused = copied.sqlState().filter(MALFORMED::contains).isPresent();
      assertThat(result.malformed()).as(story).matches(malformed -> !passed || malformed == 0);
      if (isLeftToTheDatabase) {
        return;
      }
      if (passed) {
        assertThat(refused).as(story).isFalse();
        assertThat(result.records()).as(story).isEqualTo(copied.rows().size());
      }
      if (refused) {
        checkLine();
      } else if (passed || !mayEndEarly()) {
        assertThat(split.records()).as(story).isEqualTo(copied.rows());
      }
      checkTheOthers();
    }

    /** Whether COPY takes a line for the end, or a control character for a quote. */
    private boolean mayEndEarly() throws SQLException {
      String bytes = file.toString();
      return copy.version() <= 17 && bytes.contains("\\.")
          || !file.format().isQuoted() && bytes.contains("<06>");
    }

    /**
     * COPY names a record's last line, and counts lines right if all breaks are line feeds and the
     * first record has none.
     */
    private void checkLine() {
      Fault first = result.faults().stream().filter(f -> !Scans.isNullMark(f)).findFirst().get();
      long line = first.line().getAsLong();
      boolean countsRight = !file.toString().contains("<0D>") && split.begin(2) == 2;
      if (countsRight && copied.line().isPresent()) {
        long last = copied.line().get();
        boolean seen = SEEN_BY_COPY.matcher(first.reason()).lookingAt();
        assertThat(line).as(story).isBetween(seen ? split.begin(last) : 1, last);
      }
    }

    /** Without the malformed records, all that is left is loaded. */
    private void checkTheOthers() throws SQLException, IOException {
      byte[] good = result.places().without(new ByteArrayInputStream(file.bytes())).readAllBytes();
      PlainCopy.Outcome loaded = copy.load(good, file.format(), file.columns());
      assertThat(loaded.sqlState()).as(story).isEqualTo(Optional.empty());
      assertThat(loaded.rows()).as(story).hasSize((int) (result.records() - result.malformed()));
      assertThat(Scans.split(good, file.format()).records()).as(story).isEqualTo(loaded.rows());
    }
  }
}
