package s3topostgres.check;

import java.util.List;

/** What is checked, in the order of the answer. */
public enum Item {
  /** Ours, read as when the function starts. */
  SETTINGS("settings", ""),
  /** The database's host name has an address. */
  NAME("name resolution", "Check the VPC's DNS settings and DB_HOST."),
  /** Something listens at that address. */
  TCP("TCP", "Check the security groups and routes between the function and the database."),
  /** The connection is encrypted as DB_SSL_MODE asks. */
  TLS("TLS", "Check whether the database is overloaded, or DB_PORT belongs to another server."),
  /** The database accepts the login. */
  LOGIN("login", "Check whether the database is overloaded."),
  /** The target table exists, and the mode can work with it. */
  TABLE("table and privileges", "Check whether the database is overloaded."),
  /** The loads can be recorded. */
  HISTORY("history table", "Check whether the database is overloaded."),
  /** The database has aws_s3, and we may use it. */
  EXTENSION("extension", "Check whether the database is overloaded."),
  /** The database may read the bucket and reaches it. */
  IMPORT(
      "S3 from the database",
      "Give the database's subnets a gateway endpoint for S3, and let its security group send to"
          + " port 443."),
  /** The function may read the bucket and reaches it. */
  BUCKET(
      "S3 from the function",
      "Give the function's subnets a gateway endpoint for S3, and let its security group send to"
          + " port 443."),
  /** The function may read its parameters and reaches them. */
  PARAMETERS(
      "Systems Manager from the function",
      "Give the function's subnets an interface endpoint for Systems Manager (ssm) that lets the"
          + " function's security group in on port 443, or a NAT gateway."),
  /** The function's time and memory are enough for loads like the last ones. */
  LIMITS("time and memory", "Check whether the database is overloaded.");

  private final String label;
  private final String whenNoAnswer;

  Item(String label, String whenNoAnswer) {
    this.label = label;
    this.whenNoAnswer = whenNoAnswer;
  }

  /** For people. */
  public String label() {
    return label;
  }

  /** What to do when there is no answer in time. */
  String whenNoAnswer() {
    return whenNoAnswer;
  }

  /** What has to be there for this to be looked at. */
  List<Item> needs() {
    return switch (this) {
      case SETTINGS -> List.of();
      case NAME, BUCKET, PARAMETERS -> List.of(SETTINGS);
      case TCP -> List.of(NAME);
      case TLS -> List.of(TCP, PARAMETERS);
      case LOGIN -> List.of(TLS);
      case TABLE, HISTORY, EXTENSION -> List.of(LOGIN);
      case IMPORT -> List.of(EXTENSION);
      case LIMITS -> List.of(TABLE, HISTORY);
    };
  }
}
