package s3topostgres.postgres;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * RDS's {@code aws_s3} extension, by which the database itself fetches an object and loads it.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.S3Import.Reference.html">aws_s3
 *     functions</a>
 */
public final class AwsS3Import implements ObjectImport {
  /** {@code 7 rows imported into relation "people" from file people.csv of 259 bytes}. */
  private static final Pattern ROWS = Pattern.compile("^(\\d{1,18})\\b");

  /**
   * What users of the real extension saw for good files, at times of much load: {@code invalid
   * input syntax} and {@code extra data after last expected column}.
   */
  private static final Set<String> MAY_REFUSE_GOOD_FILES =
      Set.of(SqlState.INVALID_TEXT, SqlState.BAD_FILE_FORMAT);

  private static final Logger log = LoggerFactory.getLogger(AwsS3Import.class);

  private static final String GRANT =
      "GRANT USAGE ON SCHEMA aws_s3 and EXECUTE ON FUNCTION aws_s3.table_import_from_s3(text, text,"
          + " text, text, text, text, text, text, text) TO the database user";

  private static final String SETUP =
      "An rds_superuser runs CREATE EXTENSION aws_s3 CASCADE; " + GRANT + ".";

  private final CsvFormat format;
  private final BiPredicate<Upload, Duration> hasRows;

  /**
   * @param hasRows looks within a time limit whether a file has rows
   */
  public AwsS3Import(CsvFormat format, BiPredicate<Upload, Duration> hasRows) {
    this.format = format;
    this.hasRows = hasRows;
  }

  @Override
  public void install(Session session) throws SQLException {
    boolean missing =
        session.query("SELECT FROM pg_extension WHERE extname = 'aws_s3'", row -> true).isEmpty();
    if (missing) {
      try {
        session.execute("CREATE EXTENSION IF NOT EXISTS aws_s3 CASCADE");
      } catch (SQLException e) {
        switch (SqlErrors.state(e)) {
          // Another load has just installed it.
          case SqlState.UNIQUE_VIOLATION, SqlState.DUPLICATE_OBJECT, SqlState.DUPLICATE_SCHEMA -> {}
          case SqlState.INSUFFICIENT_PRIVILEGE ->
              throw unavailable("the database has no extension aws_s3", SETUP)
                  .sqlState(e.getSQLState());
          case SqlState.UNDEFINED_FILE, SqlState.FEATURE_NOT_SUPPORTED ->
              throw notOffered().sqlState(e.getSQLState());
          default -> throw e;
        }
      }
    }
  }

  @Override
  public boolean unpacks(StoredObject object) {
    return object.saysGzip();
  }

  @Override
  public boolean pinsObject() {
    return false;
  }

  @Override
  public long run(
      Session session,
      String into,
      TargetTable target,
      List<TargetTable.Column> columns,
      Upload upload,
      StoredObject object)
      throws SQLException {
    String answer;
    try {
      answer = importOnceOrTwice(session, into, columns, upload);
    } catch (SQLException e) {
      throw Optional.of(e)
          .filter(error -> !ImportErrors.isOfTheTable(error, target))
          .flatMap(AwsS3Errors::of)
          .orElseGet(
              () -> ImportErrors.translate(e, target, format.encoding(), session.deadline()));
    }
    Matcher rows = ROWS.matcher(answer);
    if (rows.find()) {
      return Long.parseLong(rows.group(1));
    }
    log.warn("aws_s3 answered in words that are not known, so the rows are counted");
    return session.query("SELECT count(*) FROM " + into, row -> row.getLong(1)).get(0);
  }

  /** The extension takes a file without rows for an error, and at times a good one, too. */
  private String importOnceOrTwice(
      Session session, String into, List<TargetTable.Column> columns, Upload upload)
      throws SQLException {
    session.savepoint("importing");
    long start = System.nanoTime();
    try {
      String answer = importOnce(session, into, columns, upload);
      session.release("importing");
      return answer;
    } catch (SQLException e) {
      Duration taken = Duration.ofNanos(System.nanoTime() - start);
      boolean noRows = AwsS3Errors.isNoRows(e);
      if (!noRows && !MAY_REFUSE_GOOD_FILES.contains(SqlErrors.state(e))) {
        throw e;
      }
      session.rollbackTo("importing");
      session.release("importing");
      if (noRows && !hasRows.test(upload, session.deadline().left())) {
        return "0 rows";
      }
      if (session.deadline().before(taken).passed()) {
        throw e;
      }
      log.warn(
          "importing once more: aws_s3 failed with SQLSTATE {}, as it does at times with good files",
          e.getSQLState());
      return importOnce(session, into, columns, upload);
    }
  }

