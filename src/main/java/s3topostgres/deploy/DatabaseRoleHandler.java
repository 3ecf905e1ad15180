package s3topostgres.deploy;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import s3topostgres.aws.AwsHttp;

/**
 * The custom resource {@code DatabaseRoleAssociation} of serverless.yml: the role of the stack,
 * associated with the database as {@code s3Import}. CloudFormation has it created, updated and
 * deleted with the stack, and gets an answer whatever happens.
 *
 * <p>The role is the stack's own. So an association with it that is there already is adopted, and
 * taken off with the stack, whoever made it: the role is deleted next.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html">custom
 *     resources</a>
 */
public final class DatabaseRoleHandler implements RequestHandler<Map<String, Object>, Void> {
  private static final Logger log = LoggerFactory.getLogger(DatabaseRoleHandler.class);

  /** Kept back for the answer. */
  private static final Duration MARGIN = Duration.ofSeconds(15);

  /** For a resource that never had a database. */
  private static final String NO_DATABASE = "none/" + RdsApi.FEATURE;

  @Override
  public Void handleRequest(Map<String, Object> event, Context context) {
    Instant end = Instant.now().plusMillis(context.getRemainingTimeInMillis()).minus(MARGIN);
    StackRequest request = StackRequest.of(event);
    CloudFormationAnswer answer = answer(request, end);
    log.info("{}: {}", request, answer);
    try {
      answer.send(request);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // Lambda tries the whole again.
    }
    return null;
  }

  private static CloudFormationAnswer answer(StackRequest request, Instant end) {
    try {
      ImportRole importRole = new ImportRole(new RdsApi(new AwsHttp(System.getenv())), end);
      String id =
          request.type().equals("Delete")
              ? delete(request, importRole)
              : change(request, importRole);
      return new CloudFormationAnswer(true, id, "");
    } catch (RoleException e) {
      return failed(request, e.getMessage());
    } catch (RuntimeException | Error e) { // An answer, whatever happens.
      log.error("not expected", e);
      return failed(request, "Not expected: " + e + ". See the log of this function.");
    }
  }

  /** Create and Update; when the database is another, CloudFormation has the old one deleted. */
  private static String change(StackRequest request, ImportRole importRole) {
    RdsDatabase database = RdsDatabase.of(request.properties());
    String role = role(request.properties());
    boolean stays =
        request.old().flatMap(DatabaseRoleHandler::database).equals(Optional.of(database));
    Optional<String> oldRole = request.old().map(DatabaseRoleHandler::role);
    if (stays) {
      oldRole.filter(old -> !old.equals(role)).ifPresent(old -> importRole.remove(database, old));
    }
    try {
      importRole.associate(database, role);
    } catch (RoleException e) {
      if (oldRole.isPresent() && !stays) {
        importRole.undo(database, role); // The resource stays with the old database.
      }
      throw e;
    }
    return database.physicalResourceId();
  }

  /** What could not be created, because it named no database, is deleted by doing nothing. */
  private static String delete(StackRequest request, ImportRole importRole) {
    database(request.properties())
        .ifPresent(database -> importRole.remove(database, role(request.properties())));
    return request.physicalResourceId().orElse(NO_DATABASE);
  }

  /** CloudFormation deletes a failed creation by the id that it is given here. */
  private static CloudFormationAnswer failed(StackRequest request, String reason) {
    String id =
        request
            .physicalResourceId()
            .or(() -> database(request.properties()).map(RdsDatabase::physicalResourceId))
            .orElse(NO_DATABASE);
    return new CloudFormationAnswer(false, id, reason);
  }

  private static Optional<RdsDatabase> database(Map<?, ?> properties) {
    try {
      return Optional.of(RdsDatabase.of(properties));
    } catch (RoleException e) {
      return Optional.empty();
    }
  }

  private static String role(Map<?, ?> properties) {
    return (String) properties.get("Role");
  }
}
