package s3topostgres.history;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlErrors;

/**
 * The table of the {@link History}, found by its setting, and created where it is missing.
 *
 * @param name quoted as SQL needs it
 */
public record HistoryTable(String name) {
  /** Serialises the creation by two first loads; the number is "S3LD" and the history. */
  private static final String LOCK_CREATION = "SELECT pg_advisory_xact_lock(1395870788, -1)";

  private static final String CREATE =
      """
      CREATE TABLE %1$s (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        target_table text NOT NULL,
        bucket text NOT NULL,
        object_key text NOT NULL,
        version_id text,
        etag text,
        size_bytes bigint,
        sequencer text,
        event_time timestamptz,
        status text NOT NULL CHECK (status IN ('LOADED', 'FAILED')),
        mode text,
        way text,
        rows_loaded bigint,
        rows_inserted bigint,
        rows_updated bigint,
        rows_deleted bigint,
        rows_rejected bigint,
        started_at timestamptz NOT NULL,
        finished_at timestamptz NOT NULL,
        error_code text,
        error_message text,
        retry text,
        faults jsonb,
        warnings jsonb,
        parts jsonb,
        request_id text
      );
      CREATE INDEX ON %1$s (target_table, bucket, object_key, %2$s)
        WHERE status = 'LOADED';
      CREATE INDEX ON %1$s (target_table, event_time)
        WHERE status = 'LOADED';
      CREATE INDEX ON %1$s (target_table, id)
        WHERE status = 'LOADED';
      %3$s""";

  /** The columns that a table from an earlier version lacks. */
  private static final Map<String, String> ADDED =
      Map.of(
          "mode", "text",
          "way", "text",
          "rows_inserted", "bigint",
          "rows_updated", "bigint",
          "rows_deleted", "bigint",
          "rows_rejected", "bigint",
          "retry", "text",
          "faults", "jsonb",
          "warnings", "jsonb",
          "parts", "jsonb");

  /** For the failures of an object, and of a request. A table without it lacks columns, too. */
  private static final String INDEX_OF_FAILURES =
      "CREATE INDEX ON %s (bucket, object_key, request_id)\n  WHERE status = 'FAILED';";

  private static final String WITHOUT =
      "HISTORY_TABLE=off: then duplicate uploads are loaded twice, late ones replace newer ones, and"
          + " missed ones are not picked up.";

  /**
   * @param oid its number in the catalogue, unsigned
   * @param owned whether we may alter it
   * @param missing the columns that it lacks
   */
  record Found(String name, long oid, boolean usable, boolean owned, List<String> missing) {
    String upgrade() {
      String columns =
          missing.stream()
              .map(column -> "ADD COLUMN IF NOT EXISTS %s %s".formatted(column, ADDED.get(column)))
              .collect(joining(", ", "ALTER TABLE " + name + " ", ""));
      return missing.contains("parts")
          ? columns + "; " + INDEX_OF_FAILURES.formatted(name)
          : columns;
    }
  }

  /**
   * Finds the table, or creates it in a transaction of its own. Adds columns that a table from an
   * earlier version lacks.
   *
   * @param setting the name of the table as in SQL
   * @throws LoadException {@code TABLE_UNUSABLE} when it cannot be created or used
   */
  static HistoryTable open(Session session, String setting) throws SQLException {
    List<Found> found = find(session, setting);
    if (found.isEmpty() || isToUpgrade(found.get(0))) {
      session.begin();
      session.execute(LOCK_CREATION);
      found = find(session, setting);
      if (found.isEmpty()) {
        create(session, setting);
      } else if (isToUpgrade(found.get(0))) {
        session.execute(found.get(0).upgrade());
      }
      found = find(session, setting);
      session.commit();
    }
    return usable(found.get(0));
  }

  private static boolean isToUpgrade(Found found) {
    return found.usable && found.owned && !found.missing.isEmpty();
  }

