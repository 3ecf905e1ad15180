package s3topostgres.postgres;

import java.sql.SQLException;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;

/**
 * Installs the extension {@code aws_s3}, and checks that it is usable: installed, granted to the
 * database user, and able to read the bucket.
 */
public final class AwsS3Extension {
  private static final String GRANT =
      "GRANT USAGE ON SCHEMA aws_s3 and EXECUTE ON FUNCTION aws_s3.table_import_from_s3(text, text,"
          + " text, text, text, text, text, text, text) TO the database user";

  private static final String SETUP =
      "An rds_superuser runs CREATE EXTENSION aws_s3 CASCADE; " + GRANT + ".";

  private AwsS3Extension() {}

  /**
   * Installs the extension if it is missing, in a transaction of its own.
   *
   * @throws LoadException {@code IMPORT_UNAVAILABLE} when the user may not install it, or this
   *     Postgres does not offer it
   */
  static void install(Session session) throws SQLException {
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
              throw ErrorCode.IMPORT_UNAVAILABLE
                  .failure("the database has no extension aws_s3", SETUP)
                  .sqlState(e.getSQLState());
          case SqlState.UNDEFINED_FILE, SqlState.FEATURE_NOT_SUPPORTED ->
              throw notOffered().sqlState(e.getSQLState());
          default -> throw e;
        }
      }
    }
  }

  /**
   * Checks whether the database user may use the extension, without installing it.
   *
   * @return whether it is installed; if not, the first load will install it
   * @throws LoadException {@code IMPORT_UNAVAILABLE} when the user may not use or install it
   */
  public static boolean check(Session session) throws SQLException {
    String found =
        session.one(
            """
                SELECT CASE
                  WHEN NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'aws_s3') THEN 'unknown'
                  WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'aws_s3') THEN
                    CASE WHEN EXISTS (
                      SELECT FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
                      WHERE n.nspname = 'aws_s3' AND f.proname = 'table_import_from_s3' AND f.pronargs = 9
                        AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(f.oid, 'EXECUTE'))
                    THEN 'open' ELSE 'closed' END
                  -- RDS lets these roles install it.
                  WHEN EXISTS (
                    SELECT FROM pg_roles r
                    WHERE (r.rolname = 'rds_superuser' AND pg_has_role(r.oid, 'MEMBER'))
                      OR (r.rolname = current_user AND r.rolsuper)) THEN 'installable'
                  ELSE 'missing' END""",
            row -> row.getString(1));
    return switch (found) {
      case "open" -> true;
      case "installable" -> false;
      case "closed" -> throw closed();
      case "missing" ->
          throw ErrorCode.IMPORT_UNAVAILABLE.failure("the database has no extension aws_s3", SETUP);
      default -> throw notOffered();
    };
  }

  /**
   * Checks whether the database can read a bucket: imports an object that does not exist into a
   * temporary table. The caller closes the session, which rolls back.
   *
   * <p>S3 answers 404 only to a role that may read and list the bucket, and 403 to others.
   *
   * @throws LoadException {@code IMPORT_UNAVAILABLE}, {@code OBJECT_UNREADABLE} or {@code
   *     S3_UNAVAILABLE} when it cannot
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

  /** The failure when the user may not use the extension. */
  static LoadException closed() {
    return ErrorCode.IMPORT_UNAVAILABLE.failure(
        "the database user may not use aws_s3",
        GRANT + ", and GRANT INSERT on every column of the file.");
  }

  private static LoadException notOffered() {
    return ErrorCode.IMPORT_UNAVAILABLE.failure(
        "this Postgres does not offer the extension aws_s3",
        "It comes with Amazon RDS and Aurora, in versions that support S3 import.");
  }
}
