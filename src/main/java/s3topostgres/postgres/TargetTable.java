package s3topostgres.postgres;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Spelling;
import s3topostgres.config.TableName;

/**
 * The target table of a load, as the catalogue has it.
 *
 * @param oid the table's OID, unsigned
 * @param name schema and table, each quoted where SQL needs it: {@code public.people}
 * @param privileges of the database user on the table or any column of it, in capitals: {@code
 *     INSERT}, {@code TRUNCATE}
 * @param columns in the table's order
 */
public record TargetTable(long oid, String name, Set<String> privileges, List<Column> columns) {

  /**
   * A column of the table.
   *
   * @param name as it is in the catalogue
   * @param quoted as it is written in SQL
   * @param type as SQL writes it: {@code character varying(20)}
   * @param required whether it is NOT NULL without a default
   * @param generated whether it is generated from other columns, so that it cannot be loaded
   * @param identityAlways whether it is {@code GENERATED ALWAYS AS IDENTITY}; a header may name it
   *     only in modes with a stage, and files without a header load it, as {@code COPY} does
   * @param collation the clause that declares a collation other than the type's; may be empty
   * @param emptyIsNull whether two quotes in a file mean NULL, because the type has no empty text
   */
  public record Column(
      String name,
      String quoted,
      String type,
      boolean required,
      boolean generated,
      boolean identityAlways,
      String collation,
      boolean emptyIsNull) {

    /** A column that takes every text. */
    public static Column ofTexts(String name, String quoted) {
      return new Column(name, quoted, "text", false, false, false, "", false);
    }

    private Column withEmptyAsNull() {
      return new Column(name, quoted, type, required, generated, identityAlways, collation, true);
    }
  }

  /**
   * Reads two quotes as NULL in the columns whose types have no empty text, such as numbers and
   * dates. Which these are is asked of the database.
   */
  public TargetTable withEmptyAsNull(Session session) throws SQLException {
    Set<String> refusing = EmptyTexts.refusedBy(session, oid);
    return new TargetTable(
        oid,
        name,
        privileges,
        columns.stream()
            .map(column -> refusing.contains(column.name) ? column.withEmptyAsNull() : column)
            .toList());
  }

  /** The columns that {@code COPY} fills when none are named: those that are not generated. */
  public List<Column> loadable() {
    return columns.stream().filter(column -> !column.generated).toList();
  }

  /**
   * The columns of those names, in their order.
   *
   * @param names as they are in the catalogue; all are columns of the table
   */
  public List<Column> columns(List<String> names) {
    return names.stream()
        .map(name -> columns.stream().filter(c -> c.name.equals(name)).findFirst().orElseThrow())
        .toList();
  }

  /** The names of the columns that take their defaults when {@code loaded} are loaded. */
  public List<String> notAmong(List<Column> loaded) {
    return loadable().stream()
        .filter(column -> !loaded.contains(column))
        .map(Column::name)
        .toList();
  }

  /** Makes a name that no column has, by adding underscores. */
  public String free(String name) {
    boolean taken = columns.stream().anyMatch(column -> column.name.equals(name));
    return taken ? free(name + "_") : name;
  }

  /** The column of that name. */
  public Optional<Column> column(String name) {
    return columns.stream().filter(column -> column.name.equals(name)).findFirst();
  }

  /** The failure for a setting with a name that is no column's. */
  public LoadException unknownColumn(String setting, String name, String whatToDo) {
    List<String> names = loadable().stream().map(Column::name).toList();
    return ErrorCode.CONFIG_INVALID.failure(
        "%s names \"%s\", which is not a column of %s%s"
            .formatted(
                setting,
                name,
                this.name,
                Spelling.nearest(name, names, 2).map(" (did you mean %s?)"::formatted).orElse("")),
        whatToDo);
  }

  /** The loadable column of that name, or else of that name in another case. */
  public Optional<Column> loadable(String name) {
    return column(name)
        .filter(column -> !column.generated)
        .or(
            () ->
                loadable().stream()
                    .filter(column -> column.name.equalsIgnoreCase(name))
                    .findFirst());
  }

  /**
   * A column for a stage only, which takes the texts of a field that is no column of this table.
   *
   * @param name in lower-case letters, digits and underscores
   */
  public Column stageOnly(String name) {
    String free = free(name);
    return Column.ofTexts(free, free);
  }

  /**
   * A column for a stage only, which takes other values of a column of this table.
   *
   * @param name in lower-case letters, digits and underscores
   */
  public Column stageOnly(String name, Column like) {
    String free = free(name);
    return new Column(free, free, like.type, false, false, false, like.collation, like.emptyIsNull);
  }

