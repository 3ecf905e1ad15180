package s3topostgres.scan;

import static java.util.stream.Collectors.joining;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;
import s3topostgres.config.CsvFormat;
import s3topostgres.config.CsvFormat.Header;
import s3topostgres.sandbox.PostgresServer;

/** What the real {@code COPY} makes of a file, in tables of texts. */
final class PlainCopy implements AutoCloseable {
  /** How many columns the widest table has. */
  static final int MOST_COLUMNS = 4;

  private static final Pattern LINE = Pattern.compile("^COPY t\\d, line (\\d+)");

  private final PostgresServer server;
  private final Connection connection;

  PlainCopy() throws IOException, SQLException {
    server = PostgresServer.launch();
    connection =
        DriverManager.getConnection(
            "jdbc:postgresql://%s:%d/postgres".formatted(server.host(), server.port()),
            "postgres",
            "");
    for (int columns = 1; columns <= MOST_COLUMNS; columns++) {
      execute("CREATE TEMP TABLE t%d (%s)".formatted(columns, columns(columns, " text")));
    }
  }

  /**
   * How a file ended.
   *
   * @param rows as texts, with {@code null} for NULL; none if it was refused
   * @param sqlState of the refusal
   * @param line that COPY named
   */
  record Outcome(List<List<String>> rows, Optional<String> sqlState, Optional<Long> line) {}

  int version() throws SQLException {
    return connection.getMetaData().getDatabaseMajorVersion();
  }

  Outcome load(byte[] file, CsvFormat format, int columns) throws SQLException {
    execute("TRUNCATE t" + columns);
    String copy =
        "COPY t%d FROM STDIN (FORMAT csv, HEADER %s, DELIMITER %s, QUOTE %s, ESCAPE %s, NULL %s, ENCODING %s)"
            .formatted(
                columns,
                format.header() != Header.NONE,
                literal("" + format.delimiter()),
                literal("" + format.quote()),
                literal("" + format.escape()),
                literal(format.nullText()),
                literal(format.encoding()));
    try {
      connection
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyIn(copy, new ByteArrayInputStream(file));
    } catch (PSQLException e) {
      Matcher line = LINE.matcher(String.valueOf(e.getServerErrorMessage().getWhere()));
      return new Outcome(
          List.of(),
          Optional.of(e.getSQLState()),
          line.find() ? Optional.of(Long.valueOf(line.group(1))) : Optional.empty());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Outcome(rows(columns), Optional.empty(), Optional.empty());
  }

  private List<List<String>> rows(int columns) throws SQLException {
    List<List<String>> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery("SELECT * FROM t%d ORDER BY ctid".formatted(columns))) {
      while (result.next()) {
        List<String> row = new ArrayList<>();
        for (int column = 1; column <= columns; column++) {
          row.add(result.getString(column));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  private static String columns(int number, String type) {
    return IntStream.rangeClosed(1, number).mapToObj(i -> "c" + i + type).collect(joining(", "));
  }

  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
    server.close();
  }
}
