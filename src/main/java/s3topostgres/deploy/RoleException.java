package s3topostgres.deploy;

/** A role that could not be changed. The message says why and what to do, for the deployment. */
final class RoleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  RoleException(String message) {
    super(message);
  }
}
