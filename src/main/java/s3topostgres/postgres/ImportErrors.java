package s3topostgres.postgres;

import java.sql.SQLException;
import java.util.Comparator;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.util.ServerErrorMessage;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/**
 * Turns an error of the import into a place in the file and a reason in our words. Only the line
 * number and names from the catalogue are taken from Postgres' texts, never a value.
 */
final class ImportErrors {
  /** {@code COPY people, line 3, column age: "x"}; the line is the physical one, from 1. */
  private static final Pattern PLACE = Pattern.compile("(?m)^COPY .*?, line (\\d+)(, column )?");

  /** {@code Key (id, name)=(1, x) already exists.}: never beyond the first {@code )=(}. */
  private static final Pattern KEY_COLUMNS =
      Pattern.compile("^[^(]*\\((.*?)\\)=\\(", Pattern.DOTALL);

  private static final String MEND =
      "Correct the file and upload it again; the old rows are still there.";

  private ImportErrors() {}

  static LoadException translate(
      SQLException e, TargetTable table, String encoding, Deadline deadline) {
    String state = SqlErrors.state(e);
    if (state.equals(SqlState.NOT_IN_ENCODING) || state.equals(SqlState.UNTRANSLATABLE_CHARACTER)) {
      return row(
          e,
          table,
          "bytes that are not " + encoding,
          "Save the file as UTF-8, or set CSV_ENCODING to what it is in, such as WIN1252, and upload"
              + " it again; the old rows are still there.");
    }
    if (isRowRejected(state)) {
      return row(e, table);
    }
    return switch (state) {
      case SqlState.INTERNAL_ERROR -> awsS3(e);
      case SqlState.NO_SUCH_FUNCTION, SqlState.NO_SUCH_SCHEMA, SqlState.INSUFFICIENT_PRIVILEGE ->
          S3Import.closed().sqlState(state);
      case SqlState.FEATURE_NOT_SUPPORTED ->
          new LoadException(
                  ErrorCode.TABLE_UNUSABLE,
                  table.name() + " cannot be loaded by COPY (row-level security, for instance)",
                  "Turn row-level security off for the database user, or load another table.")
              .sqlState(state);
      default -> SqlErrors.translate(e, deadline);
    };
  }

  /** Whether what a line holds is the reason: bad data, a constraint, or a trigger that objects. */
  static boolean isRowRejected(String state) {
    return state.startsWith(SqlState.DATA_CLASS)
        || state.startsWith(SqlState.CONSTRAINT_CLASS)
        || state.equals(SqlState.RAISED_BY_FUNCTION);
  }

  /** What a line holds, or all of the lines together; the import or the commit may say so. */
  static LoadException row(SQLException e, TargetTable table) {
    return row(e, table, reason(e, place(e, table).column), MEND);
  }

