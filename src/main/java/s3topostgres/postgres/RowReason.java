package s3topostgres.postgres;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.util.ServerErrorMessage;

/**
 * Explains to the sender why a row was rejected. Of Postgres' texts it repeats only names from the
 * catalogue, because the rest may quote a cell.
 */
final class RowReason {
  /** Matches {@code Key (id, name)=(1, x) already exists.} */
  private static final Pattern KEY_COLUMNS =
      Pattern.compile("^[^(]*\\((.*?)\\)=\\(", Pattern.DOTALL);

  /** Matches the innermost context of an error that a PL/pgSQL function raises by a statement. */
  private static final Pattern RAISED =
      Pattern.compile(
          "^PL/pgSQL function (?:([\\w.]+)\\()?.* line \\d+ at (?:RAISE|ASSERT)(?:\n|$)");

  private static final Pattern LENGTH = Pattern.compile("(character|bit).*\\((\\d+)\\)");

  private static final Map<String, String> PLAIN =
      Map.ofEntries(
          Map.entry("smallint", "a whole number"),
          Map.entry("integer", "a whole number"),
          Map.entry("bigint", "a whole number"),
          Map.entry("numeric", "a number"),
          Map.entry("real", "a number"),
          Map.entry("double precision", "a number"),
          Map.entry("money", "an amount of money"),
          Map.entry("boolean", "true or false"),
          Map.entry("timestamp without time zone", "a valid date and time"),
          Map.entry("timestamp with time zone", "a valid date and time"),
          Map.entry("time without time zone", "a valid time"),
          Map.entry("time with time zone", "a valid time"),
          Map.entry("interval", "a valid length of time"),
          Map.entry("uuid", "a valid UUID"),
          Map.entry("json", "valid JSON"),
          Map.entry("jsonb", "valid JSON"),
          Map.entry("xml", "well-formed XML"),
          Map.entry("bytea", "valid bytes (\\x and hexadecimal digits)"));

  /** Of a key {@code WITHOUT OVERLAPS}. */
  static final String EMPTY_PERIOD = "an empty range, which a key WITHOUT OVERLAPS does not take";

  private final String state;
  private final Optional<ServerErrorMessage> message;
  private final TargetTable table;
  private final Optional<TargetTable.Column> column;

  private RowReason(SQLException e, TargetTable table, Optional<TargetTable.Column> column) {
    this.state = SqlErrors.state(e);
    this.message = SqlErrors.serverMessage(e);
    this.table = table;
    this.column = column;
  }

  /**
   * Explains an error.
   *
   * @param column of the error, if Postgres names it
   * @return one clause without a full stop
   */
  static String of(SQLException e, TargetTable table, Optional<TargetTable.Column> column) {
    RowReason reason = new RowReason(e, table, column);
    return raisedBy(e).orElseGet(reason::words);
  }

  /**
   * Names the function that refused a row by {@code RAISE} or {@code ASSERT}; empty if none did.
   */
  static Optional<String> raisedBy(SQLException e) {
    return SqlErrors.serverMessage(e)
        .map(ServerErrorMessage::getWhere)
        .map(RAISED::matcher)
        .filter(Matcher::find)
        .map(
            matcher ->
                "refused by "
                    + Optional.ofNullable(matcher.group(1))
                        .map(name -> "the function " + name)
                        .orElse("a function")
                    + " of the database");
  }

