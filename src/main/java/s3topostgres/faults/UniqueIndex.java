package s3topostgres.faults;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/**
 * An index by which no two rows of a table have the same values in some columns.
 *
 * @param columns whose values are compared as the columns' own types and collations do
 * @param nullsDiffer whether rows without a value are all different
 */
record UniqueIndex(String name, List<String> columns, boolean nullsDiffer) {

  /** Those of a table that are of columns, not of expressions, and of all rows. */
  static List<UniqueIndex> of(Session session, TargetTable table) throws SQLException {
    return session.query(
        """
        SELECT c.relname AS name, k.columns,
          -- Since Postgres 15.
          to_jsonb(i)->>'indnullsnotdistinct' IS DISTINCT FROM 'true' AS nulls_differ
        FROM pg_index i
          JOIN pg_class c ON c.oid = i.indexrelid
          CROSS JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY n) AS columns
            FROM generate_series(0, i.indnkeyatts - 1) AS n
              JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n]
            WHERE a.attcollation = i.indcollation[n]) AS k
        WHERE i.indrelid = ?::oid AND i.indisunique AND NOT i.indisexclusion AND i.indisvalid
          AND i.indpred IS NULL AND cardinality(k.columns) = i.indnkeyatts
        ORDER BY i.indisprimary DESC, c.relname""",
        row ->
            new UniqueIndex(
                row.getString("name"),
                List.of((String[]) row.getArray("columns").getArray()),
                row.getBoolean("nulls_differ")),
        table.oid());
  }
}
