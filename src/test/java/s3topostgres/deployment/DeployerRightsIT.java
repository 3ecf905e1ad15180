package s3topostgres.deployment;

import static java.util.Map.entry;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import s3topostgres.Page;

/**
 * The policy for deployers that deploy.md has: it allows what osls calls, as its own sources say,
 * and what CloudFormation calls for each resource of the template.
 */
@Tag("packaging")
class DeployerRightsIT {
  private static final String ACCOUNT = "eu-west-2:123456789012:";
  private static final String STACK = "people-loader-production";
  private static final String BUCKET =
      "arn:aws:s3:::people-loader-production-serverlessdeploymentbucket-a1b2c3";
  private static final String ANY_FUNCTION =
      "arn:aws:lambda:" + ACCOUNT + "function:" + STACK + "-load";

  /** Where osls calls AWS for the commands that the documentation has. */
  private static final List<String> COMMANDS =
      List.of("deploy", "info", "invoke.js", "lib", "logs.js", "provider.js", "remove");

  private static final Pattern CALL =
      Pattern.compile("new (\\w+)Command\\(|paginate(\\w+)\\(|new (Upload)\\(");

  /** The right that each call needs. */
  private static final Map<String, String> CALLS =
      Map.ofEntries(
          entry("CreateChangeSet", "cloudformation:CreateChangeSet"),
          entry("CreateStack", "cloudformation:CreateStack"),
          entry("DeleteChangeSet", "cloudformation:DeleteChangeSet"),
          entry("DeleteObjects", "s3:DeleteObject"),
          entry("DeleteStack", "cloudformation:DeleteStack"),
          entry("DescribeChangeSet", "cloudformation:DescribeChangeSet"),
          entry("DescribeLogStreams", "logs:DescribeLogStreams"),
          entry("DescribeRepositories", "ecr:DescribeRepositories"),
          entry("DescribeStackEvents", "cloudformation:DescribeStackEvents"),
          entry("DescribeStackResource", "cloudformation:DescribeStackResource"),
          entry("DescribeStackResources", "cloudformation:DescribeStackResources"),
          entry("DescribeStacks", "cloudformation:DescribeStacks"),
          entry("ExecuteChangeSet", "cloudformation:ExecuteChangeSet"),
          entry("FilterLogEvents", "logs:FilterLogEvents"),
          entry("GetCallerIdentity", "sts:GetCallerIdentity"),
          entry("GetFunction", "lambda:GetFunction"),
          entry("GetTemplate", "cloudformation:GetTemplate"),
          entry("HeadBucket", "s3:ListBucket"),
          entry("HeadObject", "s3:GetObject"),
          entry("Invoke", "lambda:InvokeFunction"),
          entry("ListObjectVersions", "s3:ListBucketVersions"),
          entry("ListObjectsV2", "s3:ListBucket"),
          entry("ListStackResources", "cloudformation:ListStackResources"),
          entry("UpdateStack", "cloudformation:UpdateStack"),
          entry("Upload", "s3:PutObject"),
          entry("ValidateTemplate", "cloudformation:ValidateTemplate"));

  /** Calls for what the template does not have: images, interfaces, log events, stack policies. */
  private static final Set<String> NOT_CALLED =
      Set.of(
          "CreateRepository",
          "DeleteRepository",
          "DeleteSubscriptionFilter",
          "DescribeImages",
          "DescribeSubscriptionFilters",
          "GetApi",
          "GetApiKey",
          "GetAuthorizationToken",
          "ListExports",
          "PutLifecyclePolicy",
          "SetStackPolicy");

