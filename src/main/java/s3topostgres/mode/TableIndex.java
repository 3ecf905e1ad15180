package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/**
 * An index of the target table or the constraint that owns it, with the statements that drop it and
 * build it again. The statements hold for the {@code search_path} that they were read with.
 *
 * @param name as it is in the catalogue; a constraint has its index's name
 * @param drop fails when something depends on the index
 * @param properties the catalogue's rows of the index, of its columns and its constraint, without
 *     what differs between two equal indexes
 */
record TableIndex(String name, String drop, String build, String properties) {

  /** Reads a table's indexes, in the order of their making, in which Postgres looks at them. */
  static List<TableIndex> of(Session session, TargetTable table) throws SQLException {
    return session.query(
        """
        SELECT x.relname AS name,
               CASE WHEN k.oid IS NULL THEN 'DROP INDEX ' || x.oid::regclass
                 ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', i.indrelid::regclass, k.conname) END AS drop,
               CASE WHEN k.oid IS NULL THEN pg_get_indexdef(x.oid)
                 ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.indrelid::regclass, k.conname,
                   pg_get_constraintdef(k.oid)) END AS build,
               concat_ws(' ',
                 to_jsonb(i) - '{indexrelid,indexprs,indpred,indcheckxmin}'::text[],
                 to_jsonb(x) - '{oid,relfilenode,relpages,reltuples,relallvisible,relallfrozen}'::text[],
                 to_jsonb(k) - '{oid,conindid}'::text[],
                 -- A column of the table may have been renamed since its index was made.
                 (SELECT jsonb_agg(to_jsonb(a) - '{attrelid,attcacheoff}'::text[]
                      - CASE i.indkey[a.attnum - 1] WHEN 0 THEN '' ELSE 'attname' END ORDER BY a.attnum)
                    FROM pg_attribute a WHERE a.attrelid = x.oid)) AS properties
        FROM pg_index i
          JOIN pg_class x ON x.oid = i.indexrelid
          LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
        WHERE i.indrelid = ?::oid
        ORDER BY x.oid""",
        row ->
            new TableIndex(
                row.getString("name"),
                row.getString("drop"),
                row.getString("build"),
                row.getString("properties")),
        table.oid());
  }

  /**
   * Finds an index that a new one of the same definition would not replace in full.
   *
   * @return a clause for a message: {@code its index people_born has a comment}
   */
  static Optional<String> firstNotPlain(Session session, TargetTable table) throws SQLException {
    return session
        .query(
            """
            SELECT format('its index %I %s', x.relname, p.property)
            FROM pg_index i
              JOIN pg_class x ON x.oid = i.indexrelid
              LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
              CROSS JOIN LATERAL (SELECT CASE
                WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'is invalid'
                WHEN i.indisclustered THEN 'is the one that CLUSTER uses'
                WHEN i.indisreplident THEN 'is the replica identity'
                WHEN x.reltablespace <> 0 THEN 'has a tablespace'
                WHEN k.contype IN ('p', 'u') AND x.reloptions IS NOT NULL
                  THEN 'is a constraint with storage parameters'
                WHEN coalesce(obj_description(x.oid, 'pg_class'), obj_description(k.oid, 'pg_constraint')) IS NOT NULL
                  THEN 'has a comment'
                WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0)
                  THEN 'has a statistics target'
                WHEN x.relispartition THEN 'belongs to a partitioned table'
                WHEN EXISTS (
                  SELECT FROM pg_depend d
                  WHERE ((d.refclassid = 'pg_class'::regclass AND d.refobjid = x.oid)
                      OR (d.refclassid = 'pg_constraint'::regclass AND d.refobjid = k.oid))
                    AND d.objid <> x.oid
                    AND d.classid <> 'pg_trigger'::regclass) -- of a deferrable constraint
                  THEN 'has dependants'
                WHEN EXISTS (SELECT FROM pg_depend d WHERE d.objid = x.oid AND d.deptype = 'x')
                  THEN 'depends on an extension' END) AS p(property)
            WHERE i.indrelid = ?::oid AND p.property IS NOT NULL
            ORDER BY x.oid LIMIT 1""",
            row -> row.getString(1), table.oid())
        .stream()
        .findFirst();
  }
}