  private String importOnce(
      Session session, String into, List<TargetTable.Column> columns, Upload upload)
      throws SQLException {
    return session
        .query(
            "SELECT aws_s3.table_import_from_s3(?, ?, ?, ?, ?, ?)",
            row -> String.valueOf(row.getString(1)),
            into,
            columns.stream().map(TargetTable.Column::quoted).collect(joining(", ")),
            copyOptions(format),
            upload.object().bucket(),
            upload.object().key(),
            upload.region())
        .get(0);
  }

  /** The options as {@code COPY} takes them, all of them, so that no default is left to guess. */
  static String copyOptions(CsvFormat format) {
    return "(FORMAT csv, HEADER %s, DELIMITER %s, QUOTE %s, ESCAPE %s, NULL %s, ENCODING %s)"
        .formatted(
            format.header() == CsvFormat.Header.NONE ? "false" : "true",
            literal(String.valueOf(format.delimiter())),
            literal(String.valueOf(format.quote())),
            literal(String.valueOf(format.escape())),
            literal(format.nullText()),
            literal(format.encoding().toUpperCase(Locale.ROOT)));
  }

  /** A string constant; backslashes stand for themselves, as the standard has it. */
  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  /**
   * Finds out whether the extension is there and open to us, without installing it.
   *
   * @return whether it is there; if not, the first load will install it
   * @throws LoadException {@code IMPORT_UNAVAILABLE} when it is not, and no load can install it
   */
  public static boolean checkExtension(Session session) throws SQLException {
    String found =
        session
            .query(
                """
                SELECT CASE
                  WHEN NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'aws_s3') THEN 'unknown'
                  WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'aws_s3') THEN
                    CASE WHEN EXISTS (
                      SELECT FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
                      WHERE n.nspname = 'aws_s3' AND f.proname = 'table_import_from_s3' AND f.pronargs = 9
                        AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(f.oid, 'EXECUTE'))
                    THEN 'open' ELSE 'closed' END
                  -- Whom RDS lets install it.
                  WHEN EXISTS (
                    SELECT FROM pg_roles r
                    WHERE (r.rolname = 'rds_superuser' AND pg_has_role(r.oid, 'MEMBER'))
                      OR (r.rolname = current_user AND r.rolsuper)) THEN 'installable'
                  ELSE 'missing' END""",
                row -> row.getString(1))
            .get(0);
    return switch (found) {
      case "open" -> true;
      case "installable" -> false;
      case "closed" -> throw closed();
      case "missing" -> throw unavailable("the database has no extension aws_s3", SETUP);
      default -> throw notOffered();
    };
  }

  /**
   * Finds out whether the database could read objects of a bucket: fetches one that is not there
   * into a temporary table. The session must be closed afterwards, which rolls back.
   *
   * <p>The extension asks S3 for the object before it copies; S3 says that there is none (404) only
   * to who may read and list the bucket, and otherwise denies the access (403).
   *
   * @throws LoadException {@code IMPORT_UNAVAILABLE} or {@code OBJECT_UNREADABLE} when it could not
   */
  public static void checkAccess(Session session, String bucket, String absentKey, String region)
      throws SQLException {
    session.begin();
    session.execute("CREATE TEMPORARY TABLE s3_load_check (line text) ON COMMIT DROP");
    try {
      session.execute(
          "SELECT aws_s3.table_import_from_s3('s3_load_check', '', '(FORMAT csv)', ?, ?, ?)",
          bucket,
          absentKey,
          region);
    } catch (SQLException e) {
      if (SqlErrors.state(e).equals(SqlState.QUERY_CANCELED) || SqlErrors.isConnectionLost(e)) {
        throw AwsS3Errors.noRoute();
      }
      if (!AwsS3Errors.isNotFound(e)) {
        throw AwsS3Errors.of(e).orElseThrow(() -> e);
      }
    }
  }

  /** The failure for an extension that the user may not use. */
  static LoadException closed() {
    return unavailable(
        "the database user may not use aws_s3",
        GRANT + ", and GRANT INSERT on every column of the file.");
  }

  private static LoadException notOffered() {
    return unavailable(
        "this Postgres does not offer the extension aws_s3",
        "It comes with Amazon RDS and Aurora, in versions that support S3 import.");
  }

  static LoadException unavailable(String why, String whatToDo) {
    return new LoadException(ErrorCode.IMPORT_UNAVAILABLE, why, whatToDo);
  }
}
