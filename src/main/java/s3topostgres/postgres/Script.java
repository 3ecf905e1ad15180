package s3topostgres.postgres;

import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.postgresql.util.ServerErrorMessage;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;

/**
 * Runs the SQL of a setting in the load's transaction. A script may hold several statements. {@code
 * EXECUTE} refuses a statement that would end the transaction.
 *
 * @see <a
 *     href="https://www.postgresql.org/docs/current/plpgsql-statements.html#PLPGSQL-STATEMENTS-EXECUTING-DYN">EXECUTE</a>
 */
public final class Script {
  private static final String COMMENT = "--[^\n]*|/\\*.*?\\*/";

  /** Matches one statement, up to a semicolon that is not quoted; possessive, to need no stack. */
  private static final Pattern STATEMENT =
      Pattern.compile(
          "(?s)(?:'[^']*'|\"[^\"]*\"|\\$(\\w*)\\$.*?\\$\\1\\$|" + COMMENT + "|[^;'\"])++");

  private static final Pattern SETTING = Pattern.compile("(?is)(?:\\s|" + COMMENT + ")*+SET\\s.*");

  private Script() {}

  /** Runs the script of a setting, if there is one. */
  public static void run(Session session, String setting, Optional<String> sql)
      throws SQLException {
    if (sql.isPresent()) {
      run(session, setting, sql.get());
    }
  }

  /**
   * Runs a script.
   *
   * @param setting the variable that holds the script, for messages
   * @throws LoadException {@code ROW_REJECTED} when the script refuses the data (by a constraint, a
   *     cast or {@code RAISE EXCEPTION}); {@code DATABASE_REFUSED} when Postgres refuses the script
   */
  public static void run(Session session, String setting, String sql) throws SQLException {
    try {
      session.execute(
          """
          SELECT set_config('s3_load.script', ?, true);
          DO 'BEGIN EXECUTE current_setting(''s3_load.script''); END'""",
          sql);
    } catch (SQLException e) {
      throw failed(e, setting, session.deadline());
    }
  }

  /** Selects the statements of a script that only set a parameter, such as {@code DateStyle}. */
  public static List<String> settings(String sql) {
    return STATEMENT
        .matcher(sql)
        .results()
        .map(MatchResult::group)
        .filter(SETTING.asMatchPredicate())
        .toList();
  }

  private static LoadException failed(SQLException e, String setting, Deadline deadline) {
    String state = SqlErrors.state(e);
    if (ImportErrors.isRowRejected(e)) {
      return ErrorCode.ROW_REJECTED
          .failure(
              "the operator's %s refused the data (SQLSTATE %s)".formatted(setting, state),
              "Ask the operator what it checks; the old rows are still there.")
          .retry(Retry.FOR_A_DAY)
          .sqlState(state);
    }
    if (state.startsWith(SqlState.SYNTAX_OR_ACCESS_CLASS)
        || state.equals(SqlState.FEATURE_NOT_SUPPORTED)) {
      int position =
          SqlErrors.serverMessage(e).map(ServerErrorMessage::getInternalPosition).orElse(0);
      return ErrorCode.DATABASE_REFUSED
          .failure(
              "%s is not SQL that can run here (SQLSTATE %s%s)"
                  .formatted(setting, state, position > 0 ? ", at character " + position : ""),
              "Correct it; it runs inside the load's transaction, as the database user, and may not"
                  + " end that transaction.")
          .sqlState(state);
    }
    return SqlErrors.translate(e, deadline);
  }
}
