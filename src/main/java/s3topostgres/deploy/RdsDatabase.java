package s3topostgres.deploy;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.rds.RdsClient;
import software.amazon.awssdk.services.rds.model.DBCluster;
import software.amazon.awssdk.services.rds.model.DBInstance;

/**
 * What RDS associates roles with: an Aurora cluster, or a DB instance that belongs to none.
 *
 * @param kind as in the AWS CLI's commands
 */
record RdsDatabase(String kind, String identifier) {
  /** What a role is associated for. */
  static final String FEATURE = "s3Import";

  private static final String INSTANCE = "db-instance";
  private static final String CLUSTER = "db-cluster";

  /**
   * What RDS says of a database.
   *
   * @param cluster that an instance belongs to
   * @param association of the one role that the feature can have
   */
  record State(String status, Optional<String> cluster, Optional<Association> association) {}

  /**
   * @param status {@code ACTIVE}, {@code PENDING} or {@code INVALID}
   */
  record Association(String role, String status) {}

  /**
   * The database of a custom resource's properties.
   *
   * @throws RoleException unless exactly one is named, as RDS writes it
   */
  static RdsDatabase of(Map<String, Object> properties) {
    String instance = properties.getOrDefault("Instance", "").toString();
    String cluster = properties.getOrDefault("Cluster", "").toString();
    if (instance.isEmpty() == cluster.isEmpty()) {
      throw new RoleException(
          "Set one of DB_INSTANCE_IDENTIFIER and, for Aurora, DB_CLUSTER_IDENTIFIER, not both.");
    }
    RdsDatabase named = new RdsDatabase(cluster.isEmpty() ? INSTANCE : CLUSTER, instance + cluster);
    // The policies of serverless.yml have the name in ARNs, which RDS writes in lower case.
    if (!named.identifier.equals(named.identifier.toLowerCase(Locale.ROOT))) {
      throw new RoleException(
          "%s is \"%s\", but RDS keeps names in lower case. Write it so."
              .formatted(named.setting(), named.identifier));
    }
    return named;
  }

  /** {@link #of}, or nothing where that throws. */
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

  /** Begins to associate the role; {@link #describe} says when that is done. */
  void add(RdsClient rds, String role) {
    if (isCluster()) {
      rds.addRoleToDBCluster(
          call -> call.dbClusterIdentifier(identifier).roleArn(role).featureName(FEATURE));
    } else {
      rds.addRoleToDBInstance(
          call -> call.dbInstanceIdentifier(identifier).roleArn(role).featureName(FEATURE));
    }
  }

  /** Begins to remove the role. */
  void remove(RdsClient rds, String role) {
    if (isCluster()) {
      rds.removeRoleFromDBCluster(
          call -> call.dbClusterIdentifier(identifier).roleArn(role).featureName(FEATURE));
    } else {
      rds.removeRoleFromDBInstance(
          call -> call.dbInstanceIdentifier(identifier).roleArn(role).featureName(FEATURE));
    }
  }

  /** The association's name for CloudFormation: another one means another resource. */
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