  private static HistoryTable usable(Found found) {
    if (!found.usable) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          "the database user may not read and write " + found.name,
          "GRANT SELECT, INSERT ON %s TO the user, or set %s".formatted(found.name, WITHOUT));
    }
    if (!found.missing.isEmpty() && !found.owned) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          "the history table %s is from an earlier version".formatted(found.name),
          "Have its owner run %s; or set %s".formatted(found.upgrade(), WITHOUT));
    }
    return new HistoryTable(found.name);
  }

  static List<Found> find(Session session, String setting) throws SQLException {
    try {
      return session.query(
          """
          SELECT oid::regclass::text AS name, oid::bigint AS oid,
                 has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') AS usable,
                 pg_has_role(relowner, 'USAGE') AS owned,
                 ARRAY(
                   SELECT name FROM regexp_split_to_table(?, ',') AS name
                   WHERE NOT EXISTS (
                     SELECT FROM pg_attribute
                     WHERE attrelid = oid AND attname = name AND NOT attisdropped)) AS missing
          FROM pg_class WHERE oid = to_regclass(?)""",
          row ->
              new Found(
                  row.getString("name"),
                  row.getLong("oid"),
                  row.getBoolean("usable"),
                  row.getBoolean("owned"),
                  List.of((String[]) row.getArray("missing").getArray())),
          ADDED.keySet().stream().sorted().collect(joining(",")),
          setting);
    } catch (SQLException e) {
      throw unlessMalformed(e);
    }
  }

  /**
   * Returns the exception, unless the setting is its reason.
   *
   * @throws LoadException {@code TABLE_UNUSABLE} when it is
   */
  private static SQLException unlessMalformed(SQLException e) {
    if (SqlErrors.isNameRefused(e)) {
      throw ErrorCode.TABLE_UNUSABLE
          .failure(
              "HISTORY_TABLE is not the name of a table, or its schema is not accessible to the database user",
              "Write it as in SQL, GRANT USAGE ON its schema to the user, or set " + WITHOUT)
          .sqlState(e.getSQLState());
    }
    return e;
  }

  /**
   * Finds the table, and creates or changes nothing.
   *
   * @param setting the name of the table as in SQL
   * @return empty when it is missing, and the first load can create it
   * @throws LoadException {@code TABLE_UNUSABLE} when it cannot be created or used
   */
  public static Optional<HistoryTable> existing(Session session, String setting)
      throws SQLException {
    List<Found> found = find(session, setting);
    if (!found.isEmpty()) {
      return Optional.of(usable(found.get(0)));
    }
    boolean creatable =
        session.exists(
            """
                SELECT FROM pg_namespace
                WHERE has_schema_privilege(oid, 'CREATE')
                  AND nspname = CASE
                    WHEN array_length(parse_ident(?), 1) > 1 THEN (parse_ident(?))[1]
                    ELSE current_schema() END""",
            setting,
            setting);
    if (!creatable) {
      throw uncreatable(quoted(session, setting), "42501");
    }
    return Optional.empty();
  }

  private static void create(Session session, String setting) throws SQLException {
    String name = quoted(session, setting);
    try {
      session.execute(statement(name));
    } catch (SQLException e) {
      throw uncreatable(name, e.getSQLState());
    }
  }

  /** The name in a setting, quoted as SQL needs it. */
  private static String quoted(Session session, String setting) throws SQLException {
    try {
      return session.one(
          """
              SELECT string_agg(quote_ident(part), '.' ORDER BY place)
              FROM unnest(parse_ident(?)) WITH ORDINALITY AS parts (part, place)""",
          row -> row.getString(1),
          setting);
    } catch (SQLException e) {
      throw unlessMalformed(e);
    }
  }

  private static String statement(String name) {
    return CREATE.formatted(
        name, DeliveryLookup.PADDED.formatted("sequencer"), INDEX_OF_FAILURES.formatted(name));
  }

  private static LoadException uncreatable(String name, String sqlState) {
    return ErrorCode.TABLE_UNUSABLE
        .failure(
            "the history table %s is missing and cannot be created (SQLSTATE %s)"
                .formatted(name, sqlState),
            "Have this run by somebody who may, and GRANT SELECT, INSERT ON it to the database"
                + " user:\n"
                + statement(name)
                + "\nOr set "
                + WITHOUT)
        .sqlState(sqlState);
  }
}
