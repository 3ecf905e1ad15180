package s3topostgres.bench;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Files of changes of {@link Addresses}, as AWS DMS writes them, the same each time: of ten changes
 * six update, two insert and two delete.
 */
final class ChangeFiles {
  private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmssSSS");

  private final int rows;
  private final int lines;
  private final Random random = new Random(4711);
  private final Set<Integer> deleted = new HashSet<>();
  private int last;
  private LocalDateTime time = LocalDateTime.of(2024, 6, 12, 10, 31, 27);

  /** A file, with the name that DMS gives it. */
  record ChangeFile(String name, String content) {}

  /**
   * @param rows of the table before
   * @param lines of a file
   */
  ChangeFiles(int rows, int lines) {
    this.rows = rows;
    this.lines = lines;
    this.last = rows;
  }

  ChangeFile next() {
    List<String> content = new ArrayList<>();
    content.add("Op,id,first_name,last_name,street,number,postal_code,city,country,born,balance");
    while (content.size() <= lines) {
      int kind = random.nextInt(10);
      int id = kind < 2 ? ++last : 1 + random.nextInt(rows);
      if (kind >= 8 && deleted.add(id)) {
        content.add("D,%d,,,,,,,,,".formatted(id));
      } else if (!deleted.contains(id)) {
        content.add(
            "%s,%d,Ana,Brandt,Lange Straße,%d,%d,Göttingen,Country,2001-02-03,%d.50"
                .formatted(
                    kind < 2 ? "I" : "U",
                    id,
                    random.nextInt(300),
                    random.nextInt(90_000),
                    random.nextInt(1_000_000)));
      }
    }
    time = time.plusMinutes(1);
    return new ChangeFile(NAME.format(time) + ".csv", String.join("\n", content) + "\n");
  }

  /** How many rows the table has after all files so far. */
  int rowsAfter() {
    return last - deleted.size();
  }
}
