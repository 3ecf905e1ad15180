package s3topostgres.config;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether the files of a folder are one table together, and which object says that they are
 * complete.
 *
 * @param setting the marker's name, which is the end of its object key behind the last slash;
 *     {@code none} where each file is a whole table, whatever its name; empty if it is not set
 */
public record SetMarker(Optional<String> setting) {
  /** Characters that need no encoding in a notification's filter. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9!_.'()-]+");

  private static final Pattern EXTENSION = Pattern.compile("(?i)\\.csv(\\.gz)?$");

  /** How writers name one of several files, without the extension. */
  private static final Pattern PART =
      Pattern.compile(
          String.join(
              "|",
              // Spark, MapReduce, Databricks, pyarrow and Flink; Glue puts the run before it.
              "(run-\\d+-)?part-([mr]-)?(\\d+|[0-9a-f]{8}-[0-9a-f-]{27}-\\d+)([-.].*)?",
              ".*\\d{4}_part_\\d{2,}", // Redshift
              ".*\\.part_\\d{5}", // Aurora MySQL
              ".*-\\d+-of-\\d+", // Beam
              "data_([0-9a-f-]{36}_)?(0|[1-9]\\d{0,2})(_(0|[1-9]\\d{0,2})){2}", // Snowflake
              "0\\d{5}_\\d+(_copy_\\d+)?", // Hive
              ".*_bucket-\\d{5}", // Athena and awswrangler
              "(?=\\D*\\d)(?=.*?[A-Z])(?=.*?[a-z])[A-Za-z0-9]{16}_\\d+", // DataFusion
              "(.*\\D)?0{6}\\d{6}")); // BigQuery

  /** The second and later files of {@code aws_s3.query_export_to_s3}, behind the first's key. */
  private static final Pattern EXPORTED = Pattern.compile("(.*[^/])_part\\d+", Pattern.DOTALL);

  static SetMarker read(Environment environment) {
    SetMarker marker = new SetMarker(environment.optional("S3_SET_MARKER"));
    Optional<String> name = marker.name();
    if (name.isPresent() && !NAME.matcher(name.get()).matches()) {
      environment.problem(
          "S3_SET_MARKER is \"%s\"; it takes none, or the name of an object of A to Z, a to z, digits and ! - _ . ' ( ), without its folder"
              .formatted(name.get()));
    }
    if (name.filter(EXTENSION.asPredicate()).isPresent()) {
      environment.problem(
          "S3_SET_MARKER is \"%s\"; an object that ends in .csv or .csv.gz is a file of the set, not its marker"
              .formatted(name.get()));
    }
    return marker;
  }

  /** The marker's name; empty where each file is loaded by itself. */
  public Optional<String> name() {
    return setting.filter(name -> !name.equals("none"));
  }

  /** Whether an object with this key is a marker. */
  public boolean is(String objectKey) {
    return name().filter(lastSegment(objectKey)::equals).isPresent();
  }

  /** Whether the name of an object is that of one of several files. */
  static boolean isPart(String objectKey) {
    return PART.matcher(EXTENSION.matcher(lastSegment(objectKey)).replaceFirst("")).matches();
  }

  /** Whether an object in the folder of a set belongs to it, by its name. */
  public static boolean mayBelong(String objectKey) {
    return EXTENSION.matcher(objectKey).find()
        || firstOfExport(objectKey).isPresent()
        || isPart(objectKey);
  }

  /**
   * The key of the first file of an export by {@code aws_s3.query_export_to_s3}, which may have any
   * name; empty where the object is not named like a later one.
   */
  public static Optional<String> firstOfExport(String objectKey) {
    Matcher later = EXPORTED.matcher(objectKey);
    return later.matches() ? Optional.of(later.group(1)) : Optional.empty();
  }

  /** The key that a file of a set would have with this extension: jobs write others, or none. */
  static String withExtension(String objectKey, String extension) {
    return EXTENSION.matcher(firstOfExport(objectKey).orElse(objectKey)).replaceFirst("")
        + extension;
  }

  /** What the keys of the objects in the same folder begin with: all up to the last slash. */
  public static String folder(String objectKey) {
    return objectKey.substring(0, objectKey.lastIndexOf('/') + 1);
  }

  private static String lastSegment(String objectKey) {
    return objectKey.substring(objectKey.lastIndexOf('/') + 1);
  }
}
