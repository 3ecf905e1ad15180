package s3topostgres.simulation;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import de.siegmar.fastcsv.writer.QuoteStrategy;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.Charset;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.load.LoadFixture;

/**
 * Random tables, rows and dialects: what a CSV library wrote is loaded and read back. A failure
 * names the seed; {@code -Dcsv.seed=...} begins with it.
 */
@Tag("slow")
public class GeneratedFilesTest {
  private static final int FILES = 30;
  private static final List<String> TYPES =
      List.of("text", "text", "integer", "numeric", "date", "boolean", "bytea");
  private static final List<String> NAMES =
      List.of(
          "id", "First Name", "größe", "a,b", "it's", "5\" pipe", "x;y|z\t", "two\nlines", "ИМЯ");

  /** As Postgres and as Java name them, and letters that they have. */
  private enum Encoding {
    UTF8("UTF-8", "äß€日🚀\u00a0\u2028"),
    LATIN1("ISO-8859-1", "äßñ\u00a0\u0085"),
    WIN1252("windows-1252", "äß€–“"),
    EUC_JP("EUC-JP", "日本語ソ");

    private final Charset charset;
    private final String letters;

    Encoding(String charset, String letters) {
      this.charset = Charset.forName(charset);
      this.letters = letters;
    }
  }

  /** How a file is written; {@code nullText} is one object, to be told from equal texts. */
  private record Dialect(
      char delimiter,
      char quote,
      char escape,
      String nullText,
      String lineBreak,
      Encoding encoding,
      String header,
      boolean mark) {}

  private record Column(String name, String type) {}

  @Test
  void areReadBackAsTheyWereWritten() throws Exception {
    long first = Long.getLong("csv.seed", System.nanoTime());
    LoadFixture fixture = new LoadFixture();
    try (Connection connection = fixture.connect()) {
      for (long seed = first; seed < first + FILES; seed++) {
        try {
          check(new Random(seed), fixture, connection);
        } catch (RuntimeException | AssertionError e) {
          throw new AssertionError("-Dcsv.seed=" + seed, e);
        }
      }
    } finally {
      fixture.close();
    }
  }

  /** The header is longer than 64 KiB then. */
  @Test
  void mayHaveAsManyColumnsAsPostgresHas() throws Exception {
    List<Column> table =
        IntStream.rangeClosed(1, 1600)
            .mapToObj(i -> new Column("x".repeat(50) + " " + i, "integer"))
            .toList();
    LoadFixture fixture = new LoadFixture();
    try (Connection connection = fixture.connect()) {
      create(table, fixture);
      List<Column> order = new ArrayList<>(table);
      Collections.shuffle(order, new Random(1));
      String row = IntStream.rangeClosed(1, 1600).mapToObj(Integer::toString).collect(joining(","));

      fixture
          .set("DB_TABLE_NAME", "generated")
          .load(
              "wide.csv",
              order.stream().map(Column::name).collect(joining(",", "", "\n")) + row + "\n");

      assertThat(read(connection, order)).containsExactly(List.of(row.split(",")));
    } finally {
      fixture.close();
    }
  }

  private static void check(Random random, LoadFixture fixture, Connection connection)
      throws SQLException, IOException {
    Dialect dialect = dialect(random);
    List<Column> table = table(random, dialect);
    create(table, fixture);
    set(fixture, dialect);
    List<Column> order = new ArrayList<>(table);
    if (dialect.header.equals("match")) {
      Collections.shuffle(order, random);
    }
    List<List<String>> rows =
        Stream.generate(() -> order.stream().map(one -> value(random, one, dialect)).toList())
            .limit(1 + random.nextInt(20))
            .toList();

    fixture.load(fixture.upload("generated.csv", file(random, dialect, order, rows)));

    assertThat(read(connection, order)).as(dialect.toString()).isEqualTo(rows);
  }

  private static Dialect dialect(Random random) {
    Encoding encoding = one(random, Encoding.values());
    String header = one(random, "match", "match", "skip", "none");
    char quote = one(random, '"', '"', '\'', '~');
    return new Dialect(
        one(random, ',', ';', '\t', '|'),
        quote,
        random.nextInt(3) == 0 ? '\\' : quote,
        new String(one(random, "", "", "NULL", "\\N")),
        one(random, "\n", "\r\n", "\r"),
        encoding,
        header,
        encoding == Encoding.UTF8 && !header.equals("none") && random.nextBoolean());
  }

  private static List<Column> table(Random random, Dialect dialect) {
    return IntStream.rangeClosed(1, 1 + random.nextInt(8))
        .mapToObj(
            i -> {
              String name = NAMES.get(random.nextInt(NAMES.size()));
              boolean written = dialect.encoding.charset.newEncoder().canEncode(name);
              return new Column(
                  (written ? name : "c") + " " + i, TYPES.get(random.nextInt(TYPES.size())));
            })
        .toList();
  }

  private static String value(Random random, Column column, Dialect dialect) {
    if (random.nextInt(6) == 0) {
      return null;
    }
    return switch (column.type) {
      case "integer" -> Integer.toString(random.nextInt());
      case "numeric" ->
          new BigDecimal(new BigInteger(1 + random.nextInt(90), random), random.nextInt(9))
              .toPlainString();
      case "date" -> LocalDate.ofEpochDay(random.nextInt(40_000)).toString();
      case "boolean" -> Boolean.toString(random.nextBoolean());
      case "bytea" -> "\\x" + String.format("%08x", random.nextInt());
      default -> text(random, dialect);
    };
  }

