package s3topostgres.dms;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.Retry;
import s3topostgres.s3.ObjectLocation;

/**
 * A file of AWS DMS, by its name: {@code LOAD0000000A.csv} belongs to a full load and has a
 * hexadecimal counter from 1; {@code 20141029-1134010000.csv} holds changes and has their time.
 * Either may end in {@code .csv.gz}.
 *
 * @param time of a change file, in digits that sort as the files do; empty for a full load's file
 * @param sequence the object key without the counter, which numbers a series of files
 * @param counter in the name, from 1; 0 for a change file
 * @see <a href="https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html">Using Amazon
 *     S3 as a target for AWS DMS</a>
 */
public record DmsFile(Optional<String> time, String sequence, long counter) {
  /** Matches object keys of full loads in any case, in Postgres, too. */
  public static final String FULL_LOAD = "LOAD([0-9A-F]{5,8})\\.csv(?:\\.gz)?$";

  /** Matches the object key of the first file of a series. */
  public static final String FIRST = "LOAD0+1\\.csv(?:\\.gz)?$";

  /** Matches object keys of change files in any case, in Postgres, too. The group is the time. */
  public static final String CHANGES = "(?:^|/)(\\d{8}-\\d{6,12})\\.csv(?:\\.gz)?$";

  private static final DateTimeFormatter NAMED = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");
  private static final DateTimeFormatter HOUR = DateTimeFormatter.ofPattern("yyyyMMddHH");

  /** Matches the folders of DatePartitionEnabled that begin with the year. */
  private static final Pattern DATE = Pattern.compile("\\d{4}([-_/]?)\\d\\d(\\1\\d\\d){0,2}/");

  /** The setting DatePartitionTimezone of DMS shifts the date of a folder by no more. */
  private static final Duration FARTHEST_ZONE = Duration.ofHours(14);

  private static final Pattern FULL_LOAD_KEY = Pattern.compile(FULL_LOAD, Pattern.CASE_INSENSITIVE);
  private static final Pattern CHANGES_KEY = Pattern.compile(CHANGES, Pattern.CASE_INSENSITIVE);

  /**
   * Reads the name of an object.
   *
   * @throws LoadException {@code OBJECT_UNREADABLE} when it is no name of DMS's files for one table
   */
  public static DmsFile of(ObjectLocation object) {
    return find(object).orElseThrow(() -> foreign(object.key()));
  }

  /** Reads the name of an object; empty when it is no name of DMS's files for one table. */
  public static Optional<DmsFile> find(ObjectLocation object) {
    Matcher changes = CHANGES_KEY.matcher(object.key());
    if (changes.find()) {
      return Optional.of(new DmsFile(Optional.of(changes.group(1)), "", 0));
    }
    Matcher full = FULL_LOAD_KEY.matcher(object.key());
    return full.find()
        ? Optional.of(
            new DmsFile(
                Optional.empty(),
                object.key().substring(0, full.start()),
                Long.parseLong(full.group(1), 16)))
        : Optional.empty();
  }

  /** Whether the file belongs to a full load; if not, it holds changes. */
  public boolean isFullLoad() {
    return time.isEmpty();
  }

  /**
   * Whether the file was uploaded about when it was written. If not, it was put there later, and
   * the times of uploads do not tell the order.
   */
  public boolean wasUploadedWhenWritten(Instant uploaded) {
    return written()
        .map(written -> Duration.between(written.toInstant(ZoneOffset.UTC), uploaded).abs())
        .filter(between -> between.compareTo(Duration.ofDays(1)) < 0)
        .isPresent();
  }

  /** The time in the name, in UTC; empty where its digits are no time. */
  private Optional<LocalDateTime> written() {
    try {
      return time.map(digits -> LocalDateTime.parse(digits.substring(0, 15), NAMED));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  /**
   * Whether object keys like this one sort by the time in their names, and a full load's behind
   * those of changes. Changes may be in folders of their date that begin with the year: not in
   * those of the formats MMYYYYDD and DDMMYYYY of DMS.
   *
   * @param prefix of all object keys of the table
   */
  static boolean sortsByTime(ObjectLocation object, String prefix) {
    if (!object.key().startsWith(prefix)) {
      return false;
    }
    String rest = object.key().substring(prefix.length());
    DmsFile file = of(object);
    if (file.isFullLoad()) {
      return rest.compareTo(":") > 0; // The character behind the digits.
    }
    String date = rest.substring(0, rest.lastIndexOf('/') + 1);
    String digits = DATE.matcher(date).matches() ? date.replaceAll("\\D", "") : "";
    return date.isEmpty()
        || file.written()
            .filter(time -> isBetween(digits, time.minus(FARTHEST_ZONE), time.plus(FARTHEST_ZONE)))
            .isPresent();
  }

  /** Whether a date of some of these digits is between two times, and has a year at least. */
  private static boolean isBetween(String digits, LocalDateTime from, LocalDateTime to) {
    return !digits.isEmpty()
        && digits.compareTo(HOUR.format(from).substring(0, digits.length())) >= 0
        && digits.compareTo(HOUR.format(to).substring(0, digits.length())) <= 0;
  }

  private static LoadException foreign(String key) {
    String name = key.substring(key.lastIndexOf('/') + 1).toUpperCase(Locale.ROOT);
    return name.startsWith("CDC_TXN-")
        ? misplaced(
            "the file holds changes of many tables, in the order of transactions",
            "Set PreserveTransactions=false and no CdcPath for the S3 endpoint of DMS, so that each"
                + " table has a folder and files of its own, and reload the tables.")
        : misplaced(
            "its name is not one that AWS DMS gives, such as LOAD00000001.csv or 20141029-1134010000.csv, so"
                + " its place in the order is not known",
            "Keep other files out of the folder (S3_KEY_PREFIX, S3_KEY_PATTERN), or choose another"
                + " LOAD_MODE.");
  }

  private static LoadException misplaced(String why, String whatToDo) {
    return ErrorCode.OBJECT_UNREADABLE.failure(why, whatToDo).retry(Retry.NEVER);
  }
}
