package s3topostgres.postgres;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Spelling;
import s3topostgres.config.TableName;

/** Finds the table that an object key names. Text of the key is bound, never written into SQL. */
final class TableFromObjectKey {
  private static final int LONGEST_SHOWN = 80;

  private TableFromObjectKey() {}

  /**
   * Finds the table.
   *
   * @param values of the placeholders, by name
   * @return the table's name, quoted as SQL needs it
   * @throws LoadException {@code TABLE_UNUSABLE} when there is no such table; the message names the
   *     names that were tried and the nearest one that exists
   */
  static String find(Session session, TableName table, Map<String, String> values)
      throws SQLException {
    Optional<String> found = look(session, table, values);
    if (found.isEmpty()) {
      List<List<String>> candidates = table.candidates(values);
      boolean anySchema = isAnySchema(table);
      throw missing(
          table,
          candidates,
          Spelling.nearest(
              String.join(
                  ".",
                  table
                      .loosest(values)
                      .subList(anySchema ? 0 : candidates.size() - 1, candidates.size())),
              existing(session, anySchema, schemas(candidates)),
              3));
    }
    return found.get();
  }

  /** Finds the table's name, quoted as SQL needs it; empty when there is no such table. */
  static Optional<String> look(Session session, TableName table, Map<String, String> values)
      throws SQLException {
    List<List<String>> candidates = table.candidates(values);
    String[] schemas = schemas(candidates);
    String[] tables = candidates.get(candidates.size() - 1).toArray(String[]::new);
    return session
        .query(
            """
            SELECT format('%I.%I', n.nspname, c.relname)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = ANY (?) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
              AND (n.nspname = ANY (?) OR cardinality(?::text[]) = 0 AND pg_table_is_visible(c.oid))
            ORDER BY array_position(?::text[], n.nspname::text), array_position(?::text[], c.relname::text)
            LIMIT 1""",
            row -> row.getString(1), tables, schemas, schemas, schemas, tables)
        .stream()
        .findFirst();
  }

  /** The candidates for the schema; empty for the search path. */
  private static String[] schemas(List<List<String>> candidates) {
    return candidates.size() == 1 ? new String[0] : candidates.get(0).toArray(String[]::new);
  }

  /** The table's last candidate, written as in SQL. */
  static String written(TableName table, Map<String, String> values) {
    return table.loosest(values).stream()
        .map(name -> '"' + name.replace("\"", "\"\"") + '"')
        .collect(joining("."));
  }

  /** Lists the tables that a key may name, quoted as SQL needs it. */
  static List<String> possible(Session session, TableName table) throws SQLException {
    List<Optional<String>> written = table.written();
    return session.query(
        """
        SELECT format('%I.%I', n.nspname, c.relname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
          AND CASE
            WHEN ? THEN has_schema_privilege(n.oid, 'USAGE')
            ELSE coalesce(n.nspname = ?, pg_table_is_visible(c.oid)) END
          AND coalesce(c.relname = ?, true)
        ORDER BY 1""",
        row -> row.getString(1),
        isAnySchema(table),
        written.size() == 2 ? written.get(0).orElse(null) : null,
        written.get(written.size() - 1).orElse(null));
  }

  /** Whether the schema comes from the key. */
  private static boolean isAnySchema(TableName table) {
    return table.written().size() == 2 && table.written().get(0).isEmpty();
  }

  /**
   * Lists the tables that the user may insert into: in any schema, with the schema's name; or in
   * the given schemas; or, if none is given, on the search path.
   */
  private static List<String> existing(Session session, boolean anySchema, String[] schemas)
      throws SQLException {
    return session.query(
        """
        SELECT CASE WHEN ? THEN n.nspname || '.' ELSE '' END || c.relname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND has_any_column_privilege(c.oid, 'INSERT')
          AND n.nspname NOT LIKE 'pg\\_%'
          AND has_schema_privilege(n.oid, 'USAGE')
          AND (? OR n.nspname = ANY (?) OR cardinality(?::text[]) = 0 AND pg_table_is_visible(c.oid))""",
        row -> row.getString(1), anySchema, anySchema, schemas, schemas);
  }

  private static LoadException missing(
      TableName table, List<List<String>> candidates, Optional<String> nearest) {
    return ErrorCode.TABLE_UNUSABLE.failure(
        "the object's key names no table: %s stands for %s%s"
            .formatted(
                table.setting(),
                candidates.stream().map(TableFromObjectKey::shown).collect(joining(", and ")),
                nearest.map(" (did you mean %s?)"::formatted).orElse("")),
        "Upload it under the name of a table, create the table, or correct S3_KEY_PATTERN and"
            + " DB_TABLE_NAME.");
  }

  private static String shown(List<String> names) {
    return names.stream()
        .map(name -> name.replaceAll("\\p{Cntrl}", "?"))
        .map(
            name -> name.length() > LONGEST_SHOWN ? name.substring(0, LONGEST_SHOWN) + "..." : name)
        .collect(joining(" or "));
  }
}
