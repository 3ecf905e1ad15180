package s3topostgres.faults;

import static java.util.stream.Collectors.joining;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import s3topostgres.Fault;
import s3topostgres.FileLine;
import s3topostgres.mode.Stage;
import s3topostgres.mode.VirtualColumns;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * The temporary table of faults: the row and the field, with the SQLSTATE and the message of the
 * database or our reason.
 */
record FaultTable(Session session, TargetTable table, Stage stage) {
  static final String NAME = "pg_temp.s3_load_faults";

  /**
   * Reads the faults, in our words.
   *
   * @param all whether all faults were found
   * @param nullText the word of {@code CSV_NULL}; may be empty
   */
  FaultList read(boolean all, String nullText) throws SQLException {
    Map<String, Long> counts = new LinkedHashMap<>();
    session.query(
        "SELECT field, count(*) FROM %s GROUP BY field ORDER BY count(*) DESC, field"
            .formatted(NAME),
        row ->
            counts.put(
                column(row).map(Column::name).orElse(FaultList.OF_ROWS), row.getLong("count")));
    List<Found> first =
        session.query(
            "SELECT * FROM %s ORDER BY place, field, reason LIMIT %d"
                .formatted(NAME, FaultList.KEPT),
            row ->
                new Found(row.getLong("place"), column(row), row.getLong("earlier"), reason(row)));
    Set<Long> rows = new HashSet<>();
    first.forEach(fault -> rows.addAll(List.of(fault.row, fault.earlier)));
    Map<Long, FileLine> lines = stage.lines(rows);
    return new FaultList(
        first.stream().map(fault -> fault.at(lines)).toList(),
        counts,
        all,
        List.of(),
        hints(nullText));
  }

  /** What the refused values look like, and what to do about it. */
  private List<String> hints(String nullText) throws SQLException {
    Map<String, Map<String, Long>> found = new HashMap<>();
    session.query(
        "SELECT shape, field, count(*) FROM %s WHERE shape IS NOT NULL GROUP BY shape, field ORDER BY field"
            .formatted(NAME),
        row ->
            found
                .computeIfAbsent(row.getString("shape"), shape -> new LinkedHashMap<>())
                .put(column(row).orElseThrow().name(), row.getLong("count")));
    return ValueShape.sentences(found, nullText.isEmpty() && !found.isEmpty() && !hasMissing());
  }

  /** Whether a value is missing where an empty text would be refused. */
  private boolean hasMissing() throws SQLException {
    String missing =
        stage.columns().stream()
            .filter(Column::emptyIsNull)
            .map(column -> column.quoted() + " IS NULL")
            .collect(joining(" OR "));
    return !missing.isEmpty()
        && session.exists("SELECT FROM %s WHERE %s LIMIT 1".formatted(Stage.TABLE, missing));
  }

  /**
   * @param earlier the first row with the same key; 0 if it is not about that
   */
  private record Found(long row, Optional<Column> column, long earlier, String reason) {
    Fault at(Map<Long, FileLine> lines) {
      FileLine line = lines.get(row);
      return new Fault(
          line.part(),
          OptionalLong.of(line.number()),
          column.map(Column::name),
          earlier == 0 ? reason : "%s %s".formatted(reason, lines.get(earlier)));
    }
  }

  private Optional<Column> column(ResultSet row) throws SQLException {
    int field = row.getInt("field");
    return field == 0 ? Optional.empty() : Optional.of(stage.columns().get(field - 1));
  }

  private String reason(ResultSet row) throws SQLException {
    String known = row.getString("reason");
    if (known != null) {
      return known;
    }
    Optional<Column> column = column(row);
    return column.isEmpty()
        ? VirtualColumns.reason(row.getString("broken"), row.getString("state"))
        : ImportErrors.reason(
            row.getString("state"),
            row.getString("message"),
            row.getString("context"),
            row.getString("broken"),
            table,
            column.get());
  }
}
