package s3topostgres.postgres;

/** The settings of every transaction. None is left to the session, which a pooler may share. */
final class SessionSettings {
  /**
   * Soon releases the locks of a dead function, even behind a NAT that drops idle connections.
   * While a statement runs, the server checks every two seconds whether its client is connected.
   * Between statements the server waits for at most 30 seconds, which a load never needs.
   *
   * <p>Overrides settings of the database or role that would break a load: a load sets its own lock
   * timeout; a synchronous commit survives a crash; {@code aws_s3} explains in notices why it
   * cannot reach S3.
   *
   * <p>Fails on a read-only server, such as the old writer for a while after a failover.
   *
   * @see <a
   *     href="https://www.postgresql.org/docs/current/runtime-config-connection.html">Connection
   *     settings</a>
   */
  static final String SQL =
      """
      DO $$
      BEGIN
        IF current_setting('transaction_read_only')::boolean THEN
          RAISE read_only_sql_transaction;
        END IF;
        SET LOCAL tcp_keepalives_idle = 30;
        SET LOCAL tcp_keepalives_interval = 10;
        SET LOCAL tcp_keepalives_count = 3;
        SET LOCAL idle_in_transaction_session_timeout = '30s';
        SET LOCAL lock_timeout = 0;
        SET LOCAL standard_conforming_strings = on;
        SET LOCAL client_min_messages = notice;
        PERFORM set_config(name, reset_val, true) FROM pg_settings
        WHERE name = 'search_path' AND setting <> reset_val;
        PERFORM set_config('transaction_timeout', '0', true) -- New in Postgres 17.
        WHERE current_setting('transaction_timeout', true) IS NOT NULL;
        PERFORM set_config('synchronous_commit', 'on', true)
        WHERE current_setting('synchronous_commit') = 'off';
        BEGIN
          -- New in Postgres 14, and not on every system.
          SET LOCAL client_connection_check_interval = '2s';
        EXCEPTION WHEN undefined_object OR invalid_parameter_value THEN
          NULL;
        END;
      END
      $$""";

  /**
   * The order of day and month, and the time zone, of a transaction that reads them. The driver
   * sends both when it logs in, and that overrides what ALTER DATABASE and ALTER ROLE have set. It
   * sends {@code DateStyle=ISO}, which leaves the order alone: through a pooler, that of the
   * connection's last client. So the server's own order is set where it is not in force; where it
   * is, {@link ScanTarget#isOrderSet} stays false.
   */
  static final String DATES =
      """
      SELECT set_config(name, value, true)
      FROM (
        SELECT DISTINCT ON (name) name, value, setrole IS NULL AS is_servers
        FROM (
          SELECT setdatabase, setrole, unnest(setconfig)
          FROM pg_db_role_setting
          WHERE setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
            AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          UNION ALL
          SELECT NULL, NULL, 'datestyle=' || reset_val FROM pg_settings WHERE name = 'DateStyle'
        ) AS given (setdatabase, setrole, entry)
          CROSS JOIN lower(split_part(entry, '=', 1)) AS name
          CROSS JOIN substr(entry, strpos(entry, '=') + 1) AS setting
          CROSS JOIN LATERAL (
            SELECT CASE
              WHEN name = 'timezone' THEN setting
              WHEN setting ~* 'ymd' THEN 'ISO, YMD'
              WHEN setting ~* '(mdy|us|noneuro)' THEN 'ISO, MDY'
              WHEN setting ~* '(dmy|euro|german)' THEN 'ISO, DMY' END) AS applied (value)
        WHERE name IN ('datestyle', 'timezone') AND value IS NOT NULL
        -- As Postgres has it: for both together, for the role, for the database, for all.
        ORDER BY name, setrole = 0, setdatabase = 0
      ) AS defaults
      WHERE NOT (is_servers AND value = current_setting(name))""";

  /** Sets how long the server waits between the statements of this transaction. */
  static final String IDLE = "SET LOCAL idle_in_transaction_session_timeout = '%s'";

  private SessionSettings() {}
}
