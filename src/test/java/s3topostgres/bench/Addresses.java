package s3topostgres.bench;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A file of made-up addresses, the same each time: ten columns, about 110 bytes a row, in no order.
 */
final class Addresses {
  static final String COLUMNS =
      """
      id bigint NOT NULL, first_name text NOT NULL, last_name text NOT NULL, street text, number int,
      postal_code text, city text, country text, born date, balance numeric(12, 2)""";

  private static final String[] FIRST = {"Ana", "Bo", "Chloé", "Dmitri", "Elif", "Femi", "Grace"};
  private static final String[] LAST = {"Almeida", "Brandt", "Castellanos", "Dubois", "Eriksson"};
  private static final String[] STREET = {
    "Rua do Século", "Lange Straße", "\"Corner House, Mill Lane\"", "Avenue de la République"
  };
  private static final String[] CITY = {"Lisboa", "Göttingen", "Newcastle upon Tyne", "Montréal"};

  private Addresses() {}

  /** Writes a header and so many rows. */
  static void write(Path file, int rows) throws IOException {
    Random random = new Random(4711);
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      out.write("id,first_name,last_name,street,number,postal_code,city,country,born,balance\n");
      List<Integer> ids = new ArrayList<>(IntStream.rangeClosed(1, rows).boxed().toList());
      Collections.shuffle(ids, random);
      for (int id : ids) {
        String[] row = {
          Integer.toString(id),
          one(FIRST, random),
          one(LAST, random),
          one(STREET, random),
          Integer.toString(1 + random.nextInt(300)),
          Integer.toString(10_000 + random.nextInt(90_000)),
          one(CITY, random),
          "Country of Made-up Addresses",
          LocalDate.ofEpochDay(random.nextInt(20_000)).toString(),
          random.nextInt(1_000_000) + "." + (10 + random.nextInt(90))
        };
        out.write(String.join(",", row) + "\n");
      }
    }
  }

  private static String one(String[] values, Random random) {
    return values[random.nextInt(values.length)];
  }
}