  /**
   * A column for a stage only, which takes a field that is not loaded.
   *
   * @param index of the field, from 0
   */
  public Column unusedField(int index) {
    return stageOnly("s3_load_field_" + (index + 1));
  }

  /**
   * The condition that a constraint {@code c} of the catalogue forbids anything: it may be {@code
   * NOT ENFORCED} since Postgres 18.
   */
  public static final String ENFORCED = "to_jsonb(c)->>'conenforced' IS DISTINCT FROM 'false'";

  private static final Set<String> TABLE_KINDS = Set.of("r", "p");

  private record Found(TargetTable table, String kind, boolean reserved, Column column) {}

  /**
   * Looks up the table that {@code DB_TABLE_NAME} names.
   *
   * @param values of the placeholders from the object key, by name
   * @throws LoadException {@code TABLE_UNUSABLE} when there is no such table, or it cannot be
   *     loaded
   */
  public static TargetTable resolve(Session session, TableName name, Map<String, String> values)
      throws SQLException {
    return resolve(
        session,
        name.dependsOnObjectKey()
            ? TableFromObjectKey.find(session, name, values)
            : name.setting());
  }

  /**
   * Names the table that {@code DB_TABLE_NAME} asks for and that does not exist.
   *
   * @param values of the placeholders from the object key, by name
   * @return the name, quoted as SQL needs it; empty if the table exists
   */
  public static Optional<String> missing(
      Session session, TableName name, Map<String, String> values) throws SQLException {
    if (name.dependsOnObjectKey() && TableFromObjectKey.look(session, name, values).isPresent()) {
      return Optional.empty();
    }
    String written =
        name.dependsOnObjectKey() ? TableFromObjectKey.written(name, values) : name.setting();
    return session.one(
        """
            SELECT string_agg(quote_ident(part), '.' ORDER BY place)
            FROM unnest(parse_ident(?)) WITH ORDINALITY AS parts (part, place)
            WHERE to_regclass(?) IS NULL""",
        row -> Optional.ofNullable(row.getString(1)),
        written,
        written);
  }

  /** Makes a table that does not exist yet, with columns of type text. */
  public static TargetTable proposed(Session session, String name, List<String> columns)
      throws SQLException {
    return new TargetTable(
        0,
        name,
        Set.of(),
        session.query(
            "SELECT name, quote_ident(name) FROM unnest(?::text[]) WITH ORDINALITY AS c (name, place) ORDER BY place",
            row -> Column.ofTexts(row.getString(1), row.getString(2)),
            (Object) columns.toArray(String[]::new)));
  }

  /**
   * Lists the tables that object keys may name, each as {@link #name}.
   *
   * @param name with placeholders
   */
  public static List<String> possible(Session session, TableName name) throws SQLException {
    return TableFromObjectKey.possible(session, name);
  }

