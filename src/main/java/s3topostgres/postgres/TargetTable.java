package s3topostgres.postgres;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/**
 * The table that a load fills, as the catalogue has it.
 *
 * @param oid its number in the catalogue, unsigned
 * @param name schema and table, each quoted where SQL needs it: {@code public.people}
 * @param columns in the table's order
 */
public record TargetTable(long oid, String name, List<Column> columns) {

  /**
   * @param name as it is in the catalogue
   * @param quoted as it is written in SQL
   * @param type as SQL writes it: {@code character varying(20)}
   * @param required has no default and must not be NULL
   * @param generated from other columns, so that nothing can be loaded into it
   * @param identityAlways numbered by the database, so that a header should not name it; files
   *     without a header do load it, as {@code COPY} does
   */
  public record Column(
      String name,
      String quoted,
      String type,
      boolean required,
      boolean generated,
      boolean identityAlways) {}

  /** The columns that {@code COPY} fills when none are named. */
  public List<Column> positional() {
    return columns.stream().filter(column -> !column.generated).toList();
  }

  /** The names of the columns that take their defaults when these are loaded; none means all. */
  public List<String> notAmong(List<Column> loaded) {
    return loaded.isEmpty()
        ? List.of()
        : positional().stream()
            .filter(column -> !loaded.contains(column))
            .map(Column::name)
            .toList();
  }

  /** Apart from other uses of advisory locks: "S3LD". */
  private static final long LOCK_SEED = 0x53334c44;

  private static final Set<String> TABLE_KINDS = Set.of("r", "p");

  private record Found(TargetTable table, String kind, boolean usable, Column column) {}

  /**
   * Looks a table up.
   *
   * @param name as in SQL: {@code people}, {@code sales.orders}, {@code "Mixed Case"."T"}
   * @throws LoadException {@code TABLE_UNUSABLE} when it is no table, or not ours to empty and fill
   */
  public static TargetTable resolve(Session session, String name) throws SQLException {
    List<Found> found = look(session, name);
    if (found.isEmpty()) {
      throw unusable(
          "there is no table " + name,
          "Create it, or correct DB_TABLE_NAME: it is written as in SQL, with capitals in double"
              + " quotes, and needs its schema when that is not on the user's search path.");
    }
    Found first = found.get(0);
    TargetTable table =
        new TargetTable(
            first.table.oid, first.table.name, found.stream().map(Found::column).toList());
    if (!TABLE_KINDS.contains(first.kind)) {
      throw unusable(table.name + " is not a table", "Name a table in DB_TABLE_NAME.");
    }
    if (!first.usable) {
      throw unusable(
          "the database user may not empty and fill " + table.name,
          "GRANT SELECT, INSERT, TRUNCATE ON %s TO the user, and USAGE ON its schema."
              .formatted(table.name));
    }
    return table;
  }

  private static List<Found> look(Session session, String name) throws SQLException {
    try {
      return session.query(
          """
          SELECT c.oid::bigint AS oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind,
                 has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'TRUNCATE')
                   AND has_any_column_privilege(c.oid, 'INSERT') AS usable,
                 a.attname AS column, quote_ident(a.attname) AS quoted,
                 format_type(a.atttypid, a.atttypmod) AS type,
                 -- COPY would put NULL into a domain that forbids it.
                 (a.attnotnull OR ty.typnotnull) AND NOT a.atthasdef AND ty.typdefault IS NULL
                   AND a.attidentity = '' AS required,
                 a.attgenerated <> '' AS generated, a.attidentity = 'a' AS identity_always
          FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type ty ON ty.oid = a.atttypid
          WHERE c.oid = to_regclass(?)
          ORDER BY a.attnum
          """,
          TargetTable::read, name);
    } catch (SQLException e) {
      if (SqlErrors.isNameRefused(e)) {
        throw unusable(
                "DB_TABLE_NAME is no table's name, or its schema is closed to the database user",
                "Write it as in SQL, and GRANT USAGE ON its schema to the user.")
            .sqlState(e.getSQLState());
      }
      throw e;
    }
  }

  private static Found read(ResultSet row) throws SQLException {
    return new Found(
        new TargetTable(row.getLong("oid"), row.getString("name"), List.of()),
        row.getString("kind"),
        row.getBoolean("usable"),
        new Column(
            row.getString("column"),
            row.getString("quoted"),
            row.getString("type"),
            row.getBoolean("required"),
            row.getBoolean("generated"),
            row.getBoolean("identity_always")));
  }

  /**
   * Keeps other loads of this table out until the transaction ends, if none runs now. The lock goes
   * by the name, as the history does: somebody may put another table in its place meanwhile.
   *
   * @param lockTimeout how long each later statement of the transaction may wait for a lock, as
   *     readers of the table wait with it
   * @return whether others are locked out; if not, another load runs
   */
  public boolean lockOutOtherLoads(Session session, Duration lockTimeout) throws SQLException {
    return session
        .query(
            """
            SELECT pg_try_advisory_xact_lock(hashtextextended(?, ?));
            SET LOCAL lock_timeout = %d"""
                .formatted(lockMillis(lockTimeout)),
            row -> row.getBoolean(1),
            name,
            LOCK_SEED)
        .contains(true);
  }

  /** In milliseconds for Postgres, to which 0 is no limit at all. */
  static long lockMillis(Duration limit) {
    return Math.max(1, limit.toMillis());
  }

  /**
   * Has the constraints that are deferred checked now. The commit would do that too, but under no
   * time limit.
   *
   * @throws LoadException {@code ROW_REJECTED} when one objects
   */
  public void checkDeferred(Session session) throws SQLException {
    try {
      session.execute("SET CONSTRAINTS ALL IMMEDIATE");
    } catch (SQLException e) {
      if (ImportErrors.isRowRejected(e)) {
        throw ImportErrors.row(e, this);
      }
      throw e;
    }
  }

  /**
   * Commits the load.
   *
   * @throws LoadException {@code DATABASE_UNAVAILABLE} when the connection broke, so that nobody
   *     knows which way it went
   */
  public void commit(Session session) throws SQLException {
    try {
      session.commit();
    } catch (SQLException e) {
      if (SqlErrors.isConnectionLost(e)) {
        throw new LoadException(
                ErrorCode.DATABASE_UNAVAILABLE,
                "the connection was lost in the commit, so it is not known whether the file is loaded",
                "Send the event again: if the file is loaded, the history recognises it.")
            .sqlState(e.getSQLState());
      }
      throw e;
    }
  }

  /** Renews the planner's statistics, which the import has made worthless. */
  public void analyze(Session session) throws SQLException {
    // The next load has the table perhaps, and will analyze it too.
    session.execute("SET lock_timeout = '2s'; ANALYZE " + name);
  }

  static LoadException unusable(String why, String whatToDo) {
    return new LoadException(ErrorCode.TABLE_UNUSABLE, why, whatToDo);
  }
}