  private String words() {
    return switch (state) {
      case SqlState.NUMBER_OUT_OF_RANGE -> "too large or too small for " + type();
      case SqlState.DATE_OUT_OF_RANGE ->
          "not an existing date or time, or not written as " + type();
      case SqlState.STRING_TOO_LONG, SqlState.STRING_LENGTH_MISMATCH -> length();
      case SqlState.NOT_IN_ENCODING -> "a NUL byte, which Postgres does not accept";
      case SqlState.BAD_FILE_FORMAT -> malformed();
      case SqlState.NOT_NULL_VIOLATION -> "empty, but a value is required";
      case SqlState.UNIQUE_VIOLATION -> "a second row with the same " + keyAndConstraint("values");
      case SqlState.FOREIGN_KEY_VIOLATION -> foreignKey();
      case SqlState.EXCLUSION_VIOLATION ->
          "conflicts with another row in " + keyAndConstraint("its values");
      case SqlState.CHECK_VIOLATION ->
          constraint().map(name -> "breaks the check " + name).orElseGet(this::unnamedCheck);
      case SqlState.LIMIT_EXCEEDED ->
          constraint()
              .map(name -> "too long for the index " + name)
              .orElse("too long, or nested too deeply");
      case SqlState.RAISED_BY_FUNCTION -> "refused by a function of the database";
      default -> notOfTheType();
    };
  }

  /** These messages hold only names; in another language, the reason is general. */
  private String unnamedCheck() {
    if (text().startsWith("empty WITHOUT OVERLAPS value")) {
      return EMPTY_PERIOD;
    }
    if (text().startsWith("no partition of relation")) {
      return "belongs to no partition of the table";
    }
    return text().endsWith("violates partition constraint")
        ? "does not belong to this partition"
        : "breaks a check of the table, or belongs to no partition of it";
  }

  private String type() {
    return column.map(TargetTable.Column::type).orElse("the column's type");
  }

  private String notOfTheType() {
    if (column.isEmpty()) {
      return "the table refused the row (SQLSTATE " + state + ")";
    }
    if (text().startsWith("invalid input value for enum")) {
      return "not one of the values of " + type();
    }
    // The precision is in the middle: timestamp(3) with time zone.
    String base = type().replaceAll("\\(.*?\\)", "");
    return "not " + PLAIN.getOrDefault(base, "a valid " + type());
  }

  /** Postgres names the referring table; either of the two tables may be the target. */
  private String foreignKey() {
    boolean refersToOurs =
        text().startsWith("update or delete on table")
            || message
                .map(m -> m.getSchema() + "." + m.getTable())
                .filter(name -> !name.equals(table.name().replace("\"", "")))
                .isPresent();
    return refersToOurs
        ? "another row refers to one that would be deleted, or whose key would change"
            + constraint().map(" (constraint %s)"::formatted).orElse("")
        : "refers to a row that does not exist, by " + keyAndConstraint("its key");
  }

  private String length() {
    Matcher matcher = LENGTH.matcher(type());
    if (!matcher.matches()) {
      return "too long for " + type();
    }
    return type().startsWith("bit(")
        ? "not exactly %s bits long".formatted(matcher.group(2))
        : "longer than %s %ss".formatted(matcher.group(2), matcher.group(1));
  }

  private Optional<String> constraint() {
    return message.map(ServerErrorMessage::getConstraint);
  }

  /** Names key and constraint: {@code id, name (constraint people_pkey)}. */
  private String keyAndConstraint(String otherwise) {
    return key().orElse(otherwise) + constraint().map(" (constraint %s)"::formatted).orElse("");
  }

  /** The key's columns from the detail, if each of them is a column of the table. */
  private Optional<String> key() {
    return message
        .map(ServerErrorMessage::getDetail)
        .map(KEY_COLUMNS::matcher)
        .filter(Matcher::find)
        .map(matcher -> matcher.group(1))
        .filter(names -> Arrays.stream(names.split(", ")).allMatch(this::isColumn));
  }

  private boolean isColumn(String name) {
    return table.columns().stream()
        .anyMatch(known -> known.name().equals(name) || known.quoted().equals(name));
  }

  private String text() {
    return message.map(ServerErrorMessage::getMessage).orElse("");
  }

  /** Explains errors of {@code COPY} whose English messages hold no value; others in general. */
  private String malformed() {
    String words = text();
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
      return "the line ends differently from the lines before it (LF, CR or both)";
    }
    return "the line is not well-formed CSV";
  }
}
