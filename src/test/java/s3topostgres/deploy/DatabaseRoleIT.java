package s3topostgres.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import s3topostgres.sandbox.CloudFormationServer;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.LambdaRuntime.Answer;
import s3topostgres.sandbox.RdsServer;

/**
 * The custom resource as it is deployed, between a CloudFormation and an RDS that answer as AWS
 * documents them.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DatabaseRoleIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ROLE = "arn:aws:iam::123456789012:role/stack-DatabaseRole-1";
  private static final String OTHER_ROLE = "arn:aws:iam::123456789012:role/by-hand";
  private static final String STACK =
      "arn:aws:cloudformation:eu-west-2:123456789012:stack/example/1";
  private static final Map<String, String> INSTANCE =
      Map.of("Role", ROLE, "Instance", "example", "Cluster", "");
  private static final Map<String, String> CLUSTER =
      Map.of("Role", ROLE, "Instance", "", "Cluster", "aurora");

  /** The physical ids of the resource. */
  private static final String INSTANCE_ASSOCIATION = "db-instance/example/s3Import";

  private static final String CLUSTER_ASSOCIATION = "db-cluster/aurora/s3Import";

  private final RdsServer rds = RdsServer.launch();
  private final CloudFormationServer cloudFormation = CloudFormationServer.launch();
  private final LambdaRuntime lambda =
      LambdaRuntime.start(
          "databaseRole", Map.of("AWS_ENDPOINT_URL_RDS", rds.endpoint().toString()));

  DatabaseRoleIT() throws IOException {}

  @BeforeEach
  void createDatabases() {
    rds.clear();
    rds.createInstance("example");
    rds.createCluster("aurora");
  }

  @AfterAll
  void stop() {
    lambda.close();
    cloudFormation.close();
    rds.close();
  }

  @Test
  void associatesTheRoleWithTheInstance() throws Exception {
    assertThat(create(INSTANCE))
        .isEqualTo(
            JSON.readTree(
                """
                {"Status": "SUCCESS", "Reason": "", "PhysicalResourceId": "db-instance/example/s3Import",
                 "StackId": "%s", "RequestId": "request-1", "LogicalResourceId": "DatabaseRoleAssociation"}"""
                    .formatted(STACK)));

    assertThat(rds.roles("example")).containsExactly(ROLE + " s3Import ACTIVE");
    assertThat(lambda.log())
        .noneMatch(line -> line.contains("Signature") || line.contains("answer?"));
  }

  @Test
  void associatesTheRoleWithTheCluster() throws Exception {
    assertSucceeds(create(CLUSTER), CLUSTER_ASSOCIATION);

    assertThat(rds.roles("aurora")).containsExactly(ROLE + " s3Import ACTIVE");
  }

  @Test
  void leavesRolesForOtherFeaturesAlone() throws Exception {
    rds.associate("example", OTHER_ROLE, "s3Export");

    assertSucceeds(create(INSTANCE), INSTANCE_ASSOCIATION);
    assertSucceeds(delete(INSTANCE_ASSOCIATION, INSTANCE), INSTANCE_ASSOCIATION);

    assertThat(rds.roles("example")).containsExactly(OTHER_ROLE + " s3Export ACTIVE");
  }

  @Test
  void adoptsAnAssociationWithTheStacksRole() throws Exception {
    rds.associate("example", ROLE, "s3Import");

    assertSucceeds(create(INSTANCE), INSTANCE_ASSOCIATION);

    assertThat(rds.changes()).isEmpty();
  }

  @Test
  void canBeRepeated() throws Exception {
    for (int tries = 0; tries < 2; tries++) {
      assertSucceeds(create(INSTANCE), INSTANCE_ASSOCIATION);
    }
    assertThat(rds.changes()).containsExactly("AddRoleToDBInstance example " + ROLE);

    for (int tries = 0; tries < 2; tries++) {
      assertSucceeds(delete(INSTANCE_ASSOCIATION, INSTANCE), INSTANCE_ASSOCIATION);
    }
    assertThat(rds.roles("example")).isEmpty();
    assertThat(rds.changes()).hasSize(2);
  }

  @Test
  void refusesToReplaceAnotherRole() throws Exception {
    rds.associate("example", OTHER_ROLE, "s3Import");

    assertFails(
        create(INSTANCE),
        INSTANCE_ASSOCIATION,
        "The DB instance example has the role " + OTHER_ROLE + " for s3Import already",
        "leave DB_INSTANCE_IDENTIFIER unset",
        "aws rds remove-role-from-db-instance --db-instance-identifier example"
            + " --feature-name s3Import --role-arn "
            + OTHER_ROLE);

    // What CloudFormation sends next.
    assertSucceeds(delete(INSTANCE_ASSOCIATION, INSTANCE), INSTANCE_ASSOCIATION);
    assertThat(rds.roles("example")).containsExactly(OTHER_ROLE + " s3Import ACTIVE");
  }

  @Test
  void refusesToReplaceAnotherRoleOfACluster() throws Exception {
    rds.associate("aurora", OTHER_ROLE, "s3Import");

    assertFails(
        create(CLUSTER),
        CLUSTER_ASSOCIATION,
        "The Aurora cluster aurora has the role " + OTHER_ROLE,
        "aws rds remove-role-from-db-cluster --db-cluster-identifier aurora");
  }

  @Test
  void looksAgainWhenSomebodyWasFaster() throws Exception {
    rds.fail("AddRoleToDBInstance", 400, "DBInstanceRoleAlreadyExists", "There is one.");

    assertSucceeds(create(INSTANCE), INSTANCE_ASSOCIATION);
  }

  @Test
  void saysThatThereIsNoSuchDatabase() throws Exception {
    Map<String, String> unknown = Map.of("Role", ROLE, "Instance", "exmaple", "Cluster", "");
    assertFails(
        create(unknown),
        "db-instance/exmaple/s3Import",
        "There is no DB instance exmaple in this account and region",
        "Correct DB_INSTANCE_IDENTIFIER.");
    assertSucceeds(delete("db-instance/exmaple/s3Import", unknown), "db-instance/exmaple/s3Import");

    Map<String, String> cluster = Map.of("Role", ROLE, "Instance", "", "Cluster", "example");
    assertFails(
        create(cluster),
        "db-cluster/example/s3Import",
        "There is no Aurora cluster example",
        "Correct DB_CLUSTER_IDENTIFIER.");
  }

  @Test
  void saysThatTheRoleIsTheClusters() throws Exception {
    rds.join("example", "aurora");

    assertFails(
        create(INSTANCE),
        INSTANCE_ASSOCIATION,
        "belongs to the cluster aurora",
        "Set DB_CLUSTER_IDENTIFIER=aurora instead");
  }

  @Test
  void takesExactlyOneDatabase() throws Exception {
    Map<String, String> both = Map.of("Role", ROLE, "Instance", "example", "Cluster", "aurora");
    String why = "Set one of DB_INSTANCE_IDENTIFIER and, for Aurora, DB_CLUSTER_IDENTIFIER";
    assertFails(create(both), "none/s3Import", why);
    assertSucceeds(delete("none/s3Import", both), "none/s3Import");

    Map<String, String> none = Map.of("Role", ROLE, "Instance", "", "Cluster", "");
    assertFails(create(none), "none/s3Import", why);
    assertThat(rds.changes()).isEmpty();
  }

  @Test
  void takesNamesAsRdsKeepsThem() throws Exception {
    assertFails(
        create(Map.of("Role", ROLE, "Instance", "Example", "Cluster", "")),
        "none/s3Import",
        "DB_INSTANCE_IDENTIFIER is \"Example\", but RDS keeps names in lower case");
  }

  @Test
  void waitsForABusyDatabase() throws Exception {
    rds.fail("AddRoleToDBInstance", 400, "InvalidDBInstanceState", "example is backing-up");
    rds.fail("AddRoleToDBInstance", 400, "InvalidDBInstanceState", "example is modifying");

    assertSucceeds(create(INSTANCE), INSTANCE_ASSOCIATION);

    rds.fail("RemoveRoleFromDBInstance", 400, "InvalidDBInstanceState", "example is modifying");
    assertSucceeds(delete(INSTANCE_ASSOCIATION, INSTANCE), INSTANCE_ASSOCIATION);
    assertThat(rds.roles("example")).isEmpty();
  }

  @Test
  void waitsForABusyCluster() throws Exception {
    rds.fail("AddRoleToDBCluster", 400, "InvalidDBClusterStateFault", "aurora is modifying");

    assertSucceeds(create(CLUSTER), CLUSTER_ASSOCIATION);
  }

  @Test
  void waitsUntilIamKnowsTheNewRole() throws Exception {
    rds.fail("DescribeDBInstances", 403, "AccessDenied", "User is not authorized to perform");
    rds.fail(
        "AddRoleToDBInstance",
        400,
        "InvalidParameterValue",
        "IAM role ARN value is invalid or does not include the required permissions for: s3Import");

    assertSucceeds(create(INSTANCE), INSTANCE_ASSOCIATION);
  }

  @Test
  void retriesWhenRdsFails() throws Exception {
    rds.fail("DescribeDBInstances", 503, "ServiceUnavailable", "Try later");
    rds.fail("AddRoleToDBInstance", 400, "Throttling", "Rate exceeded");

    assertSucceeds(create(INSTANCE), INSTANCE_ASSOCIATION);
  }

  @Test
  void passesOnWhatElseRdsSays() throws Exception {
    rds.fail(
        "AddRoleToDBInstance", 400, "DBInstanceRoleQuotaExceeded", "Five \"roles\" are\ntoo many");

    assertFails(
        create(INSTANCE),
        INSTANCE_ASSOCIATION,
        "RDS refused to change the role of the DB instance example: DBInstanceRoleQuotaExceeded:"
            + " Five \"roles\" are\ntoo many");
  }

  @Test
  void namesTheStatusOfAnAnswerWithoutWords() throws Exception {
    rds.fail("AddRoleToDBInstance", 400, "", "");

    assertFails(
        create(INSTANCE),
        INSTANCE_ASSOCIATION,
        "RDS refused to change the role of the DB instance example: HTTP 400");
  }

  @Test
  void saysThatTheDatabaseIsStopped() throws Exception {
    rds.status("example", "stopped");

    assertFails(
        create(INSTANCE),
        INSTANCE_ASSOCIATION,
        "The DB instance example is stopped",
        "aws rds start-db-instance --db-instance-identifier example");
  }

  @Test
  void answersBeforeItsTimeIsOver() throws Exception {
    rds.status("example", "modifying");

    assertFails(
        request("Create", "", INSTANCE, Map.of(), Duration.ofSeconds(32)),
        INSTANCE_ASSOCIATION,
        "was not changed in",
        "InvalidDBInstanceState: example is modifying");
  }

  @Test
  void answersThatRdsIsSilent() throws Exception {
    rds.fallSilent();

    assertFails(
        request("Create", "", INSTANCE, Map.of(), Duration.ofSeconds(31)),
        INSTANCE_ASSOCIATION,
        "was not changed in",
        "RDS did not answer");
  }

  @Test
  void waitsUntilTheAssociationIsActive() throws Exception {
    rds.leaveAssociations("INVALID");

    assertFails(
        request("Create", "", INSTANCE, Map.of(), Duration.ofSeconds(36)),
        INSTANCE_ASSOCIATION,
        "the association of " + ROLE + " is INVALID");

    assertSucceeds(delete(INSTANCE_ASSOCIATION, INSTANCE), INSTANCE_ASSOCIATION);
    assertThat(rds.roles("example")).isEmpty();
  }

  @Test
  void movesToAnotherDatabase() throws Exception {
    create(INSTANCE);

    assertSucceeds(
        request("Update", INSTANCE_ASSOCIATION, CLUSTER, INSTANCE, Duration.ofMinutes(1)),
        CLUSTER_ASSOCIATION);
    // As the name is another, CloudFormation deletes the old one.
    assertSucceeds(delete(INSTANCE_ASSOCIATION, INSTANCE), INSTANCE_ASSOCIATION);

    assertThat(rds.roles("example")).isEmpty();
    assertThat(rds.roles("aurora")).containsExactly(ROLE + " s3Import ACTIVE");
  }

  @Test
  void staysWithTheOldDatabaseWhenItCannotMove() throws Exception {
    create(INSTANCE);
    rds.leaveAssociations("INVALID");

    assertFails(
        request("Update", INSTANCE_ASSOCIATION, CLUSTER, INSTANCE, Duration.ofSeconds(36)),
        INSTANCE_ASSOCIATION,
        "is INVALID");
    // The rollback.
    assertSucceeds(
        request("Update", INSTANCE_ASSOCIATION, INSTANCE, CLUSTER, Duration.ofMinutes(1)),
        INSTANCE_ASSOCIATION);

    assertThat(rds.roles("example")).containsExactly(ROLE + " s3Import ACTIVE");
    assertThat(rds.roles("aurora")).isEmpty();
  }

  @Test
  void replacesItsOwnRole() throws Exception {
    create(INSTANCE);
    Map<String, String> renamed = Map.of("Role", OTHER_ROLE, "Instance", "example", "Cluster", "");

    assertSucceeds(
        request("Update", INSTANCE_ASSOCIATION, renamed, INSTANCE, Duration.ofMinutes(1)),
        INSTANCE_ASSOCIATION);

    assertThat(rds.roles("example")).containsExactly(OTHER_ROLE + " s3Import ACTIVE");
  }

  @Test
  void isDeletedWithTheDatabaseGone() throws Exception {
    create(INSTANCE);
    rds.delete("example");

    assertSucceeds(delete(INSTANCE_ASSOCIATION, INSTANCE), INSTANCE_ASSOCIATION);
  }

  @Test
  void deletesWhatCloudFormationNamedItself() throws Exception {
    // As when the creation gave no answer.
    assertSucceeds(
        delete("example-DatabaseRoleAssociation-1XYZ", INSTANCE),
        "example-DatabaseRoleAssociation-1XYZ");
  }

  @Test
  void answersAgainWhenTheAnswerWasRefused() throws Exception {
    cloudFormation.fail(2);

    assertSucceeds(create(INSTANCE), INSTANCE_ASSOCIATION);
  }

  @Test
  void failsWhenNobodyTakesTheAnswerSoThatLambdaTriesAgain() throws Exception {
    cloudFormation.fail(3);
    Answer first = invoke("Create", "", INSTANCE, Map.of(), Duration.ofMinutes(1));

    assertThat(first.failed()).isTrue();
    assertThat(first.body()).contains("CloudFormation did not accept the answer: HTTP 503");
    assertThat(first.body()).doesNotContain("Signature");
    assertThat(lambda.log()).noneMatch(line -> line.contains("Signature"));
    assertSucceeds(create(INSTANCE), INSTANCE_ASSOCIATION);
    assertThat(rds.changes()).hasSize(1);
  }

  @Test
  void shortensAReasonThatCloudFormationWouldNotTake() throws Exception {
    rds.fail("AddRoleToDBInstance", 400, "DBInstanceRoleQuotaExceeded", "\"é".repeat(2000));

    assertFails(create(INSTANCE), INSTANCE_ASSOCIATION, "DBInstanceRoleQuotaExceeded: \"é\"é");
  }

  @Test
  void answersAfterAnUnexpectedException() throws Exception {
    assertFails(
        create(Map.of("Instance", "example", "Cluster", "")),
        INSTANCE_ASSOCIATION,
        "Not expected: java.lang.NullPointerException");
  }

  private static void assertSucceeds(JsonNode answer, String id) {
    assertThat(answer.path("Status").asText()).as(answer.toString()).isEqualTo("SUCCESS");
    assertThat(answer.path("PhysicalResourceId").asText()).isEqualTo(id);
  }

  private static void assertFails(JsonNode answer, String id, String... reason) {
    assertThat(answer.path("Status").asText()).as(answer.toString()).isEqualTo("FAILED");
    assertThat(answer.path("PhysicalResourceId").asText()).isEqualTo(id);
    assertThat(answer.path("Reason").asText()).contains(reason);
  }

  private JsonNode create(Map<String, String> properties) throws IOException {
    return request("Create", "", properties, Map.of(), Duration.ofMinutes(1));
  }

  private JsonNode delete(String id, Map<String, String> properties) throws IOException {
    return request("Delete", id, properties, Map.of(), Duration.ofMinutes(1));
  }

  /** What CloudFormation is answered. */
  private JsonNode request(
      String type,
      String id,
      Map<String, String> properties,
      Map<String, String> old,
      Duration timeLimit)
      throws IOException {
    int before = cloudFormation.answers().size();
    Answer end = invoke(type, id, properties, old, timeLimit);
    assertThat(end.failed()).as(end.body() + lambda.log()).isFalse();
    List<String> answers = cloudFormation.answers();
    assertThat(answers).hasSize(before + 1);
    return JSON.readTree(answers.get(before));
  }

  /** A request as CloudFormation documents it. */
  private Answer invoke(
      String type,
      String id,
      Map<String, String> properties,
      Map<String, String> old,
      Duration timeLimit)
      throws IOException {
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("RequestType", type);
    request.put("ServiceToken", "arn:aws:lambda:eu-west-2:123456789012:function:x");
    request.put("ResponseURL", cloudFormation.responseUrl());
    request.put("StackId", STACK);
    request.put("RequestId", "request-1");
    request.put("LogicalResourceId", "DatabaseRoleAssociation");
    request.put("ResourceType", "Custom::DatabaseRole");
    if (!id.isEmpty()) {
      request.put("PhysicalResourceId", id);
    }
    request.put("ResourceProperties", properties);
    if (!old.isEmpty()) {
      request.put("OldResourceProperties", old);
    }
    return lambda.invoke(JSON.writeValueAsString(request), timeLimit);
  }
}
