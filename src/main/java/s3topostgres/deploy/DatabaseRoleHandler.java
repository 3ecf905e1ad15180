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
 * The custom resource {@code DatabaseRoleAssociation} of serverless.yml: the role of the stack,
 * associated with the database as {@code s3Import}. CloudFormation has it created, updated and
 * deleted with the stack, and gets an answer whatever happens.
 *
 * <p>The role is the stack's own. So an existing association with it is adopted, and removed with
 * the stack, whoever created it: the role is deleted next.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html">custom
 *     resources</a>
 */
public final class DatabaseRoleHandler
    implements RequestHandler<CloudFormationCustomResourceEvent, Void> {
  private static final Logger log = LoggerFactory.getLogger(DatabaseRoleHandler.class);

  /** With the SDK's retries; what fails for longer is waited for in ImportRole. */
  private static final Duration LONGEST_CALL = Duration.ofSeconds(10);

  /** Reserved for the last call of RDS and for the answer, which take 25 s at most. */
  private static final Duration MARGIN = Duration.ofSeconds(30);

  /** For a resource that never had a database. */
  private static final String NO_DATABASE = "none/" + RdsDatabase.FEATURE;

  @Override
  public Void handleRequest(CloudFormationCustomResourceEvent event, Context context) {
    Instant end = Instant.now().plusMillis(context.getRemainingTimeInMillis()).minus(MARGIN);
    CloudFormationAnswer answer = answer(event, end);
    // Not the event as a whole: its address for the answer is a secret.
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
    // CloudFormation deletes a failed creation by the id that it is given here.
    String id =
        Optional.ofNullable(event.getPhysicalResourceId())
            .or(() -> database.map(RdsDatabase::physicalResourceId))
            .orElse(NO_DATABASE);
    // Here, so that there is an answer if it cannot be made.
    try (RdsClient rds =
        RdsClient.builder()
            .overrideConfiguration(client -> client.apiCallTimeout(LONGEST_CALL))
            .build()) {
      if (!event.getRequestType().equals("Delete")) {
        return new CloudFormationAnswer(true, change(event, rds, end), "");
      }
      if (database.isPresent()) { // Or it was never created.
        new ImportRole(rds, database.get(), end).remove(role(event.getResourceProperties()));
      }
      return new CloudFormationAnswer(true, id, "");
    } catch (RoleException e) {
      return new CloudFormationAnswer(false, id, e.getMessage());
    } catch (InterruptedException | RuntimeException | Error e) {
      log.error("not expected", e);
      return new CloudFormationAnswer(
          false, id, "Not expected: " + e + ". See the log of this function.");
    }
  }

  /** Create and Update; when the database is another, CloudFormation has the old one deleted. */
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
        importRole.undo(role); // The resource stays with the old database.
      }
      throw e;
    }
    return database.physicalResourceId();
  }

  private static String role(Map<String, Object> properties) {
    return properties.get("Role").toString();
  }
}
