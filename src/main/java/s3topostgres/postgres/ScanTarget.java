package s3topostgres.postgres;

import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Where a file's fields go: what a scan has to know of the table and of the session.
 *
 * @param serverVersion the major version of Postgres that is to read the file
 * @param fields the columns in the order of the file's fields
 * @param monthFirst whether {@code 03/02} is 2 March ({@code DateStyle})
 * @param isOrderSet whether anybody has said so, and it is not just the server's default
 */
public record ScanTarget(
    int serverVersion, List<Field> fields, boolean monthFirst, boolean isOrderSet) {

  /**
   * A column.
   *
   * @param name as it is in the catalogue
   * @param type as SQL writes it, of a domain the type beneath; empty where the field is left out
   */
  public record Field(String name, String type) {}

  /** Asks the database, after everything that may set how it reads values. */
  public static ScanTarget of(Session session, TargetTable table, List<Column> columns)
      throws SQLException {
    Map<String, String> types = new HashMap<>();
    session.query(
        """
        WITH RECURSIVE beneath (name, oid, modifier) AS (
          SELECT attname::text, atttypid, atttypmod FROM pg_attribute
          WHERE attrelid = ?::oid AND attnum > 0 AND NOT attisdropped
          UNION ALL
          SELECT name, typbasetype, typtypmod FROM beneath JOIN pg_type t ON t.oid = beneath.oid
          WHERE typtype = 'd')
        SELECT name, format_type(beneath.oid, modifier) AS type
        FROM beneath JOIN pg_type t ON t.oid = beneath.oid
        WHERE typtype <> 'd'""",
        row -> types.put(row.getString("name"), row.getString("type")),
        table.oid());
    List<Field> fields =
        IntStream.range(0, columns.size())
            .mapToObj(
                i ->
                    new Field(
                        columns.get(i).name(),
                        columns.get(i).equals(table.unusedField(i))
                            ? ""
                            : types.getOrDefault(columns.get(i).name(), "text")))
            .toList();
    return session.one(
        // The driver sets it when it connects, and the function where anybody has.
        "SELECT setting LIKE '%MDY%' AS month_first, source = 'session' AS is_set FROM pg_settings WHERE name = 'DateStyle'",
        row ->
            new ScanTarget(
                session.serverVersion(),
                fields,
                row.getBoolean("month_first"),
                row.getBoolean("is_set")));
  }
}
