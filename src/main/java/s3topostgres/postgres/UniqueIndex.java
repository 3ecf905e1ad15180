package s3topostgres.postgres;

import java.sql.SQLException;
import java.util.List;

/**
 * A unique index on columns of a table, of all of its rows.
 *
 * @param columns whose values are compared as the columns' own types and collations do
 * @param nullsDiffer whether rows without a value are all different
 * @param withoutOverlaps whether the last column is a range whose values must not overlap
 * @param ofAllRows false if tables inherit from the table, whose rows the index does not know
 */
public record UniqueIndex(
    String name,
    List<String> columns,
    boolean nullsDiffer,
    boolean withoutOverlaps,
    boolean ofAllRows) {

  /** Finds a table's valid unique indexes, the primary key first; none on expressions. */
  public static List<UniqueIndex> of(Session session, TargetTable table) throws SQLException {
    return session.query(
        """
        SELECT c.relname AS name, k.columns,
          -- Since Postgres 15.
          to_jsonb(i)->>'indnullsnotdistinct' IS DISTINCT FROM 'true' AS nulls_differ,
          i.indisexclusion AS without_overlaps,
          NOT EXISTS (
            SELECT FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent
            WHERE p.oid = i.indrelid AND p.relkind = 'r') AS of_all_rows
        FROM pg_index i
          JOIN pg_class c ON c.oid = i.indexrelid
          CROSS JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY n) AS columns
            FROM generate_series(0, i.indnkeyatts - 1) AS n
              JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n]
            WHERE a.attcollation = i.indcollation[n]) AS k
        WHERE i.indrelid = ?::oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
          AND cardinality(k.columns) = i.indnkeyatts
        ORDER BY i.indisprimary DESC, c.relname""",
        row ->
            new UniqueIndex(
                row.getString("name"),
                List.of((String[]) row.getArray("columns").getArray()),
                row.getBoolean("nulls_differ"),
                row.getBoolean("without_overlaps"),
                row.getBoolean("of_all_rows")),
        table.oid());
  }
}
