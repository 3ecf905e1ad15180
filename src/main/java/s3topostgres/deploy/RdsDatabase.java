package s3topostgres.deploy;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.rds.RdsClient;
import software.amazon.awssdk.services.rds.model.DBCluster;
import software.amazon.awssdk.services.rds.model.DBInstance;

/**
 * A database that RDS can associate roles with: an Aurora cluster, or a DB instance outside of any
 * cluster.
 *
 * @param kind as in the AWS CLI's commands
 */
record RdsDatabase(String kind, String identifier) {
  /** What a role is associated for. */
  static final String FEATURE = "s3Import";

  private static final String INSTANCE = "db-instance";
  private static final String CLUSTER = "db-cluster";

  /**
   * The state of a database, as RDS describes it.
   *
   * @param status such as {@code available} or {@code stopped}
   * @param cluster the cluster of an instance; empty for a cluster or an instance outside of any
   * @param association of the one role that the feature can have; empty for none
   */
  record State(String status, Optional<String> cluster, Optional<Association> association) {}

  /**
   * A role that is associated with a database.
   *
   * @param status {@code ACTIVE}, {@code PENDING} or {@code INVALID}
   */
  record Association(String role, String status) {}

  /**
   * Reads the database from a custom resource's properties.
   *
   * @throws RoleException unless they name exactly one, in lower case as RDS does
   */
  static RdsDatabase of(Map<String, Object> properties) {
    String instance = properties.getOrDefault("Instance", "").toString();
    String cluster = properties.getOrDefault("Cluster", "").toString();
    if (instance.isEmpty() == cluster.isEmpty()) {
      throw new RoleException(
          "Set one of DB_INSTANCE_IDENTIFIER and, for Aurora, DB_CLUSTER_IDENTIFIER, not both.");
    }
    RdsDatabase named = new RdsDatabase(cluster.isEmpty() ? INSTANCE : CLUSTER, instance + cluster);
    // The policies of serverless.yml put the name into ARNs, which are in lower case at RDS.
    if (!named.identifier.equals(named.identifier.toLowerCase(Locale.ROOT))) {
      throw new RoleException(
          "%s is \"%s\", but RDS keeps names in lower case. Write it so."
              .formatted(named.setting(), named.identifier));
    }
    return named;
  }

  /** Reads the database from a custom resource's properties; empty where {@link #of} throws. */
  static Optional<RdsDatabase> find(Map<String, Object> properties) {
    try {
      return Optional.of(of(properties));
    } catch (RoleException e) {
      return Optional.empty();
    }
  }

  State describe(RdsClient rds) {
    if (isCluster()) {
      DBCluster found =
          rds.describeDBClusters(call -> call.dbClusterIdentifier(identifier)).dbClusters().get(0);
      return new State(
          found.status(),
          Optional.empty(),
          found.associatedRoles().stream()
              .filter(role -> FEATURE.equals(role.featureName()))
              .map(role -> new Association(role.roleArn(), role.status()))
              .findFirst());
    }
    DBInstance found =
        rds.describeDBInstances(call -> call.dbInstanceIdentifier(identifier)).dbInstances().get(0);
    return new State(
        found.dbInstanceStatus(),
        Optional.ofNullable(found.dbClusterIdentifier()),
        found.associatedRoles().stream()
            .filter(role -> FEATURE.equals(role.featureName()))
            .map(role -> new Association(role.roleArn(), role.status()))
            .findFirst());
  }

  /** Begins to associate the role; {@link #describe} tells when the association is active. */
  void add(RdsClient rds, String role) {
    if (isCluster()) {
      rds.addRoleToDBCluster(
          call -> call.dbClusterIdentifier(identifier).roleArn(role).featureName(FEATURE));
    } else {
      rds.addRoleToDBInstance(
          call -> call.dbInstanceIdentifier(identifier).roleArn(role).featureName(FEATURE));
    }
  }

  /** Begins to remove the role; {@link #describe} tells when it is gone. */
  void remove(RdsClient rds, String role) {
    if (isCluster()) {
      rds.removeRoleFromDBCluster(
          call -> call.dbClusterIdentifier(identifier).roleArn(role).featureName(FEATURE));
    } else {
      rds.removeRoleFromDBInstance(
          call -> call.dbInstanceIdentifier(identifier).roleArn(role).featureName(FEATURE));
    }
  }

  /** The physical ID of the association; CloudFormation takes another ID for another resource. */
  String physicalResourceId() {
    return "%s/%s/%s".formatted(kind, identifier, FEATURE);
  }

  /** The variable that names the database. */
  String setting() {
    return isCluster() ? "DB_CLUSTER_IDENTIFIER" : "DB_INSTANCE_IDENTIFIER";
  }

  /** A command of the AWS CLI, such as {@code start} for {@code start-db-instance}. */
  String command(String verb) {
    return "aws rds %s-%s --%s-identifier %s".formatted(verb, kind, kind, identifier);
  }

  @Override
  public String toString() {
    return (isCluster() ? "Aurora cluster " : "DB instance ") + identifier;
  }

  private boolean isCluster() {
    return kind.equals(CLUSTER);
  }
}
