package s3topostgres.scan;

/** Why a scan refuses a line or a value. */
enum FormFault {
  /** A quote in a field that does not begin with one. */
  QUOTE_INSIDE,
  /** A quote behind a backslash, in a field that does not begin with a quote. */
  ESCAPED_OUTSIDE_QUOTES,
  /** {@code ="00123"}, by which spreadsheets keep leading zeros. */
  FORMULA,
  /** Something else than a delimiter or a line end behind a closing quote. */
  TEXT_AFTER_QUOTE,
  NEVER_CLOSED,
  TOO_MANY_FIELDS,
  TOO_FEW_FIELDS,
  BLANK_LINE,
  NOT_IN_ENCODING,
  NUL_BYTE,
  /** A record of one Ctrl-Z, the end of a file for old programs. */
  CTRL_Z,
  OTHER_LINE_END,
  /** A line {@code \.}, at which {@code COPY} ends up to Postgres 17. */
  END_MARK,
  /** With {@code CSV_QUOTE=none}, the character that {@code COPY} is told to be the quote. */
  STAND_IN,
  /** A field {@code \N} while {@code CSV_NULL} is another. */
  NULL_MARK,
  /** {@code today}, as a date or a time. */
  RELATIVE_DATE,
  /** {@code 05.03.2024}, where the month would be read first. */
  DOTTED_DATE,
  /** {@code GMT+0100}, which is a hundred hours behind GMT. */
  OPPOSITE_OFFSET;

  /**
   * Whether the record is not to be given to {@code COPY}. It reads one with a fault of a value
   * well.
   */
  boolean isMalformed() {
    return compareTo(NULL_MARK) < 0;
  }

  /** Whether another meaning of the quote or the escape may be the remedy. */
  boolean isOfQuotes() {
    return switch (this) {
      case QUOTE_INSIDE, ESCAPED_OUTSIDE_QUOTES, TEXT_AFTER_QUOTE, NEVER_CLOSED -> true;
      default -> false;
    };
  }

  /** Whether it is not known where the record ends, or what its fields are. */
  boolean makesDoubtful() {
    return isOfQuotes() || this == FORMULA || this == OTHER_LINE_END || this == END_MARK;
  }

  /** Whether the number of fields is wrong. */
  boolean isOfFields() {
    return this == TOO_MANY_FIELDS || this == TOO_FEW_FIELDS || this == BLANK_LINE;
  }
}
