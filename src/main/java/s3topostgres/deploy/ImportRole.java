package s3topostgres.deploy;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.deploy.RdsApi.AssociatedRole;
import s3topostgres.deploy.RdsApi.State;

/**
 * Associates a role with a database as {@code s3Import}, or takes it off, and waits until that is
 * done. Both can be repeated: what is done already is left as it is. Not for use by two threads.
 */
final class ImportRole {
  private static final Logger log = LoggerFactory.getLogger(ImportRole.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** How long a new role may be unknown to RDS. IAM usually takes seconds. */
  private static final Duration IAM_DELAY = Duration.ofMinutes(2);

  private final RdsApi rds;
  private final Instant began = Instant.now();
  private final Instant end;
  private Duration pause = FIRST_PAUSE;
  private boolean added;
  private String waitingFor = "RDS did not answer";

  /**
   * @param end until when to wait
   */
  ImportRole(RdsApi rds, Instant end) {
    this.rds = rds;
    this.end = end;
  }

  /** One look at the database, and what follows from it. */
  private interface Step {
    /** Whether all is done. */
    boolean take() throws IOException;
  }

  /**
   * Returns when the association is active. One with the same role that is there already is good.
   *
   * @throws RoleException when that is not possible, or not in time
   */
  void associate(RdsDatabase database, String role) {
    repeat(database, () -> isAssociated(database, role));
  }

  /**
   * Returns when the role is off, or the database is gone. Another role is left alone.
   *
   * @throws RoleException when that is not possible, or not in time
   */
  void remove(RdsDatabase database, String role) {
    repeat(database, () -> isRemoved(database, role));
  }

  /** Takes off what {@link #associate} added before it failed, without waiting, if that works. */
  void undo(RdsDatabase database, String role) {
    if (added) {
      try {
        rds.removeRole(database, role);
      } catch (IOException | RdsException e) {
        log.warn(
            "the role {} may still be associated with the {}: {}", role, database, e.getMessage());
      }
    }
  }

  private boolean isAssociated(RdsDatabase database, String role) throws IOException {
    State state = rds.describe(database);
    if (state.cluster().isPresent()) {
      throw new RoleException(
          ("The %s belongs to the cluster %s, and roles are the cluster's."
                  + " Set DB_CLUSTER_IDENTIFIER=%s instead of DB_INSTANCE_IDENTIFIER.")
              .formatted(database, state.cluster().get(), state.cluster().get()));
    }
    Optional<AssociatedRole> current = state.importRole();
    if (current.isEmpty()) {
      refuseIfStopped(database, state);
      rds.addRole(database, role);
      added = true;
      waitingFor = "the association does not show yet";
      return false;
    }
    AssociatedRole found = current.get();
    waitingFor = "the association of %s is %s".formatted(found.arn(), found.status());
    if (!found.arn().equals(role) && !found.status().equals("PENDING")) {
      throw anotherRole(database, found.arn());
    }
    return found.arn().equals(role) && found.status().equals("ACTIVE");
  }

  private boolean isRemoved(RdsDatabase database, String role) throws IOException {
    State state;
    try {
      state = rds.describe(database);
    } catch (RdsException e) {
      if (e.isNoSuchDatabase()) {
        return true;
      }
      throw e;
    }
    Optional<AssociatedRole> current = state.importRole().filter(found -> found.arn().equals(role));
    if (current.isEmpty()) {
      return true;
    }
    refuseIfStopped(database, state);
    waitingFor = "the association is still there";
    rds.removeRole(database, role);
    return false;
  }

  private void repeat(RdsDatabase database, Step step) {
    while (!isDone(database, step)) {
      if (Instant.now().plus(pause).isAfter(end)) {
        throw new RoleException(
            "The role of the %s was not changed in %d s: %s. Try again when that is over."
                .formatted(
                    database, Duration.between(began, Instant.now()).toSeconds(), waitingFor));
      }
      log.info("waiting for the {}: {}", database, waitingFor);
      sleep();
    }
  }

  private boolean isDone(RdsDatabase database, Step step) {
    try {
      return step.take();
    } catch (IOException e) {
      waitingFor = "RDS did not answer: " + e.getMessage();
      return false;
    } catch (RdsException e) {
      boolean early = e.mayBeTooEarly() && Instant.now().isBefore(began.plus(IAM_DELAY));
      if (!e.isBusy() && !e.isOvertaken() && !e.isPassing() && !early) {
        throw refused(database, e);
      }
      waitingFor = e.getMessage();
      return false;
    }
  }

  private static RoleException refused(RdsDatabase database, RdsException e) {
    return new RoleException(
        e.isNoSuchDatabase()
            ? "There is no %s in this account and region (%s). Correct %s."
                .formatted(database, e.getMessage(), database.kind().setting())
            : "RDS refused to change the role of the %s: %s".formatted(database, e.getMessage()));
  }

  private static void refuseIfStopped(RdsDatabase database, State state) {
    if (state.status().equals("stopped")) {
      throw new RoleException(
          "The %s is stopped, and its roles cannot be changed. Start it: aws rds start-%s --%s-identifier %s"
              .formatted(database, database.option(), database.option(), database.identifier()));
    }
  }

  private static RoleException anotherRole(RdsDatabase database, String other) {
    return new RoleException(
        ("The %s has the role %s for s3Import already, and there can be only one. Either let that role"
                + " read the bucket and leave %s unset, or take it off: aws rds remove-role-from-%s"
                + " --%s-identifier %s --feature-name s3Import --role-arn %s")
            .formatted(
                database,
                other,
                database.kind().setting(),
                database.option(),
                database.option(),
                database.identifier(),
                other));
  }

  private void sleep() {
    try {
      Thread.sleep(pause.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    Duration doubled = pause.multipliedBy(2);
    pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
  }
}
