package s3topostgres.deploy;

/**
 * RDS said no.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AddRoleToDBInstance.html#API_AddRoleToDBInstance_Errors">AddRoleToDBInstance</a>,
 *     <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AddRoleToDBCluster.html#API_AddRoleToDBCluster_Errors">AddRoleToDBCluster</a>
 *     and <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/CommonErrors.html">common
 *     errors</a>
 */
final class RdsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;

  /**
   * @param status HTTP's
   * @param code RDS's, such as {@code InvalidDBInstanceState}
   */
  RdsException(int status, String code, String message) {
    super(code + ": " + message);
    this.status = status;
    this.code = code;
  }

  /** There is no such database. */
  boolean isNoSuchDatabase() {
    return code.startsWith("DBInstanceNotFound") || code.startsWith("DBClusterNotFound");
  }

  /** The database is being changed, backed up, started or stopped. */
  boolean isBusy() {
    return code.startsWith("InvalidDBInstanceState") || code.startsWith("InvalidDBClusterState");
  }

  /** The next look at the database tells more: it has such a role, or has it no more. */
  boolean isOvertaken() {
    return code.contains("RoleAlreadyExists") || code.contains("RoleNotFound");
  }

  /** Asked too often, or RDS is not well. */
  boolean isPassing() {
    return status >= 500 || code.startsWith("Throttling") || code.equals("RequestLimitExceeded");
  }

  /**
   * A role and its policies are new, and not known everywhere yet. What RDS then answers to a new
   * role is not documented; Terraform's provider waits on the same words.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency">IAM
   *     is eventually consistent</a>
   */
  boolean mayBeTooEarly() {
    return code.startsWith("AccessDenied")
        || code.startsWith("InvalidParameterValue") && getMessage().contains("role");
  }
}
