package s3topostgres.deploy;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.CloudFormationCustomResourceEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.rds.RdsClient;

/**
 * The custom resource {@code DatabaseRoleAssociation} of serverless.yml: associates the stack's
 * role with the database as {@code s3Import}. CloudFormation calls it when the stack is created,
 * updated or deleted, and gets an answer whatever happens.
 *
 * <p>The role belongs to the stack. So an existing association with it is adopted, and removed with
 * the stack, whoever created it.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html">custom
 *     resources</a>
 */
public final class DatabaseRoleHandler
    implements RequestHandler<CloudFormationCustomResourceEvent, Void> {
  private static final Logger log = LoggerFactory.getLogger(DatabaseRoleHandler.class);

  /** For one call with the SDK's retries; {@link ImportRole} retries longer outages. */
  private static final Duration LONGEST_CALL = Duration.ofSeconds(10);

  /** Time for the last call of RDS and the answer, which take 25 s at most. */
  private static final Duration MARGIN = Duration.ofSeconds(30);

  /** The physical ID of a resource that never had a database. */
  private static final String NO_DATABASE = "none/" + RdsDatabase.FEATURE;

  @Override
  public Void handleRequest(CloudFormationCustomResourceEvent event, Context context) {
    Instant end = Instant.now().plusMillis(context.getRemainingTimeInMillis()).minus(MARGIN);
    CloudFormationAnswer answer = answer(event, end);
    // The event as a whole is not logged: its response URL is a secret.
    log.info("{} {}: {}", event.getRequestType(), event.getLogicalResourceId(), answer);
    try {
      answer.send(event);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // Lambda retries the event.
    }
    return null;
  }

  private static CloudFormationAnswer answer(CloudFormationCustomResourceEvent event, Instant end) {
    Optional<RdsDatabase> database = RdsDatabase.find(event.getResourceProperties());
    // CloudFormation deletes a failed creation by the ID that this answer gives.
    String id =
        Optional.ofNullable(event.getPhysicalResourceId())
            .or(() -> database.map(RdsDatabase::physicalResourceId))
            .orElse(NO_DATABASE);
    // Made here, so that CloudFormation gets an answer when it cannot be made.
    try (RdsClient rds =
        RdsClient.builder()
            .overrideConfiguration(client -> client.apiCallTimeout(LONGEST_CALL))
            .build()) {
      if (!event.getRequestType().equals("Delete")) {
        return new CloudFormationAnswer(true, change(event, rds, end), "");
      }
      if (database.isPresent()) { // Otherwise nothing was ever created.
        new ImportRole(rds, database.get(), end).remove(role(event.getResourceProperties()));
      }
      return new CloudFormationAnswer(true, id, "");
    } catch (RoleException e) {
      return new CloudFormationAnswer(false, id, e.getMessage());
    } catch (InterruptedException | RuntimeException | Error e) {
      log.error("not expected", e);
      return new CloudFormationAnswer(
          false, id, "Not expected: " + e + ". See the log of the function.");
    }
  }

  /** Handles Create and Update. After a change of database, CloudFormation deletes the old ID. */
  private static String change(CloudFormationCustomResourceEvent event, RdsClient rds, Instant end)
      throws InterruptedException {
    RdsDatabase database = RdsDatabase.of(event.getResourceProperties());
    String role = role(event.getResourceProperties());
    ImportRole importRole = new ImportRole(rds, database, end);
    Optional<Map<String, Object>> old = Optional.ofNullable(event.getOldResourceProperties());
    boolean stays = old.flatMap(RdsDatabase::find).equals(Optional.of(database));
    if (stays && !role(old.get()).equals(role)) {
      importRole.remove(role(old.get()));
    }
    try {
      importRole.associate(role);
    } catch (RoleException e) {
      if (old.isPresent() && !stays) {
        importRole.undo(role); // CloudFormation keeps the old database.
      }
      throw e;
    }
    return database.physicalResourceId();
  }

  private static String role(Map<String, Object> properties) {
    return properties.get("Role").toString();
  }
}
