package s3topostgres.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * RDS's <a href="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/Welcome.html">Query
 * API</a>, as far as it is about the roles of databases, over plain HTTP. The function finds it
 * with {@code AWS_ENDPOINT_URL_RDS}. An association is {@code PENDING} when it is first looked at.
 */
public final class RdsServer implements AutoCloseable {
  private static final String NAMESPACE = "http://rds.amazonaws.com/doc/2014-10-31/";

  private final Map<String, Database> databases = new TreeMap<>();
  private final Deque<Fault> faults = new ArrayDeque<>();
  private final List<String> changes = new ArrayList<>();
  private final LocalHttpServer server = new LocalHttpServer(this::handle);
  private String firstStatus = "PENDING";
  private volatile boolean silent;

  /** A role of a database, by its ARN, feature and state. */
  private record Role(String arn, String feature, String status) {}

  private static final class Database {
    final boolean cluster;
    String status = "available";
    Optional<String> memberOf = Optional.empty();
    final List<Role> roles = new ArrayList<>();

    Database(boolean cluster) {
      this.cluster = cluster;
    }

    String type() {
      return cluster ? "DBCluster" : "DBInstance";
    }
  }

  private record Fault(String action, int status, String code, String message) {}

  private RdsServer() throws IOException {}

  /** A new server without databases. The caller closes it. */
  public static RdsServer launch() throws IOException {
    return new RdsServer();
  }

  /** Where the server is reached, as {@code http://host:port}. */
  public URI endpoint() {
    return URI.create("http://" + server.address());
  }

  /** Forgets all that was done so far. */
  public synchronized void clear() {
    databases.clear();
    faults.clear();
    changes.clear();
    firstStatus = "PENDING";
    silent = false;
  }

  /** Makes a DB instance that is available. */
  public synchronized void createInstance(String name) {
    databases.put(name, new Database(false));
  }

  /** Makes an Aurora cluster that is available. */
  public synchronized void createCluster(String name) {
    databases.put(name, new Database(true));
  }

  /** Deletes a database. */
  public synchronized void delete(String name) {
    databases.remove(name);
  }

  /** Sets what RDS shows as the database's status. */
  public synchronized void status(String name, String status) {
    databases.get(name).status = status;
  }

  /** Makes an instance a member of a cluster. */
  public synchronized void join(String instance, String cluster) {
    databases.get(instance).memberOf = Optional.of(cluster);
  }

  /** Associates a role as somebody did it by hand. */
  public synchronized void associate(String name, String role, String feature) {
    databases.get(name).roles.add(new Role(role, feature, "ACTIVE"));
  }

  /**
   * Answers the next call of that action with an error.
   *
   * @param code empty for an answer without any words
   */
  public synchronized void fail(String action, int status, String code, String message) {
    faults.add(new Fault(action, status, code, message));
  }

  /** Leaves associations in that state, such as {@code INVALID}. */
  public synchronized void leaveAssociations(String status) {
    firstStatus = status;
  }

  /** Takes all calls from now on, and answers none. */
  public void fallSilent() {
    silent = true;
  }

  /** The database's roles, as {@code "arn feature status"}. */
  public synchronized List<String> roles(String name) {
    return databases.get(name).roles.stream()
        .map(role -> String.join(" ", role.arn(), role.feature(), role.status()))
        .toList();
  }

  /** The successful changes so far, as {@code "action database role"}. */
  public synchronized List<String> changes() {
    return List.copyOf(changes);
  }

  @Override
  public void close() {
    server.close();
  }

  private void handle(HttpExchange exchange) throws IOException {
    if (!silent) {
      answer(exchange);
    }
  }