  /**
   * Looks a table up.
   *
   * @param name as in SQL: {@code people}, {@code sales.orders}, {@code "Mixed Case"."T"}
   * @throws LoadException {@code TABLE_UNUSABLE} when there is no such table, or it cannot be
   *     loaded
   */
  public static TargetTable resolve(Session session, String name) throws SQLException {
    List<Found> found = look(session, name);
    if (found.isEmpty()) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          "there is no table " + name,
          "Create it, or correct DB_TABLE_NAME: it is written as in SQL, with capitals in double"
              + " quotes, and needs its schema when that is not on the user's search path.");
    }
    Found first = found.get(0);
    TargetTable table =
        new TargetTable(
            first.table.oid,
            first.table.name,
            first.table.privileges,
            found.stream().map(Found::column).toList());
    if (!TABLE_KINDS.contains(first.kind)) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          table.name + " is not a table", "Name a table in DB_TABLE_NAME.");
    }
    if (first.reserved) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          table.name + " is in a schema of the database itself", "Load a table of your own.");
    }
    return table;
  }

  /** Whether row-level security applies to the database user. */
  public boolean hasRowSecurity(Session session) throws SQLException {
    return session.exists("SELECT WHERE row_security_active(?::oid)", oid);
  }

  /** Whether a column takes something else than NULL where a file does not have it. */
  public boolean hasDefault(Session session, Column column) throws SQLException {
    return session.exists(
        """
        SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = ?::oid AND a.attname = ?
          AND (a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL)""",
        oid,
        column.name);
  }

  /**
   * Whether changes of several files that are made at once would differ from those made one by one:
   * by triggers, rules, cascades of foreign keys, and defaults that read {@code s3_load.key} and
   * the like.
   */
  public boolean seesEachFile(Session session) throws SQLException {
    return session.exists(
        """
        WITH family AS (SELECT ?::oid AS oid UNION SELECT relid FROM pg_partition_tree(?::oid)),
        defaults AS (SELECT d.* FROM pg_attrdef d JOIN family f ON f.oid = d.adrelid),
        texts (text) AS (
          SELECT pg_get_expr(adbin, adrelid) FROM defaults
          UNION ALL
          -- A body in standard SQL is not in prosrc.
          SELECT CASE WHEN p.prokind = 'f' THEN pg_get_functiondef(p.oid) END
          FROM defaults JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = defaults.oid
            JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
          UNION ALL
          SELECT t.typdefault
          FROM pg_attribute a JOIN family f ON f.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid)
        SELECT FROM texts WHERE position('s3_load.' IN lower(text)) > 0
        UNION ALL
        SELECT FROM pg_trigger JOIN family f ON f.oid = tgrelid
        WHERE NOT tgisinternal AND tgenabled <> 'D'
        UNION ALL
        SELECT FROM pg_rewrite JOIN family f ON f.oid = ev_class
        UNION ALL
        SELECT FROM pg_constraint c JOIN family f ON f.oid = c.confrelid
        WHERE c.contype = 'f' AND c.confdeltype IN ('c', 'n', 'd') AND %s"""
            .formatted(ENFORCED),
        oid,
        oid);
  }

  /** Counts the rows. */
  public long count(Session session) throws SQLException {
    return session.one("SELECT count(*) FROM " + name, row -> row.getLong(1));
  }

  /**
   * Refuses a table on which the database user lacks a privilege.
   *
   * @param needed the privileges, such as {@code INSERT}
   * @param grant the privileges that the message asks to grant
   * @throws LoadException {@code TABLE_UNUSABLE}
   */
  public void requirePrivileges(List<String> needed, String grant) {
    List<String> missing = needed.stream().filter(name -> !privileges.contains(name)).toList();
    if (!missing.isEmpty()) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          "the database user lacks %s on %s".formatted(String.join(", ", missing), name),
          "GRANT %s ON %s TO the user, and USAGE ON its schema.".formatted(grant, name));
    }
  }

  /**
   * Refuses a table with row-level security for the database user, because {@code COPY} refuses it.
   *
   * @throws LoadException {@code TABLE_UNUSABLE}
   */
  public void refuseRowSecurity(Session session) throws SQLException {
    if (hasRowSecurity(session)) {
      throw ErrorCode.TABLE_UNUSABLE.failure(
          name + " has row-level security for the database user, and COPY does not fill it",
          "Turn it off for the database user, or set LOAD_MODE=sync or upsert, which keep to its"
              + " policies.");
    }
  }

  private static List<Found> look(Session session, String name) throws SQLException {
    try {
      return session.query(
          """
          SELECT c.oid::bigint AS oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind,
                 n.nspname LIKE 'pg\\_%'
                   OR n.nspname IN ('information_schema', 'aws_s3', 'aws_commons') AS reserved,
                 ARRAY(
                   SELECT privilege
                   FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
                   WHERE has_schema_privilege(n.oid, 'USAGE') AND CASE
                     WHEN privilege IN ('DELETE', 'TRUNCATE') THEN has_table_privilege(c.oid, privilege)
                     ELSE has_any_column_privilege(c.oid, privilege) END) AS privileges,
                 a.attname AS column, quote_ident(a.attname) AS quoted,
                 format_type(a.atttypid, a.atttypmod) AS type,
                 -- COPY would put NULL into a domain that forbids it.
                 (a.attnotnull OR ty.typnotnull) AND NOT a.atthasdef AND ty.typdefault IS NULL
                   AND a.attidentity = '' AS required,
                 a.attgenerated <> '' AS generated, a.attidentity = 'a' AS identity_always,
                 coalesce((
                   SELECT format(' COLLATE %I.%I', cn.nspname, co.collname)
                   FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                   WHERE co.oid = a.attcollation AND co.oid <> ty.typcollation), '') AS collation
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
        throw ErrorCode.TABLE_UNUSABLE
            .failure(
                "DB_TABLE_NAME is not the name of a table, or its schema is not accessible to the database user",
                "Write it as in SQL, and GRANT USAGE ON its schema to the user.")
            .sqlState(e.getSQLState());
      }
      throw e;
    }
  }

  private static Found read(ResultSet row) throws SQLException {
    return new Found(
        new TargetTable(
            row.getLong("oid"),
            row.getString("name"),
            Set.of((String[]) row.getArray("privileges").getArray()),
            List.of()),
        row.getString("kind"),
        row.getBoolean("reserved"),
        new Column(
            row.getString("column"),
            row.getString("quoted"),
            row.getString("type"),
            row.getBoolean("required"),
            row.getBoolean("generated"),
            row.getBoolean("identity_always"),
            row.getString("collation"),
            false));
  }
}
