package s3topostgres.deploy;

import static java.util.stream.Collectors.joining;

import java.time.Duration;
import java.time.Instant;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.deploy.RdsDatabase.Association;
import s3topostgres.deploy.RdsDatabase.State;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.rds.RdsClient;
import software.amazon.awssdk.services.rds.model.DbClusterNotFoundException;
import software.amazon.awssdk.services.rds.model.DbInstanceNotFoundException;
import software.amazon.awssdk.services.rds.model.RdsException;

/**
 * Associates a role with a database as {@code s3Import}, or removes it, and waits until RDS has
 * finished. Both operations are idempotent.
 */
final class ImportRole {
  private static final Logger log = LoggerFactory.getLogger(ImportRole.class);
  private static final long FIRST_PAUSE_MILLIS = 250;
  private static final long LONGEST_PAUSE_MILLIS = 10_000;

  /** Errors to retry: the database is being modified, or its description is out of date. */
  private static final String TRANSIENT =
      "(?s)InvalidDB(Instance|Cluster)State.*|DB(Instance|Cluster)Role(AlreadyExists|NotFound).*";

  /**
   * Errors while a new role and its policies are not yet propagated. They are not documented;
   * Terraform's provider retries on the same words.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency">IAM
   *     is eventually consistent</a>
   */
  private static final String NOT_PROPAGATED = "(?s)AccessDenied.*|InvalidParameterValue.*role.*";

  /** How long such errors are retried; IAM usually takes seconds. */
  private static final Duration IAM_DELAY = Duration.ofMinutes(2);

  private final RdsClient rds;
  private final RdsDatabase database;
  private final Instant began = Instant.now();
  private final Instant end;
  private String waitingFor = "";

  /**
   * @param end until when to wait
   */
  ImportRole(RdsClient rds, RdsDatabase database, Instant end) {
    this.rds = rds;
    this.database = database;
    this.end = end;
  }

  /**
   * Associates the role, and returns when the association is active. An existing association with
   * the same role is kept.
   *
   * @throws RoleException when RDS refuses it or another role is associated, or at the end of time
   */
  void associate(String role) throws InterruptedException {
    repeat(() -> isAssociated(role));
  }

  /**
   * Removes the role, and returns when it is removed or the database is gone. Another role is left
   * alone.
   *
   * @throws RoleException when RDS refuses it, or at the end of time
   */
  void remove(String role) throws InterruptedException {
    repeat(() -> isRemoved(role));
  }

  /** Begins to remove the role; a failure is only logged. */
  void undo(String role) {
    try {
      database.remove(rds, role);
    } catch (SdkException e) {
      log.warn("could not remove {} from the {}: {}", role, database, e.getMessage());
    }
  }

  private boolean isAssociated(String role) {
    State state = database.describe(rds);
    if (state.cluster().isPresent()) {
      throw new RoleException(
          ("The %s belongs to the cluster %s, and roles are the cluster's."
                  + " Set DB_CLUSTER_IDENTIFIER=%2$s instead of DB_INSTANCE_IDENTIFIER.")
              .formatted(database, state.cluster().get()));
    }
    if (state.association().isEmpty()) {
      refuseIfStopped(state);
      database.add(rds, role);
      waitingFor = "the association does not show yet";
      return false;
    }
    Association found = state.association().get();
    waitingFor = "the association of %s is %s".formatted(found.role(), found.status());
    if (!found.role().equals(role) && !found.status().equals("PENDING")) {
      throw new RoleException(
          ("The %s has the role %s for s3Import already, and there can be only one. Either let that"
                  + " role read the bucket and leave %s unset, or remove it:"
                  + " %s --feature-name s3Import --role-arn %2$s")
              .formatted(
                  database,
                  found.role(),
                  database.setting(),
                  database.command("remove-role-from")));
    }
    return found.role().equals(role) && found.status().equals("ACTIVE");
  }

  private boolean isRemoved(String role) {
    try {
      State state = database.describe(rds);
      if (state.association().map(Association::role).filter(role::equals).isEmpty()) {
        return true;
      }
      refuseIfStopped(state);
    } catch (DbInstanceNotFoundException | DbClusterNotFoundException e) {
      return true;
    }
    waitingFor = "the association is still there";
    database.remove(rds, role);
    return false;
  }

  private void repeat(BooleanSupplier step) throws InterruptedException {
    long pause = FIRST_PAUSE_MILLIS;
    while (!isDone(step)) {
      if (Instant.now().plusMillis(pause).isAfter(end)) {
        throw new RoleException(
            "The role of the %s was not changed in %d s: %s. Deploy again when that is over."
                .formatted(
                    database, Duration.between(began, Instant.now()).toSeconds(), waitingFor));
      }
      log.info("waiting for the {}: {}", database, waitingFor);
      Thread.sleep(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
    }
  }

  private boolean isDone(BooleanSupplier step) {
    try {
      return step.getAsBoolean();
    } catch (DbInstanceNotFoundException | DbClusterNotFoundException e) {
      throw new RoleException(
          "There is no %s in this account and region. Correct %s."
              .formatted(database, database.setting()));
    } catch (RdsException e) {
      waitingFor = said(e);
      if (!isTransient(e)) {
        throw new RoleException(
            "RDS refused to change the role of the %s: %s".formatted(database, waitingFor));
      }
    } catch (SdkClientException e) {
      waitingFor = "RDS did not answer: " + e.getMessage();
    }
    return false;
  }

  /** Returns the code and the message of RDS's answer, or its status where it has neither. */
  private static String said(RdsException e) {
    AwsErrorDetails details = e.awsErrorDetails();
    String said =
        Stream.of(details.errorCode(), details.errorMessage())
            .filter(text -> text != null && !text.isEmpty())
            .collect(joining(": "));
    return said.isEmpty() ? "HTTP " + e.statusCode() : said;
  }

  private boolean isTransient(RdsException e) {
    return e.statusCode() >= 500
        || e.isThrottlingException()
        || waitingFor.matches(TRANSIENT)
        || Instant.now().isBefore(began.plus(IAM_DELAY)) && waitingFor.matches(NOT_PROPAGATED);
  }

  private void refuseIfStopped(State state) {
    if (state.status().equals("stopped")) {
      throw new RoleException(
          "The %s is stopped, and its roles cannot be changed. Start it: %s"
              .formatted(database, database.command("start")));
    }
  }
}