  /**
   * What CloudFormation calls to create, read, change and delete a resource with the properties
   * that the template sets, as the schema of its type has it.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schemas.html">resource
   *     type schemas</a>
   */
  private static final Map<String, String> HANDLERS =
      Map.ofEntries(
          entry(
              "AWS::CloudWatch::Alarm",
              "cloudwatch: PutMetricAlarm DescribeAlarms DeleteAlarms ListTagsForResource"
                  + " TagResource UntagResource"),
          entry(
              "AWS::CloudWatch::Dashboard",
              "cloudwatch: PutDashboard GetDashboard DeleteDashboards ListDashboards"),
          entry(
              "AWS::Events::Rule",
              "events: PutRule DescribeRule DeleteRule PutTargets RemoveTargets ListTargetsByRule"
                  + " TagResource UntagResource ListTagsForResource"),
          entry(
              "AWS::IAM::Role",
              "iam: CreateRole DeleteRole GetRole UpdateRole UpdateRoleDescription"
                  + " UpdateAssumeRolePolicy PutRolePolicy GetRolePolicy DeleteRolePolicy"
                  + " ListRolePolicies AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies"
                  + " TagRole UntagRole"),
          entry("AWS::IAM::RolePolicy", "iam: PutRolePolicy GetRolePolicy DeleteRolePolicy"),
          entry(
              "AWS::KMS::Key",
              "kms: CreateKey DescribeKey DisableKey DisableKeyRotation EnableKey EnableKeyRotation"
                  + " GetKeyPolicy GetKeyRotationStatus ListResourceTags PutKeyPolicy"
                  + " ScheduleKeyDeletion TagResource UntagResource UpdateKeyDescription"),
          entry(
              "AWS::Lambda::EventInvokeConfig",
              "lambda: PutFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig"
                  + " GetFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig"),
          entry(
              "AWS::Lambda::Function",
              "lambda: CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction"
                  + " GetFunctionCodeSigningConfig GetFunctionRecursionConfig"
                  + " GetRuntimeManagementConfig PutFunctionConcurrency TagResource UntagResource"
                  + " UpdateFunctionCode UpdateFunctionConfiguration"),
          entry("AWS::Lambda::Permission", "lambda: AddPermission RemovePermission GetPolicy"),
          entry(
              "AWS::Logs::LogGroup",
              "logs: CreateLogGroup DeleteLogGroup DescribeLogGroups PutRetentionPolicy"
                  + " DeleteRetentionPolicy ListTagsForResource TagResource UntagResource"
                  + " GetDataProtectionPolicy"),
          entry(
              "AWS::Logs::MetricFilter",
              "logs: PutMetricFilter DescribeMetricFilters DeleteMetricFilter"),
          entry(
              "AWS::S3::Bucket",
              "s3: CreateBucket DeleteBucket PutEncryptionConfiguration GetEncryptionConfiguration"
                  + " PutBucketPublicAccessBlock GetBucketPublicAccessBlock PutBucketTagging"
                  + " GetBucketTagging GetBucketVersioning"),
          entry("AWS::S3::BucketPolicy", "s3: PutBucketPolicy GetBucketPolicy DeleteBucketPolicy"),
          entry(
              "AWS::SNS::Subscription",
              "sns: Subscribe Unsubscribe GetSubscriptionAttributes ListSubscriptionsByTopic"),
          entry(
              "AWS::SNS::Topic",
              "sns: CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes"
                  + " ListTagsForResource TagResource UntagResource GetDataProtectionPolicy"),
          entry("AWS::SNS::TopicPolicy", "sns: SetTopicAttributes GetTopicAttributes"),
          entry("Custom::DatabaseRole", "lambda: InvokeFunction"),
          entry("Custom::S3", "lambda: InvokeFunction"));

  /** A resource of each service, under the name that CloudFormation or the template gives it. */
  private static final Map<String, String> RESOURCES =
      Map.of(
          "cloudformation", "arn:aws:cloudformation:" + ACCOUNT + "stack/" + STACK + "/a1b2",
          "cloudwatch", "arn:aws:cloudwatch:" + ACCOUNT + "alarm:" + STACK + "-load-errors",
          "events", "arn:aws:events:" + ACCOUNT + "rule/" + STACK + "-catch-up",
          "iam", "arn:aws:iam::123456789012:role/" + STACK + "-LoadRole-A1B2",
          "kms", "arn:aws:kms:" + ACCOUNT + "key/a1b2",
          "lambda", ANY_FUNCTION,
          "logs", "arn:aws:logs:" + ACCOUNT + "log-group:/aws/lambda/" + STACK + "-load:*",
          "s3", BUCKET + "/serverless/people-loader/production/1-a/function.zip",
          "sns", "arn:aws:sns:" + ACCOUNT + STACK + "-failures");

  @TempDir private static Path folder;
  private static CloudFormation template;
  private static JsonNode policy;

  @BeforeAll
  static void prepare() throws IOException {
    Map<String, String> everything = new HashMap<>(ServerlessTemplateIT.TYPICAL);
    everything.put("DB_INSTANCE_IDENTIFIER", "example");
    everything.put("FAILURES_TO", "ops@example.org");
    everything.put("EXPECT_LOAD_EVERY_HOURS", "26");
    template = new Packaging(folder).service("people-loader").environment(everything).template();
    String section = Page.ofSite("deploy.md").section("The deployer's rights");
    policy = new ObjectMapper().readTree(Page.blocks(section, "json").get(0));
  }