  private synchronized void answer(HttpExchange exchange) throws IOException {
    Map<String, String> call =
        Arrays.stream(new String(exchange.getRequestBody().readAllBytes(), UTF_8).split("&"))
            .map(pair -> pair.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> URLDecoder.decode(pair[1], UTF_8)));
    String action = call.get("Action");
    String signature = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
    exchange.getResponseHeaders().set("Content-Type", "text/xml");
    if (!signature.matches(
        "AWS4-HMAC-SHA256 Credential=sandbox/\\d{8}/"
            + S3Server.REGION
            + "/rds/aws4_request, .*")) {
      error(exchange, 403, "SignatureDoesNotMatch", "Not signed: " + signature);
    } else if (!"2014-10-31".equals(call.get("Version"))) {
      error(exchange, 400, "InvalidAction", "Could not find operation in that version");
    } else if (!faults.isEmpty() && faults.peek().action().equals(action)) {
      Fault fault = faults.remove();
      error(exchange, fault.status(), fault.code(), fault.message());
    } else if (action.contains("DBCluster")) {
      handle(exchange, call, true);
    } else {
      handle(exchange, call, false);
    }
  }

  private void handle(HttpExchange exchange, Map<String, String> call, boolean cluster)
      throws IOException {
    String type = cluster ? "DBCluster" : "DBInstance";
    String fault = cluster ? "Fault" : ""; // RDS names its errors so.
    String name = call.get(type + "Identifier");
    String action = call.get("Action");
    Database database = databases.get(name);
    if (database == null || database.cluster != cluster) {
      error(exchange, 404, type + "NotFound" + fault, type + " " + name + " not found.");
    } else if (action.startsWith("Describe")) {
      describe(exchange, name, database);
    } else if (!database.status.equals("available")) {
      error(exchange, 400, "Invalid" + type + "State" + fault, name + " is " + database.status);
    } else if (action.startsWith("AddRoleTo")) {
      add(exchange, name, database, call);
    } else {
      remove(exchange, name, database, call);
    }
  }

  private void describe(HttpExchange exchange, String name, Database database) throws IOException {
    String type = database.type();
    String roles =
        database.roles.stream()
            .map(
                role ->
                    "<%sRole><RoleArn>%s</RoleArn><FeatureName>%s</FeatureName><Status>%s</Status></%sRole>"
                        .formatted(type, role.arn(), role.feature(), role.status(), type))
            .collect(Collectors.joining());
    String status =
        database.cluster
            ? "<DBClusterMembers/><Status>%s</Status>".formatted(database.status)
            : "<DBInstanceStatus>%s</DBInstanceStatus>".formatted(database.status)
                + database
                    .memberOf
                    .map("<DBClusterIdentifier>%s</DBClusterIdentifier>"::formatted)
                    .orElse("");
    succeed(
        exchange,
        "Describe" + type + "s",
        "<%ss><%s><AssociatedRoles>%s</AssociatedRoles><%sIdentifier>%s</%sIdentifier>%s</%s></%ss>"
            .formatted(type, type, roles, type, name, type, status, type, type));
    database.roles.replaceAll(
        role ->
            role.status().equals("PENDING")
                ? new Role(role.arn(), role.feature(), "ACTIVE")
                : role);
  }

  private void add(HttpExchange exchange, String name, Database database, Map<String, String> call)
      throws IOException {
    String arn = call.get("RoleArn");
    String feature = call.get("FeatureName");
    if (database.roles.stream()
        .anyMatch(role -> role.arn().equals(arn) || role.feature().equals(feature))) {
      error(
          exchange,
          400,
          database.type() + "RoleAlreadyExists",
          "The feature %s of %s has a role".formatted(feature, name));
    } else {
      database.roles.add(new Role(arn, feature, firstStatus));
      changes.add("AddRoleTo%s %s %s".formatted(database.type(), name, arn));
      succeed(exchange, call.get("Action"), "");
    }
  }

  private void remove(
      HttpExchange exchange, String name, Database database, Map<String, String> call)
      throws IOException {
    String arn = call.get("RoleArn");
    String feature = call.get("FeatureName");
    if (database.roles.removeIf(role -> role.arn().equals(arn) && role.feature().equals(feature))) {
      changes.add("RemoveRoleFrom%s %s %s".formatted(database.type(), name, arn));
      succeed(exchange, call.get("Action"), "");
    } else {
      error(exchange, 404, database.type() + "RoleNotFound", "No such role: " + arn);
    }
  }

  private static void succeed(HttpExchange exchange, String action, String result)
      throws IOException {
    LocalHttpServer.answer(
        exchange,
        200,
        "<%sResponse xmlns=\"%s\"><%sResult>%s</%sResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></%sResponse>"
            .formatted(action, NAMESPACE, action, result, action, action));
  }

  private static void error(HttpExchange exchange, int status, String code, String message)
      throws IOException {
    LocalHttpServer.answer(
        exchange,
        status,
        code.isEmpty()
            ? ""
            : "<ErrorResponse xmlns=\"%s\"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>"
                .formatted(NAMESPACE, code, message));
  }
}
