package s3topostgres.postgres;

import java.sql.SQLException;
import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;

/**
 * Translates errors of the import into failures with a place in the file and a reason. Of Postgres'
 * texts it uses only the line number and names from the catalogue, never a value.
 */
public final class ImportErrors {
  /**
   * Matches {@code COPY people, line 3, column age: "x"}, one of perhaps several frames; the value
   * may have line breaks. The line is the physical one, from 1.
   */
  private static final Pattern PLACE =
      Pattern.compile("(?m)^COPY .*?, line (\\d{1,18})(, column )?");

  /** Matches the frame of a function that is not the extension's. */
  private static final Pattern FUNCTION = Pattern.compile("(?m)^PL/\\w+ function (?!aws_s3\\.)");

  /**
   * Classes of errors that a line does not cause: connection, transaction, login, locks, resources,
   * object state, shutdown, system, foreign data, the server itself.
   */
  private static final Set<String> NO_FAULT_OF_THE_DATA =
      Set.of("08", "25", "28", "40", "53", "55", "57", "58", "HV", "XX");

  private static final Set<String> MALFORMED =
      Set.of(SqlState.BAD_FILE_FORMAT, SqlState.NOT_IN_ENCODING, SqlState.UNTRANSLATABLE_CHARACTER);

  private static final Set<String> OF_OTHER_ROWS =
      Set.of(
          SqlState.FOREIGN_KEY_VIOLATION, SqlState.UNIQUE_VIOLATION, SqlState.EXCLUSION_VIOLATION);

  /** What the sender does about values that do not fit. */
  public static final String CORRECT_THE_FILE =
      "Correct the file and upload it again; the old rows are still there.";

  /** Why a row with an empty period is refused by a key {@code WITHOUT OVERLAPS}. */
  public static final String EMPTY_PERIOD = RowReason.EMPTY_PERIOD;

  private ImportErrors() {}

  static LoadException translate(
      SQLException e, TargetTable table, String encoding, Deadline deadline) {
    if (isWrongEncoding(e, table)) {
      return row(
          e,
          table,
          "bytes that are not " + encoding,
          "Save the file as UTF-8, or have the operator set CSV_ENCODING to what it is in, such as WIN1252, and upload"
              + " it again; the old rows are still there.");
    }
    if (isRowRejected(e) || isFaultOfALine(e, table)) {
      return row(e, table);
    }
    return SqlErrors.translate(e, deadline);
  }

  /** Whether COPY, a constraint or a function raised the error, so that it may quote a value. */
  static boolean isOfTheTable(SQLException e, TargetTable table) {
    return place(e, table).line.isPresent()
        || SqlErrors.serverMessage(e).map(ServerErrorMessage::getConstraint).isPresent()
        || SqlErrors.hasFrame(e, FUNCTION);
  }

  /** Whether the data caused the error: a bad value, a constraint, or a function that raised it. */
  public static boolean isRowRejected(SQLException e) {
    String state = SqlErrors.state(e);
    return state.startsWith(SqlState.DATA_CLASS)
        || state.startsWith(SqlState.CONSTRAINT_CLASS)
        || state.equals(SqlState.RAISED_BY_FUNCTION)
        || RowReason.raisedBy(e).isPresent() && mayBeOfTheData(state);
  }

  /**
   * Whether a line caused the error although its SQLSTATE is not one of the data: an unknown
   * table's name in a column of type regclass, JSON nested too deeply, a value too long for its
   * index.
   */
  private static boolean isFaultOfALine(SQLException e, TargetTable table) {
    return place(e, table).line.isPresent() && mayBeOfTheData(SqlErrors.state(e));
  }

  private static boolean mayBeOfTheData(String state) {
    return !NO_FAULT_OF_THE_DATA.contains(state.substring(0, 2))
        && !state.equals(SqlState.INSUFFICIENT_PRIVILEGE);
  }