  private static LoadException row(SQLException e, TargetTable table, String why, String whatToDo) {
    Place place = place(e, table);
    return new LoadException(ErrorCode.ROW_REJECTED, why, whatToDo)
        .at(place.line, place.column.map(TargetTable.Column::name))
        .sqlState(e.getSQLState());
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

  /** The column whose name the text begins with; the longest, should one be another's beginning. */
  private static Optional<TargetTable.Column> columnAt(String text, TargetTable table) {
    return table.columns().stream()
        .filter(column -> text.startsWith(column.name() + ":") || text.equals(column.name()))
        .max(Comparator.comparingInt(column -> column.name().length()));
  }

  private static Optional<TargetTable.Column> named(String name, TargetTable table) {
    return table.columns().stream().filter(column -> column.name().equals(name)).findFirst();
  }

  private static String reason(SQLException e, Optional<TargetTable.Column> column) {
    Optional<ServerErrorMessage> message = SqlErrors.serverMessage(e);
    String type = column.map(TargetTable.Column::type).orElse("value of the column's type");
    return switch (SqlErrors.state(e)) {
      case SqlState.BAD_TEXT, SqlState.NOT_A_DATE -> "not a valid " + type;
      case SqlState.NUMBER_OUT_OF_RANGE -> "out of the range of " + type;
      case SqlState.DATE_OUT_OF_RANGE -> "no date or time that exists, or not written as " + type;
      case SqlState.STRING_TOO_LONG -> "too long for " + type;
      case SqlState.BAD_FILE_FORMAT -> malformed(message);
      case SqlState.NOT_NULL_VIOLATION -> "empty, but a value is required";
      case SqlState.UNIQUE_VIOLATION -> "a second row with the same " + constraint(message);
      case SqlState.FOREIGN_KEY_VIOLATION ->
          "refers to a row that another table does not have: " + constraint(message);
      case SqlState.CHECK_VIOLATION -> "breaks the check " + constraint(message);
      case SqlState.EXCLUSION_VIOLATION -> "conflicts with another row: " + constraint(message);
      case SqlState.RAISED_BY_FUNCTION -> "a trigger or function of the table refused the row";
      default -> "the table refused the row (SQLSTATE " + SqlErrors.state(e) + ")";
    };
  }

  /**
   * {@code id, name (constraint people_pkey)}: the columns stand in the detail before the values.
   */
  private static String constraint(Optional<ServerErrorMessage> message) {
    String name = message.map(ServerErrorMessage::getConstraint).orElse("unnamed");
    return message
        .map(ServerErrorMessage::getDetail)
        .map(KEY_COLUMNS::matcher)
        .filter(Matcher::find)
        .map(matcher -> "%s (constraint %s)".formatted(matcher.group(1), name))
        .orElse(name);
  }

  /** These messages of COPY hold no value; in another language they are told in general words. */
  private static String malformed(Optional<ServerErrorMessage> message) {
    String words = message.map(ServerErrorMessage::getMessage).orElse("");
    if (words.startsWith("missing data for column")) {
      return "the line has fewer fields than there are columns";
    }
    if (words.startsWith("extra data after last expected column")) {
      return "the line has more fields than there are columns";
    }
    if (words.startsWith("unterminated CSV quoted field")) {
      return "a quoted field is not closed before the end of the file";
    }
    if (words.startsWith("unquoted newline") || words.startsWith("unquoted carriage return")) {
      return "the line ends differently from the lines before it (LF against CR)";
    }
    return "the line is not well-formed CSV";
  }

  /** The extension's own errors, which have nothing but a text, and that changes: match loosely. */
  static LoadException awsS3(SQLException e) {
    ServerErrorMessage message = SqlErrors.serverMessage(e).orElseThrow();
    String words = message.getMessage() + " " + message.getHint() + " " + message.getDetail();
    LoadException failure;
    if (words.contains("s3Import") || words.contains("credentials")) {
      failure =
          S3Import.unavailable(
              "the database has no role for reading from S3",
              "Associate a role with the feature s3Import to the database instance or cluster.");
    } else if (words.contains("HTTP 403")) {
      failure =
          unreadable(
              "S3 denies the database access to it (HTTP 403)",
              "Allow the role that is associated with the database as s3Import s3:GetObject and"
                  + " s3:ListBucket on this bucket, and kms:Decrypt where it is encrypted.");
    } else if (words.contains("HTTP 404")) {
      failure =
          unreadable(
              "the database does not find it in S3 (HTTP 404)",
              "Upload it again if it is still wanted.");
    } else if (words.contains("HTTP 301") || words.contains("HTTP 400")) {
      failure =
          unreadable(
              "S3 does not serve it to the database (wrong region, or its encryption key)",
              "Use a bucket in the database's region and a key that the s3Import role may use.");
    } else if (words.contains("code: 51")) {
      failure =
          S3Import.unavailable(
              "the database cannot reach the bucket by TLS, because the bucket's name has dots",
              "Use a bucket without dots in its name.");
    } else if (words.contains("CURL error code")) {
      failure = noRoute();
    } else if (words.contains("empty")) {
      failure = unreadable("the object is empty", "Upload the file again.");
    } else {
      failure =
          S3Import.unavailable(
              "aws_s3 failed inside the database (SQLSTATE XX000)",
              "The database's own log has its words.");
    }
    return failure.sqlState(e.getSQLState());
  }

  /** Whether S3 told the database that there is no such object. */
  static boolean isNotFound(SQLException e) {
    return SqlErrors.serverMessage(e).orElseThrow().getMessage().contains("HTTP 404");
  }

  static LoadException noRoute() {
    return S3Import.unavailable(
        "the database has no route to S3",
        "Give the database's subnets a gateway endpoint for S3, and let its security group out on"
            + " port 443.");
  }

  private static LoadException unreadable(String why, String whatToDo) {
    return new LoadException(ErrorCode.OBJECT_UNREADABLE, why, whatToDo);
  }
}
