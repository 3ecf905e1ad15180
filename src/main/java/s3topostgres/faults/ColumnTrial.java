package s3topostgres.faults;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.SqlState;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Tries a field of the file against its column.
 *
 * @param place among the file's fields, from 1
 * @param type written as in SQL
 * @param element whether a value is assigned as an element of an array: of a domain, because one
 *     that forbids NULL could not begin empty, and of a composite type, because Postgres 13 assigns
 *     no text to it
 * @param required whether NULL is a fault
 * @param category of the type, as {@code pg_type} has it
 */
record ColumnTrial(
    int place, Column column, String type, boolean element, boolean required, String category) {

  /**
   * Makes the trials of a file's fields, in their order.
   *
   * @param key names of columns that must not be NULL, whatever the table says
   * @param complete whether the rows are rows of the table; if not, no value is required
   */
  static List<ColumnTrial> of(
      Session session, TargetTable table, List<Column> columns, List<String> key, boolean complete)
      throws SQLException {
    return session.query(
        """
        SELECT place, t.typtype IN ('d', 'c') AS element,
          (a.attnotnull OR a.attname = ANY (?::text[])) AND ? AS required,
          -- A text becomes a regclass by a cast, which takes no number as the input function does.
          -- COPY needs no privilege on a type's schema, but who writes its name does.
          CASE WHEN t.oid = 'regclass'::regtype OR NOT has_schema_privilege(t.typnamespace, 'USAGE')
            THEN 'text'
            ELSE format_type(a.atttypid, a.atttypmod) END AS type,
          t.typcategory
        FROM unnest(?::text[]) WITH ORDINALITY AS field (name, place)
          JOIN pg_attribute a ON a.attrelid = ?::oid AND a.attname = field.name
          JOIN pg_type t ON t.oid = a.atttypid
        ORDER BY place""",
        row ->
            new ColumnTrial(
                row.getInt("place"),
                columns.get(row.getInt("place") - 1),
                row.getString("type"),
                row.getBoolean("element"),
                row.getBoolean("required"),
                row.getString("typcategory")),
        key.toArray(String[]::new),
        complete,
        columns.stream().map(Column::name).toArray(String[]::new),
        table.oid());
  }

  /** The trials of these columns; empty where the file does not have all of them. */
  static Optional<List<ColumnTrial>> named(List<String> columns, List<ColumnTrial> fields) {
    List<ColumnTrial> found =
        columns.stream()
            .flatMap(name -> fields.stream().filter(field -> field.column.name().equals(name)))
            .toList();
    return Optional.of(found).filter(all -> all.size() == columns.size());
  }

  /** Text for each field, joined by a separator. */
  static String joined(
      List<ColumnTrial> fields, String between, Function<ColumnTrial, String> written) {
    return fields.stream().map(written).collect(Collectors.joining(between));
  }

  /** Whether the column refuses any text. */
  boolean mayHaveFaults() {
    return required || element || !type.equals("text");
  }

  /** Whether a value is cast to the column's own type, and not kept as a text. */
  boolean isCast() {
    return type.equals(column.type());
  }

  /** The column's name, quoted as SQL needs it. */
  String name() {
    return column.quoted();
  }

  /** The expression that casts the value to its column, for {@code SELECT}. */
  String cast() {
    return "CAST(%1$s AS %2$s)%3$s AS %1$s".formatted(name(), type, column.collation());
  }

  /**
   * The condition that a row {@code s} of the stage may have a fault here.
   *
   * @see <a
   *     href="https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-VALIDITY">Data
   *     validity checking functions</a>, new in Postgres 16
   */
  String suspicion() {
    return "%s NOT pg_input_is_valid(s.%s, '%s')"
        .formatted(
            required || element ? "s.%s IS NULL OR".formatted(name()) : "",
            name(),
            type.replace("'", "''"));
  }

  /** The condition that a row {@code r} lacks the value. */
  String missing() {
    return "r.%s IS NULL".formatted(name());
  }

  /** Declares a plpgsql variable. */
  String variable() {
    return "v%d %s%s;".formatted(place, type, element ? "[]" : "");
  }

  /**
   * Assigns the field of a row {@code r} to the variable, which fails as the import of the value
   * does. A cast would cut texts that are too long.
   *
   * @see <a
   *     href="https://www.postgresql.org/docs/current/plpgsql-statements.html#PLPGSQL-STATEMENTS-ASSIGNMENT">Assignment</a>
   */
  String assignment() {
    return "v%d := %s;".formatted(place, element ? "ARRAY[r.%s]".formatted(name()) : "r." + name());
  }

  /**
   * Tries the field alone, and returns the next row of the function if it has a fault.
   *
   * @param nullText the word of {@code CSV_NULL}; may be empty
   */
  String trial(String nullText) {
    String value =
        """
        BEGIN
          %s
        EXCEPTION WHEN OTHERS THEN
          -- Want of memory, a cancellation, a shutdown: not the value's fault.
          IF SQLSTATE ~ '^5[378]' THEN RAISE; END IF;
          GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, context = PG_EXCEPTION_CONTEXT,
            broken = CONSTRAINT_NAME;
          field := %d; state := SQLSTATE;
          shape := CASE WHEN SQLSTATE IN ('22P02', '22007', '22008') THEN %s END;
          RETURN NEXT;
        END;"""
            .formatted(
                assignment(), place, ValueShape.expression("r." + name(), category, nullText));
    return required
        ? """
          IF r.%s IS NULL THEN
            field := %d; state := '%s'; message := ''; context := ''; broken := ''; shape := NULL;
            RETURN NEXT;
          ELSE
            %s
          END IF;"""
            .formatted(name(), place, SqlState.NOT_NULL_VIOLATION, value)
        : value;
  }
}
