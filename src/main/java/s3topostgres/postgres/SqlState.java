package s3topostgres.postgres;

/**
 * The SQLSTATEs of Postgres that the function distinguishes.
 *
 * @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">Error Codes</a>
 */
public final class SqlState {
  static final String CONNECTION_CLASS = "08";
  static final String DATA_CLASS = "22";
  static final String CONSTRAINT_CLASS = "23";
  static final String AUTHORIZATION_CLASS = "28";
  static final String SYNTAX_OR_ACCESS_CLASS = "42";
  static final String RESOURCES_CLASS = "53";

  /** Shutdown by the administrator or a crash, starting up, database dropped, idle too long. */
  static final String SHUTDOWN_PREFIX = "57P";

  static final String CONNECTION_REJECTED = "08004";
  static final String CONNECTION_FAILURE = "08006";
  public static final String FEATURE_NOT_SUPPORTED = "0A000";
  static final String STRING_TOO_LONG = "22001";
  public static final String NUMBER_OUT_OF_RANGE = "22003";
  static final String DATE_OUT_OF_RANGE = "22008";
  public static final String DIVISION_BY_ZERO = "22012";
  static final String NOT_IN_ENCODING = "22021";
  static final String INVALID_PARAMETER_VALUE = "22023";
  static final String STRING_LENGTH_MISMATCH = "22026";
  static final String INVALID_TEXT = "22P02";
  static final String BAD_FILE_FORMAT = "22P04";
  static final String UNTRANSLATABLE_CHARACTER = "22P05";
  public static final String NOT_NULL_VIOLATION = "23502";
  static final String FOREIGN_KEY_VIOLATION = "23503";
  public static final String UNIQUE_VIOLATION = "23505";
  public static final String CHECK_VIOLATION = "23514";
  public static final String EXCLUSION_VIOLATION = "23P01";
  public static final String INVALID_TRANSACTION_STATE = "25000";
  static final String READ_ONLY_TRANSACTION = "25006";
  static final String NO_SUCH_DATABASE = "3D000";
  static final String NO_SUCH_SCHEMA = "3F000";
  static final String SERIALIZATION_FAILURE = "40001";
  static final String DEADLOCK = "40P01";
  static final String INSUFFICIENT_PRIVILEGE = "42501";
  public static final String SYNTAX_ERROR = "42601";
  public static final String NO_SUCH_FUNCTION = "42883";
  static final String DUPLICATE_SCHEMA = "42P06";
  static final String DUPLICATE_OBJECT = "42710";
  static final String LIMIT_EXCEEDED = "54000";
  public static final String NOT_IN_PREREQUISITE_STATE = "55000";
  public static final String LOCK_NOT_AVAILABLE = "55P03";
  public static final String QUERY_CANCELED = "57014";
  static final String UNDEFINED_FILE = "58P01";
  static final String RAISED_BY_FUNCTION = "P0001";
  public static final String INTERNAL_ERROR = "XX000";

  private SqlState() {}
}
