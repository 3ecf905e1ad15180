package s3topostgres.faults;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import s3topostgres.csv.RowSource;
import s3topostgres.mode.Stage;
import s3topostgres.postgres.ImportErrors;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.postgres.TargetTable.Column;

/**
 * Proposes a table for a file: each column has the narrowest type that fits the spelling of all of
 * its values and that accepts them.
 *
 * @param create the statement that creates the table
 * @param notes for a message, on columns that stay text though they hold dates
 * @param rows of the file
 */
public record TableProposal(String create, List<String> notes, long rows) {
  private static final String DAY = "\\d{4}-\\d{2}-\\d{2}";
  private static final String TIME = DAY + "[ T]\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?";

  /** Whole numbers. A leading zero marks a postcode, a plus a telephone number. */
  private static final String WHOLE = "-?(0|[1-9]\\d*)";

  /** Without a decimal point or a sign in the exponent, it may be a code: 655e38. */
  private static final String EXPONENT =
      "[-+]?\\d+\\.\\d+[eE][-+]?\\d{1,3}|[-+]?\\d[eE][-+]\\d{1,3}";

  /** A number of twelve digits or more, as spreadsheets show it by default, and then export it. */
  static final String SHORTENED = "-?\\d(\\.\\d{1,5})?E\\+(1[1-9]|[2-9]\\d)";

  private record Type(String name, String pattern) {}

  private static final List<Type> TYPES =
      List.of(
          new Type("integer", WHOLE),
          new Type("bigint", WHOLE),
          new Type("numeric", WHOLE + "(\\.\\d+)?|" + EXPONENT),
          new Type("boolean", "([tT]rue|TRUE|t|[yY]es|[fF]alse|FALSE|f|[nN]o)"),
          new Type("date", DAY),
          new Type("timestamp", TIME),
          new Type("timestamptz", TIME + " ?(Z|[-+]\\d{2}(:?\\d{2})?)"),
          new Type("uuid", "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
          new Type("json", "\\s*[\\[{].*"));

  /** Dates whose day and month can be exchanged. */
  private static final String TURNABLE = "\\d{1,2}[./-]\\d{1,2}[./-](\\d{2}|\\d{4})";

  /**
   * Imports the file in the session's transaction, which must be rolled back afterwards.
   *
   * @param table that does not exist
   * @param emptyIsNull whether two quotes mean NULL in columns whose types have no empty text
   */
  public static TableProposal of(
      Session session, TargetTable table, RowSource rows, boolean emptyIsNull) throws SQLException {
    Stage stage = Stage.fillWithTexts(session, table, rows);
    List<String> columns = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    for (Column column : stage.columns()) {
      String value = emptyIsNull ? "nullif(%s, '')".formatted(column.quoted()) : column.quoted();
      String type = type(session, column.name(), value, notes);
      String given = type.equals("text") ? column.quoted() : value;
      boolean required = stage.rows() > 0 && isEach(session, given + " IS NOT NULL");
      columns.add("  " + column.quoted() + " " + type + (required ? " NOT NULL" : ""));
    }
    return new TableProposal(
        "CREATE TABLE %s (\n%s\n)".formatted(table.name(), String.join(",\n", columns)),
        notes,
        stage.rows());
  }

  private static String type(Session session, String column, String value, List<String> notes)
      throws SQLException {
    if (isEach(session, value + " IS NULL")) {
      return "text";
    }
    if (isAny(session, value, SHORTENED)) {
      notes.add(
          "%s holds numbers that a spreadsheet has shortened (as in 1.23457E+11), so their last digits are lost; format the column as text or as a number without decimals there, and export it again"
              .formatted(column));
    }
    for (Type type : TYPES) {
      if (isWritten(session, value, type.pattern) && isTaken(session, value, type.name)) {
        return type.name;
      }
    }
    return isWritten(session, value, TURNABLE) ? turnable(session, column, value, notes) : "text";
  }

  /**
   * Chooses {@code date} if the database reads all values, and in its own order of day and month
   * only.
   */
  private static String turnable(Session session, String column, String value, List<String> notes)
      throws SQLException {
    boolean own = isTaken(session, value, "date");
    boolean dayFirst = isTakenIn("DMY", session, value);
    boolean monthFirst = isTakenIn("MDY", session, value);
    if (own && dayFirst != monthFirst) {
      return "date";
    }
    if (dayFirst || monthFirst) {
      notes.add(
          dayFirst && monthFirst
              ? "%s holds dates in which day and month can be read either way, so it stays text"
                  .formatted(column)
              : "%s holds dates with the %s first; with BEFORE_LOAD_SQL=SET LOCAL datestyle = 'ISO, %s' it can be date"
                  .formatted(column, dayFirst ? "day" : "month", dayFirst ? "DMY" : "MDY"));
    }
    return "text";
  }

  private static boolean isTakenIn(String order, Session session, String value)
      throws SQLException {
    return session.inUndoneSavepoint(
        () -> {
          session.execute("SET LOCAL datestyle = 'ISO, %s'".formatted(order));
          return isTaken(session, value, "date");
        });
  }

  private static boolean isWritten(Session session, String value, String pattern)
      throws SQLException {
    return isEach(session, "coalesce(%s ~ '^(%s)$', true)".formatted(value, pattern));
  }

  private static boolean isAny(Session session, String value, String pattern) throws SQLException {
    return !isEach(session, "coalesce(%s !~ '^(%s)$', true)".formatted(value, pattern));
  }

  private static boolean isEach(Session session, String condition) throws SQLException {
    return !session.exists(
        "SELECT FROM %s WHERE NOT (%s) LIMIT 1".formatted(Stage.TABLE, condition));
  }

  private static boolean isTaken(Session session, String value, String type) throws SQLException {
    String cast = "SELECT count(CAST(%s AS %s)) FROM %s".formatted(value, type, Stage.TABLE);
    try {
      return session.inSavepoint(() -> session.exists(cast));
    } catch (SQLException e) {
      if (!ImportErrors.isRowRejected(e)) {
        throw e;
      }
      return false;
    }
  }
}
