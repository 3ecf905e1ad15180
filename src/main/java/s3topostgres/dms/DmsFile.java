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
import s3topostgres.s3.ObjectLocation;

/**
 * A file that AWS DMS wrote, as its name tells: {@code LOAD0000000A.csv} belongs to a full load and
 * has a hexadecimal counter from 1; {@code 20141029-1134010000.csv} holds changes and has the time.
 * Either may end in {@code .csv.gz}.
 *
 * @param time of a file of changes, in digits that sort as the files do; empty for a full load's
 * @param sequence what the files have in common that one counter numbers: the key without it
 * @param counter in the file's name, from 1; 0 for a file of changes
 * @see <a href="https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html">Using Amazon
 *     S3 as a target for AWS DMS</a>
 */
public record DmsFile(Optional<String> time, String sequence, long counter) {
  /** Matches a full load's keys, in Postgres, too; in any case of letters. */
  public static final String FULL_LOAD = "LOAD([0-9A-F]{5,8})\\.csv(?:\\.gz)?$";

  /** Matches the key of a full load's first file, or of the first that a counter numbers. */
  public static final String FIRST = "LOAD0+1\\.csv(?:\\.gz)?$";

  /** Matches keys of changes, in Postgres, too; in any case of letters. The group is the time. */
  public static final String CHANGES = "(?:^|/)(\\d{8}-\\d{6,12})\\.csv(?:\\.gz)?$";

  private static final DateTimeFormatter NAMED = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");
  private static final Pattern FULL_LOAD_KEY = Pattern.compile(FULL_LOAD, Pattern.CASE_INSENSITIVE);
  private static final Pattern CHANGES_KEY = Pattern.compile(CHANGES, Pattern.CASE_INSENSITIVE);

  /**
   * @throws LoadException {@code OBJECT_UNREADABLE} when the key is none of DMS's for one table
   */
  public static DmsFile of(ObjectLocation object) {
    return find(object).orElseThrow(() -> foreign(object.key()));
  }

  /** Empty when the key is none of DMS's for one table. */
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

  /** Whether it is of a full load; if not, it holds changes. */
  public boolean isFullLoad() {
    return time.isEmpty();
  }

  /**
   * Whether the time in its name is about that at which it was uploaded. If not, somebody else has
   * put it there later, and the times of uploads say nothing of the order.
   */
  public boolean wasUploadedWhenWritten(Instant uploaded) {
    try {
      Instant written =
          LocalDateTime.parse(time.orElseThrow().substring(0, 15), NAMED).toInstant(ZoneOffset.UTC);
      return Duration.between(written, uploaded).abs().compareTo(Duration.ofDays(1)) < 0;
    } catch (DateTimeParseException e) {
      return false;
    }
  }

  private static LoadException foreign(String key) {
    String name = key.substring(key.lastIndexOf('/') + 1).toUpperCase(Locale.ROOT);
    return name.startsWith("CDC_TXN-")
        ? ErrorCode.OBJECT_UNREADABLE.failure(
            "the file holds changes of many tables, in the order of transactions",
            "Set PreserveTransactions=false and no CdcPath for the S3 endpoint of DMS, so that each"
                + " table has a folder and files of its own, and reload the tables.")
        : ErrorCode.OBJECT_UNREADABLE.failure(
            "its name is not one that AWS DMS gives, such as LOAD00000001.csv or 20141029-1134010000.csv, so"
                + " its place in the order is not known",
            "Keep other files out of the folder (S3_KEY_PREFIX, S3_KEY_PATTERN), or choose another"
                + " LOAD_MODE.");
  }
}
