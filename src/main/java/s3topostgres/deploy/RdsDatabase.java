package s3topostgres.deploy;

import java.util.Locale;
import java.util.Map;

/**
 * A database as RDS names it.
 *
 * @param identifier of the DB instance or the Aurora cluster, in lower case as RDS keeps it
 */
record RdsDatabase(Kind kind, String identifier) {
  /** What RDS associates roles with: an Aurora cluster, or an instance that is none's. */
  enum Kind {
    INSTANCE("DBInstance", "DB_INSTANCE_IDENTIFIER", "db-instance"),
    CLUSTER("DBCluster", "DB_CLUSTER_IDENTIFIER", "db-cluster");

    private final String type;
    private final String setting;
    private final String option;

    Kind(String type, String setting, String option) {
      this.type = type;
      this.setting = setting;
      this.option = option;
    }

    /** The resource in the names of RDS's actions and elements. */
    String type() {
      return type;
    }

    /** The variable that names a database of this kind. */
    String setting() {
      return setting;
    }
  }

  RdsDatabase {
    // The policies of serverless.yml have the name in ARNs, which RDS writes in lower case.
    if (!identifier.equals(identifier.toLowerCase(Locale.ROOT))) {
      throw new RoleException(
          "%s is \"%s\", but RDS keeps names in lower case. Write it so."
              .formatted(kind.setting(), identifier));
    }
  }

  /**
   * The database of a custom resource's properties.
   *
   * @throws RoleException unless exactly one is named
   */
  static RdsDatabase of(Map<?, ?> properties) {
    String instance = text(properties, "Instance");
    String cluster = text(properties, "Cluster");
    if (instance.isEmpty() == cluster.isEmpty()) {
      throw new RoleException(
          instance.isEmpty()
              ? "Neither DB_INSTANCE_IDENTIFIER nor DB_CLUSTER_IDENTIFIER is set. Set one."
              : "DB_INSTANCE_IDENTIFIER and DB_CLUSTER_IDENTIFIER are both set, but the role is for"
                  + " one database. Set DB_CLUSTER_IDENTIFIER alone for Aurora, otherwise"
                  + " DB_INSTANCE_IDENTIFIER alone.");
    }
    return cluster.isEmpty()
        ? new RdsDatabase(Kind.INSTANCE, instance)
        : new RdsDatabase(Kind.CLUSTER, cluster);
  }

  /** The association's name for CloudFormation: another one means another resource. */
  String physicalResourceId() {
    return "%s/%s/%s".formatted(option(), identifier, RdsApi.FEATURE);
  }

  /** As in the AWS CLI's commands, such as {@code add-role-to-db-instance}. */
  String option() {
    return kind.option;
  }

  @Override
  public String toString() {
    return (kind == Kind.INSTANCE ? "DB instance " : "Aurora cluster ") + identifier;
  }

  private static String text(Map<?, ?> properties, String name) {
    return properties.get(name) instanceof String text ? text : "";
  }
}