  /**
   * Whether a line is in another encoding. COPY decodes a line before it reads its columns, so an
   * error with a column is about a value. So is an error about a NUL.
   */
  private static boolean isWrongEncoding(SQLException e, TargetTable table) {
    String state = SqlErrors.state(e);
    String words =
        SqlErrors.serverMessage(e).map(ServerErrorMessage::getMessage).orElse("").strip();
    return (state.equals(SqlState.NOT_IN_ENCODING) && !words.endsWith(": 0x00")
            || state.equals(SqlState.UNTRANSLATABLE_CHARACTER))
        && place(e, table).column.isEmpty();
  }

  /** Makes the failure for a line, or for all lines together when the commit fails. */
  public static LoadException row(SQLException e, TargetTable table) {
    return row(e, table, RowReason.of(e, table, place(e, table).column), CORRECT_THE_FILE);
  }

  private static LoadException row(SQLException e, TargetTable table, String why, String whatToDo) {
    Place place = place(e, table);
    return ErrorCode.ROW_REJECTED
        .failure(why, whatToDo)
        .at(
            isNoticedLate(e, place) ? OptionalLong.empty() : place.line,
            place.column.map(TargetTable.Column::name))
        .retry(mayPass(e) ? Retry.FOR_A_DAY : Retry.NEVER)
        .sqlState(e.getSQLState());
  }

  /** Whether other rows, other tables or a function refused a row, which may accept it later. */
  private static boolean mayPass(SQLException e) {
    return OF_OTHER_ROWS.contains(SqlErrors.state(e)) || SqlErrors.hasFrame(e, FUNCTION);
  }

  /**
   * Explains why a value does not fit its column, from {@code GET STACKED DIAGNOSTICS}.
   *
   * @param message may quote the value, which the reason does not
   * @param constraint the domain's constraint; empty if none failed
   * @return one clause without a full stop
   * @see <a
   *     href="https://www.postgresql.org/docs/current/plpgsql-control-structures.html#PLPGSQL-EXCEPTION-DIAGNOSTICS">Obtaining
   *     information about an error</a>
   */
  public static String reason(
      String state,
      String message,
      String context,
      String constraint,
      TargetTable table,
      TargetTable.Column column) {
    String fields = "C%s\0M%s\0W%s\0".formatted(state, message, context);
    ServerErrorMessage told =
        new ServerErrorMessage(constraint.isEmpty() ? fields : fields + "n" + constraint + "\0");
    return RowReason.of(new PSQLException(told), table, Optional.of(column));
  }

  /**
   * Whether a malformed line stopped {@code COPY}, so that the lines after it were not read. An
   * error with a column is about a value, such as JSON with an escaped NUL.
   */
  public static boolean isMalformed(LoadException rejected) {
    return rejected.column().isEmpty()
        && rejected.sqlState().filter(MALFORMED::contains).isPresent();
  }

  /** Whether the error is a row too large for a page, which COPY writes many lines after it. */
  private static boolean isNoticedLate(SQLException e, Place place) {
    return SqlErrors.state(e).equals(SqlState.LIMIT_EXCEEDED)
        && place.column.isEmpty()
        && SqlErrors.serverMessage(e).map(ServerErrorMessage::getConstraint).isEmpty();
  }

  private record Place(OptionalLong line, Optional<TargetTable.Column> column) {}

  private static Place place(SQLException e, TargetTable table) {
    Optional<ServerErrorMessage> message = SqlErrors.serverMessage(e);
    Optional<TargetTable.Column> named =
        message.map(ServerErrorMessage::getColumn).flatMap(name -> named(name, table));
    String where = message.map(ServerErrorMessage::getWhere).orElse("");
    Matcher matcher = PLACE.matcher(where);
    if (!matcher.find()) {
      return new Place(OptionalLong.empty(), named);
    }
    return new Place(
        OptionalLong.of(Long.parseLong(matcher.group(1))),
        matcher.group(2) == null ? named : columnAt(where.substring(matcher.end()), table));
  }

  /** The column with the longest name that the text begins with. */
  private static Optional<TargetTable.Column> columnAt(String text, TargetTable table) {
    return table.columns().stream()
        .filter(column -> text.startsWith(column.name() + ":") || text.equals(column.name()))
        .max(Comparator.comparingInt(column -> column.name().length()));
  }

  private static Optional<TargetTable.Column> named(String name, TargetTable table) {
    return table.columns().stream().filter(column -> column.name().equals(name)).findFirst();
  }
}
