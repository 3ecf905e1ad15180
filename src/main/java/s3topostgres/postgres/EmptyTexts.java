package s3topostgres.postgres;

import java.sql.SQLException;
import java.util.Set;

/**
 * Finds the types that have no empty text, such as those of numbers and dates. Of {@code money},
 * Postgres takes it for zero, which a missing amount is not.
 */
final class EmptyTexts {
  private EmptyTexts() {}

  /**
   * Tries an empty text in the type of each column of a table, in a domain's base type, within the
   * session's transaction. A type in a schema that the user may not access is not known to refuse
   * it.
   *
   * @return the names of the columns whose types refuse it, as the catalogue has them
   */
  static Set<String> refusedBy(Session session, long table) throws SQLException {
    // One round trip, whatever the number of types; a savepoint for each would take three.
    session.execute(
        """
        DO $do$
        DECLARE
          tried record;
          refusing text[] := '{}';
        BEGIN
          FOR tried IN
            WITH RECURSIVE based (name, type) AS (
              SELECT attname::text, atttypid FROM pg_attribute
              WHERE attrelid = %d AND attnum > 0 AND NOT attisdropped
              UNION ALL
              SELECT b.name, t.typbasetype FROM based b JOIN pg_type t ON t.oid = b.type
              WHERE t.typtype = 'd')
            SELECT format_type(t.oid, NULL) AS type, array_agg(b.name) AS columns
            FROM based b JOIN pg_type t ON t.oid = b.type
            WHERE t.typtype <> 'd'
            GROUP BY t.oid
          LOOP
            BEGIN
              EXECUTE format($$SELECT CAST('' AS %%s)$$, tried.type);
              IF tried.type = 'money' THEN -- It would be zero.
                refusing := refusing || tried.columns;
              END IF;
            EXCEPTION
              WHEN insufficient_privilege THEN NULL;
              WHEN OTHERS THEN
                -- Want of memory, a shutdown: no word on the type.
                IF SQLSTATE ~ '^5[378]' THEN RAISE; END IF;
                refusing := refusing || tried.columns;
            END;
          END LOOP;
          PERFORM set_config('s3_load.refusing', refusing::text, true);
        END
        $do$"""
            .formatted(table));
    return Set.of(
        session.one(
            "SELECT current_setting('s3_load.refusing')::text[]",
            row -> (String[]) row.getArray(1).getArray()));
  }
}
