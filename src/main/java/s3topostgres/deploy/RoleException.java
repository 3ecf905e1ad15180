package s3topostgres.deploy;

/** Why the database's role could not be changed, and what to do; shown by the deployment. */
final class RoleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RoleException(String message) {
    super(message);
  }
}
