package s3topostgres.mode;

import java.sql.SQLException;
import java.util.List;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;

/**
 * An index of the target table or the constraint that owns it, with the statements that drop it and
 * build it again. They have to run under {@link #SETTINGS}, as they were read.
 *
 * @param name as it is in the catalogue, which is the constraint's, too
 * @param drop fails when something depends on the index
 * @param build also gives back what its definition does not hold
 */
record TableIndex(String name, String drop, String build) {

  /**
   * Lets Postgres write every name with its schema, and every number with all of its digits, as
   * pg_dump does.
   */
  static final String SETTINGS =
      "SET LOCAL search_path = pg_catalog; SET LOCAL extra_float_digits = 1;\n";

  /**
   * The indexes that a new one could take the place of, in the order of their making, in which
   * Postgres also looks at them.
   */
  static List<TableIndex> of(Session session, TargetTable table) throws SQLException {
    return session.query(
        """
        SELECT x.relname AS name,
               CASE WHEN k.oid IS NULL THEN 'DROP INDEX ' || q.index
                 ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', q.table, k.conname) END AS drop,
               concat_ws(E';\\n',
                 -- A definition does not name the tablespace.
                 format('SET LOCAL default_tablespace = %L', coalesce(s.spcname, '')),
                 CASE WHEN i.indisexclusion
                   THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', q.table, k.conname, pg_get_constraintdef(k.oid))
                   ELSE pg_get_indexdef(x.oid) END,
                 -- The constraint's definition would not hold the storage parameters.
                 CASE WHEN NOT i.indisexclusion AND k.oid IS NOT NULL
                   THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s USING INDEX %I%s%s', q.table, k.conname,
                     CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END, x.relname,
                     CASE WHEN k.condeferrable THEN ' DEFERRABLE' END,
                     CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' END) END,
                 (SELECT string_agg(
                      format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', q.index, a.attnum, a.attstattarget), E';\\n')
                    FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0),
                 CASE WHEN i.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', q.table, x.relname) END,
                 CASE WHEN i.indisreplident
                   THEN format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', q.table, x.relname) END,
                 'COMMENT ON INDEX ' || q.index || ' IS ' || quote_literal(obj_description(x.oid, 'pg_class')),
                 format('COMMENT ON CONSTRAINT %s ON %s IS ', quote_ident(k.conname), q.table)
                   || quote_literal(obj_description(k.oid, 'pg_constraint'))) AS build
        FROM pg_index i
          JOIN pg_class x ON x.oid = i.indexrelid
          JOIN pg_class c ON c.oid = i.indrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
          CROSS JOIN LATERAL (
            SELECT format('%I.%I', n.nspname, c.relname), format('%I.%I', n.nspname, x.relname)) AS q("table", index)
          LEFT JOIN pg_tablespace s ON s.oid = x.reltablespace
          LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
        WHERE c.oid = ?::oid AND i.indisvalid AND i.indisready AND i.indislive
        ORDER BY x.oid""",
        row -> new TableIndex(row.getString("name"), row.getString("drop"), row.getString("build")),
        table.oid());
  }

  /**
   * All that the catalogue says of a table's indexes, and of what belongs to them or depends on
   * them, without its numbers for them. What changes by itself is left out, and so is what others
   * may change despite our lock.
   */
  static List<String> catalogue(Session session, TargetTable table) throws SQLException {
    return session.query(
        """
        WITH indexes AS (SELECT i.*, i.indexrelid::regclass::text AS name FROM pg_index i WHERE i.indrelid = ?::oid),
             constraints AS (
               SELECT k.* FROM pg_constraint k
               WHERE k.conrelid = ?::oid OR k.conindid IN (SELECT indexrelid FROM indexes))
        SELECT concat_ws(' ', name, to_jsonb(i) - '{indexrelid,indexprs,indpred,indcheckxmin}'::text[],
            pg_get_indexdef(indexrelid)) AS entry
          FROM indexes i
        UNION ALL
        SELECT concat_ws(' ', name, to_jsonb(c) - '{oid,relfilenode,relpages,reltuples,relallvisible,relallfrozen}'::text[],
            obj_description(c.oid, 'pg_class'))
          FROM indexes JOIN pg_class c ON c.oid = indexrelid
        UNION ALL
        -- That of a column is its name when the index was made.
        SELECT concat_ws(' ', name, to_jsonb(a) - '{attrelid,attcacheoff}'::text[]
            - CASE indkey[attnum - 1] WHEN 0 THEN '' ELSE 'attname' END)
          FROM indexes JOIN pg_attribute a ON a.attrelid = indexrelid
        UNION ALL
        SELECT concat_ws(' ', to_jsonb(k) - '{oid,conindid,conbin}'::text[], k.conindid::regclass,
            pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'))
          FROM constraints k
        UNION ALL
        SELECT concat_ws(' ', pg_describe_object(d.classid, d.objid, d.objsubid), d.deptype,
            pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid))
          FROM pg_depend d
          WHERE ((d.classid = 'pg_class'::regclass AND d.objid IN (SELECT indexrelid FROM indexes))
              OR (d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT indexrelid FROM indexes))
              OR (d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT oid FROM constraints))
              OR (d.refclassid = 'pg_constraint'::regclass AND d.refobjid IN (SELECT oid FROM constraints)))
            -- The trigger of a deferrable constraint has a number in its name.
            AND d.classid <> 'pg_trigger'::regclass
        UNION ALL
        SELECT concat_ws(' ', a.attname, a.attnotnull, a.attidentity, c.relreplident)
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          WHERE c.oid = ?::oid AND a.attnum > 0
        ORDER BY entry""",
        row -> row.getString("entry"),
        table.oid(),
        table.oid(),
        table.oid());
  }
}
