package s3topostgres.postgres;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.LoadException;
import s3topostgres.config.CsvFormat;
import s3topostgres.s3.StoredObject;
import s3topostgres.s3.Upload;

/**
 * Imports by RDS's extension {@code aws_s3}: the database itself fetches the object and loads it.
 *
 * @param hasRows looks within a time limit whether a file has rows
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.S3Import.Reference.html">aws_s3
 *     functions</a>
 */
public record AwsS3Import(CsvFormat format, BiPredicate<Upload, Duration> hasRows, boolean freeze)
    implements ObjectImport {
  /** Matches {@code 7 rows imported into relation "people" from file people.csv of 259 bytes}. */
  private static final Pattern ROWS = Pattern.compile("^(\\d{1,18})\\b");

  /**
   * Errors that users of the real extension saw for good files, under heavy load: {@code invalid
   * input syntax} and {@code extra data after last expected column}.
   */
  private static final Set<String> MAY_REFUSE_GOOD_FILES =
      Set.of(SqlState.INVALID_TEXT, SqlState.BAD_FILE_FORMAT);

  private static final Logger log = LoggerFactory.getLogger(AwsS3Import.class);

  @Override
  public void install(Session session) throws SQLException {
    AwsS3Extension.install(session);
  }

  @Override
  public boolean unpacks(StoredObject object) {
    return object.saysOnlyGzip();
  }

  @Override
  public boolean pinsObject() {
    return false;
  }

  @Override
  public ObjectImport frozen() {
    return new AwsS3Import(format, hasRows, true);
  }

  @Override
  public boolean isWorthRepeating(LoadException failure) {
    return failure.sqlState().filter(MAY_REFUSE_GOOD_FILES::contains).isPresent()
        || AwsS3Errors.isNoRows(failure);
  }

  @Override
  public long run(
      Session session,
      String into,
      TargetTable target,
      List<TargetTable.Column> columns,
      Upload upload,
      StoredObject object,
      ImportWatch watch)
      throws SQLException {
    String answer;
    long before;
    try {
      silenceTriggers(session, into);
      before = inserted(session, into);
      answer =
          freeze
              ? importFrozen(session, into, columns, upload)
              : importOnceOrTwice(session, into, columns, upload, watch);
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
    log.warn("aws_s3 gave an answer that is not known, so the rows are counted");
    return inserted(session, into) - before;
  }

  /** Suppresses triggers' notices: there may be one for each row, and the driver keeps all. */
  private static void silenceTriggers(Session session, String into) throws SQLException {
    session.query(
        """
        SELECT set_config('client_min_messages', 'error', true)
        WHERE EXISTS (
          SELECT FROM pg_trigger WHERE tgrelid = to_regclass(?) AND NOT tgisinternal)""",
        row -> true,
        into);
  }

  /** Counts the rows that this transaction inserted; other sessions may insert, too. */
  private static long inserted(Session session, String into) throws SQLException {
    return session.one(
        """
            SELECT sum(pg_stat_get_xact_tuples_inserted(oid))
            FROM (
              SELECT to_regclass(?) AS oid
              UNION SELECT relid FROM pg_partition_tree(to_regclass(?))) AS parts""",
        row -> row.getLong(1),
        into,
        into);
  }

  /** Imports in the caller's subtransaction; for its locks see {@link Session#savepoint}. */
  private String importFrozen(
      Session session, String into, List<TargetTable.Column> columns, Upload upload)
      throws SQLException {
    session.execute(SessionSettings.IDLE.formatted("5s"));
    String answer = importOnce(session, into, columns, upload);
    session.execute(SessionSettings.IDLE.formatted("30s"));
    return answer;
  }

  /** Imports again after an error that may be the extension's; a file without rows is no error. */
  private String importOnceOrTwice(
      Session session,
      String into,
      List<TargetTable.Column> columns,
      Upload upload,
      ImportWatch watch)
      throws SQLException {
    session.savepoint("importing");
    Duration left = session.deadline().left();
    try {
      String answer = importOnce(session, into, columns, upload);
      session.release("importing");
      return answer;
    } catch (SQLException e) {
      Duration taken = left.minus(session.deadline().left());
      boolean noRows = AwsS3Errors.isNoRows(e);
      if (watch.isOver() || !noRows && !MAY_REFUSE_GOOD_FILES.contains(SqlErrors.state(e))) {
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
          "importing once more: aws_s3 failed with SQLSTATE {}, as it sometimes does with good files",
          e.getSQLState());
      return importOnce(session, into, columns, upload);
    }
  }

  private String importOnce(
      Session session, String into, List<TargetTable.Column> columns, Upload upload)
      throws SQLException {
    return session.one(
        "SELECT aws_s3.table_import_from_s3(?, ?, ?, ?, ?, ?)",
        row -> String.valueOf(row.getString(1)),
        into,
        CopyOptions.columns(columns),
        CopyOptions.of(format, columns, freeze),
        upload.object().bucket(),
        upload.object().key(),
        upload.region());
  }
}