  /** Made of what means something to somebody. */
  private static String text(Random random, Dialect dialect) {
    List<String> pieces =
        Stream.concat(
                Stream.of(
                    "a", "Z", "0", " ", ",", ";", "|", "\t", "\"", "'", "~", "\\", "\n", "\r",
                    "\r\n", "\\.", "\\N", "NULL", "{", "#"),
                dialect.encoding.letters.codePoints().mapToObj(Character::toString))
            .toList();
    return Stream.generate(() -> pieces.get(random.nextInt(pieces.size())))
        .limit(random.nextInt(6))
        .collect(joining());
  }

  private static byte[] file(
      Random random, Dialect dialect, List<Column> order, List<List<String>> rows)
      throws IOException {
    List<List<String>> records = new ArrayList<>(rows);
    if (!dialect.header.equals("none")) {
      records.add(0, order.stream().map(column -> heading(random, column.name)).toList());
    }
    String text =
        dialect.escape == dialect.quote
            ? written(random, dialect, records)
            : escaped(dialect, records);
    // Without its end a last line that is blank would be no line.
    boolean lastIsBlank =
        text.equals(dialect.lineBreak) || text.endsWith(dialect.lineBreak + dialect.lineBreak);
    if (random.nextBoolean() && !lastIsBlank) {
      text = text.substring(0, text.length() - dialect.lineBreak.length());
    }
    return ((dialect.mark ? "\ufeff" : "") + text).getBytes(dialect.encoding.charset);
  }

  /** A name as a sender may write it; our matching does not promise more for all letters. */
  private static String heading(Random random, String name) {
    return switch (random.nextInt(4)) {
      case 0 -> name.replace(' ', '_');
      case 1 -> " " + name + " ";
      case 2 -> name.toLowerCase(Locale.ROOT);
      default -> name;
    };
  }

  private static String written(Random random, Dialect dialect, List<List<String>> records)
      throws IOException {
    QuoteStrategy quotes =
        new QuoteStrategy() {
          @Override
          public boolean quoteEmpty(int line, int field) {
            return dialect.nullText.isEmpty();
          }

          @Override
          @SuppressWarnings("ReferenceEquality")
          public boolean quoteValue(int line, int field, String value) {
            // The very object stands for NULL. A text that looks like one or like the end is
            // quoted.
            return value != dialect.nullText
                && (value.equals(dialect.nullText)
                    || value.equals("\\N")
                    || value.startsWith("\\.")
                    || random.nextInt(4) == 0);
          }
        };
    StringWriter text = new StringWriter();
    try (CsvWriter writer =
        CsvWriter.builder()
            .fieldSeparator(dialect.delimiter)
            .quoteCharacter(dialect.quote)
            .lineDelimiter(LineDelimiter.of(dialect.lineBreak))
            .quoteStrategy(quotes)
            .build(text)) {
      for (List<String> record : records) {
        writer.writeRecord(record.stream().map(value -> orNull(value, dialect)).toList());
      }
    }
    return text.toString();
  }

  private static String orNull(String value, Dialect dialect) {
    return value != null ? value : dialect.nullText.isEmpty() ? null : dialect.nullText;
  }

  /** The library escapes a quote by a quote only. */
  private static String escaped(Dialect dialect, List<List<String>> records) {
    String quote = String.valueOf(dialect.quote);
    String escape = String.valueOf(dialect.escape);
    return records.stream()
        .map(
            record ->
                record.stream()
                    .map(
                        value ->
                            value == null
                                ? dialect.nullText
                                : quote
                                    + value
                                        .replace(escape, escape + escape)
                                        .replace(quote, escape + quote)
                                    + quote)
                    .collect(joining(String.valueOf(dialect.delimiter), "", dialect.lineBreak)))
        .collect(joining());
  }

  private static void create(List<Column> table, LoadFixture fixture) {
    fixture.execute(
        "DROP TABLE IF EXISTS generated",
        table.stream()
            .map(column -> quoted(column.name) + " " + column.type)
            .collect(joining(", ", "CREATE TABLE generated (", ")")),
        "GRANT SELECT, INSERT, TRUNCATE ON generated TO \"%s\"".formatted(fixture.role()));
  }

  private static void set(LoadFixture fixture, Dialect dialect) {
    fixture
        .set("DB_TABLE_NAME", "generated")
        .set("CSV_DELIMITER", dialect.delimiter == '\t' ? "tab" : String.valueOf(dialect.delimiter))
        .set("CSV_QUOTE", String.valueOf(dialect.quote))
        .set("CSV_ESCAPE", String.valueOf(dialect.escape))
        .set("CSV_NULL", dialect.nullText)
        .set("CSV_ENCODING", dialect.encoding.name())
        .set("CSV_HEADER", dialect.header);
  }

  private static List<List<String>> read(Connection connection, List<Column> order)
      throws SQLException {
    String columns =
        order.stream().map(column -> quoted(column.name) + "::text").collect(joining(", "));
    List<List<String>> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery("SELECT " + columns + " FROM generated ORDER BY ctid")) {
      while (result.next()) {
        List<String> row = new ArrayList<>();
        for (int i = 1; i <= order.size(); i++) {
          row.add(result.getString(i));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  @SafeVarargs
  private static <T> T one(Random random, T... choices) {
    return choices[random.nextInt(choices.length)];
  }
}
