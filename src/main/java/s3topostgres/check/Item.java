package s3topostgres.check;

import java.time.Duration;
import java.util.List;

/** The things that a load needs, in the order in which they are checked and reported. */
public enum Item {
  /** The settings, read as when the function starts. */
  SETTINGS("settings", 5, "Run it again."),
  /** The address of the database's host name. */
  NAME("name resolution", 5, "Check the VPC's DNS settings and DB_HOST.", SETTINGS),
  /** An open port at that address. */
  TCP(
      "TCP",
      5,
      "Check the security groups and routes between the function and the database.",
      NAME),
  /** The function's access to the bucket. */
  BUCKET("S3 from the function", 8, Item.NO_ROUTE, SETTINGS),
  /** The bucket's notifications of the function that loads. */
  NOTIFICATIONS("the bucket's notifications", 8, Item.NO_ROUTE, BUCKET),
  /** The place where the function puts the results of loads. */
  RESULTS("results of loads", 8, Item.NO_ROUTE, BUCKET),
  /** The function's access to the parameters that the settings name. */
  PARAMETERS(
      "Systems Manager from the function",
      8,
      "Give the function's subnets an interface endpoint for Systems Manager (ssm) that lets the"
          + " function's security group in on port 443, or a NAT gateway.",
      SETTINGS),
  /** A connection that is encrypted as DB_SSL_MODE requires. */
  TLS(
      "TLS",
      10,
      "Check whether the database is overloaded, or DB_PORT belongs to another server.",
      TCP,
      PARAMETERS),
  /** The database's login. */
  LOGIN("login", 10, Item.OVERLOADED, TLS),
  /** The target table, which the mode can work with. */
  TABLE("table and privileges", 5, Item.OVERLOADED, LOGIN),
  /** The table in which loads are recorded. */
  HISTORY("history table", 5, Item.OVERLOADED, LOGIN),
  /** The extension aws_s3, which the database user may use. */
  EXTENSION("extension", 5, Item.OVERLOADED, LOGIN),
  /** The database's access to the bucket. */
  IMPORT(
      "S3 from the database",
      20,
      "Give the database's subnets a gateway endpoint for S3, and let its security group send to"
          + " port 443.",
      EXTENSION),
  /** The function's time and memory, which are enough for loads like the last ones. */
  LIMITS("time and memory", 5, Item.OVERLOADED, TABLE, HISTORY);

  private static final String NO_ROUTE =
      "Give the function's subnets a gateway endpoint for S3, and let its security group send to"
          + " port 443.";

  private static final String OVERLOADED = "Check whether the database is overloaded.";

  private final String label;
  private final Duration limit;
  private final String whenNoAnswer;
  private final List<Item> needs;

  Item(String label, int limitSeconds, String whenNoAnswer, Item... needs) {
    this.label = label;
    this.limit = Duration.ofSeconds(limitSeconds);
    this.whenNoAnswer = whenNoAnswer;
    this.needs = List.of(needs);
  }

  /** The item for people: {@code table and privileges}. */
  public String label() {
    return label;
  }

  /** How long the check may take. */
  Duration limit() {
    return limit;
  }

  /** What to do when there is no answer in time. */
  String whenNoAnswer() {
    return whenNoAnswer;
  }

  /** The earlier items that have to be there for this one to be checked. */
  List<Item> needs() {
    return needs;
  }
}