  @Test
  void allowWhatOslsCalls() throws IOException {
    Set<String> called = callsOfOsls();
    called.removeAll(NOT_CALLED);

    assertThat(called).isEqualTo(new TreeSet<>(CALLS.keySet()));
    for (String right : CALLS.values()) {
      assertThat(allows(right)).as(right).isTrue();
    }
  }

  private static Set<String> callsOfOsls() throws IOException {
    Path sources =
        Packaging.osls().getParent().resolveSibling("osls/lib/plugins/aws").toAbsolutePath();
    Set<String> calls = new TreeSet<>();
    for (String command : COMMANDS) {
      try (Stream<Path> files = Files.walk(sources.resolve(command))) {
        String text =
            files.filter(Files::isRegularFile).map(DeployerRightsIT::read).collect(joining());
        CALL.matcher(text).results().map(DeployerRightsIT::name).forEach(calls::add);
      }
    }
    return calls;
  }

  private static String name(MatchResult call) {
    return Stream.of(1, 2, 3)
        .map(call::group)
        .filter(name -> name != null)
        .findFirst()
        .orElseThrow();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void allowWhatCloudFormationCallsForEachResource() {
    Set<String> types = new TreeSet<>();
    template.resources().forEach(resource -> types.add(resource.split(" ")[1]));

    assertThat(types).isEqualTo(new TreeSet<>(HANDLERS.keySet()));
    for (String handlers : HANDLERS.values()) {
      String[] names = handlers.split(":? ");
      for (String name : Arrays.asList(names).subList(1, names.length)) {
        assertThat(allows(names[0] + ":" + name)).as(names[0] + ":" + name).isTrue();
      }
    }
  }

  @Test
  void allowTheFunctionsToGetTheirRolesAndNetwork() {
    for (String right :
        List.of(
            "iam:PassRole",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs")) {
      assertThat(allows(right)).as(right).isTrue();
    }
    assertThat(allows("lambda:GetAccountSettings")).isTrue();
  }

  @Test
  void coverTheNamesOfEverythingThatIsDeployed() {
    for (String id : template.resources("AWS::Lambda::Function")) {
      String name = template.properties(id).path("FunctionName").asText();
      assertThat(allows("lambda:CreateFunction", "arn:aws:lambda:" + ACCOUNT + "function:" + name))
          .as(name)
          .isTrue();
    }
    for (String id : template.resources("AWS::Logs::LogGroup")) {
      String name = template.properties(id).path("LogGroupName").asText();
      assertThat(allows("logs:CreateLogGroup", "arn:aws:logs:" + ACCOUNT + "log-group:" + name))
          .as(name)
          .isTrue();
    }
    assertThat(
            allows(
                "cloudwatch:PutDashboard",
                "arn:aws:cloudwatch::123456789012:dashboard/" + STACK + "-load"))
        .isTrue();
    assertThat(allows("s3:CreateBucket", BUCKET)).isTrue();
  }

  @Test
  void coverNoOthersResources() {
    assertThat(allows("lambda:CreateFunction", "arn:aws:lambda:" + ACCOUNT + "function:other"))
        .isFalse();
    assertThat(allows("s3:GetObject", "arn:aws:s3:::people-loader-uploads/people.csv")).isFalse();
    assertThat(allows("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/admin")).isFalse();
    assertThat(allows("rds:AddRoleToDBInstance", "arn:aws:rds:" + ACCOUNT + "db:example"))
        .isFalse();
  }

  /** An inline policy of a role has at most 10,240 characters, a managed one 6,144. */
  @Test
  void fitIntoAManagedPolicy() {
    assertThat(policy.toString()).hasSizeLessThan(6144);
  }

  private static boolean allows(String action) {
    String service = action.substring(0, action.indexOf(':'));
    return allows(action, RESOURCES.getOrDefault(service, "*"));
  }

  private static boolean allows(String action, String resource) {
    for (JsonNode statement : policy.path("Statement")) {
      if (matches(statement.path("Action"), action)
          && matches(statement.path("Resource"), resource)) {
        return true;
      }
    }
    return false;
  }

  private static boolean matches(JsonNode patterns, String text) {
    if (patterns.isArray()) {
      for (JsonNode pattern : patterns) {
        if (matches(pattern, text)) {
          return true;
        }
      }
      return false;
    }
    return text.matches(("\\Q" + patterns.asText() + "\\E").replace("*", "\\E.*\\Q"));
  }
}
