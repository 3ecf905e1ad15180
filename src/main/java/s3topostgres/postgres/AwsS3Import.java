package s3topostgres.postgres;

import static java.util.stream.Collectors.joining;

import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.s3.Upload;

/**
 * RDS's {@code aws_s3} extension, by which the database itself fetches an object and loads it.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.S3Import.Reference.html">aws_s3
 *     functions</a>
 */
public final class AwsS3Import implements ObjectImport {
  private static final Pattern ANSWER =
      Pattern.compile("(\\d+) rows? imported .* (\\d+) bytes.*", Pattern.DOTALL);

  private static final String GRANT =
      "GRANT USAGE ON SCHEMA aws_s3 and EXECUTE ON FUNCTION aws_s3.table_import_from_s3(text, text,"
          + " text, text, text, text, text, text, text) TO the database user";

  private static final String SETUP =
      "An rds_superuser runs CREATE EXTENSION aws_s3 CASCADE; " + GRANT + ".";

  private final CsvFormat format;

  public AwsS3Import(CsvFormat format) {
    this.format = format;
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
  public Imported run(
      Session session,
      String into,
      TargetTable target,
      List<TargetTable.Column> columns,
      Upload upload)
      throws SQLException {
    try {
      return session
          .query(
              "SELECT aws_s3.table_import_from_s3(?, ?, ?, ?, ?, ?)",
              row -> imported(row.getString(1)),
              into,
              columns.stream().map(TargetTable.Column::quoted).collect(joining(", ")),
              copyOptions(format),
              upload.object().bucket(),
              upload.object().key(),
              upload.region())
          .get(0);
    } catch (SQLException e) {
      throw ImportErrors.translate(e, target, format.encoding(), session.deadline());
    }
  }

  private static Imported imported(String answer) {
    Matcher matcher = ANSWER.matcher(answer);
    if (!matcher.matches()) {
      throw unavailable(
          "aws_s3 answered in words that this version does not know, so the rows cannot be counted",
          "Update this function.");
    }
    return new Imported(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
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
                      WHERE n.nspname = 'aws_s3' AND f.proname = 'table_import_from_s3'
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
        throw ImportErrors.noRoute();
      }
      if (!SqlErrors.state(e).equals(SqlState.INTERNAL_ERROR)) {
        throw e;
      }
      LoadException failure = ImportErrors.awsS3(e);
      if (!ImportErrors.isNotFound(e)) {
        throw failure;
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
