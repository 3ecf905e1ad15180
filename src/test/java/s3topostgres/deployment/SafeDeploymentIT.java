package s3topostgres.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import s3topostgres.LoadException;
import s3topostgres.deploy.DatabaseRoleHandler;

/**
 * Three configurations, and what each may do: a right that is not listed here fails the test, as
 * does a topic without a key, a log that is kept for ever, and anything public.
 */
@Tag("packaging")
class SafeDeploymentIT {
  private static final Map<Configuration, CloudFormation> TEMPLATES = new HashMap<>();
  private static final String KEY = "arn:aws:kms:eu-west-2:123456789012:key/a";
  private static final String TOPIC =
      "arn:aws:sns:eu-west-2:123456789012:example-production-failures";
  private static final String BUS = "arn:aws:events:eu-west-2:123456789012:event-bus/default";
  private static final String BUCKET = "arn:aws:s3:::example-uploads";
  private static final String ANY_KEY = "{\"StringLikeIfExists\":{\"s3:prefix\":\"*\"}}";
  private static final String FUNCTION = "arn:aws:lambda:eu-west-2:123456789012:function:";
  private static final String DATABASE = "arn:aws:rds:eu-west-2:123456789012:db:example";

  private enum Configuration {
    /** What cannot be left out. */
    MINIMAL(Map.of()),
    /** All that can be switched on. */
    EVERYTHING(
        Map.of(
            "DB_INSTANCE_IDENTIFIER", "example",
            "FAILURES_TO", "ops@example.org",
            "EXPECT_LOAD_EVERY_HOURS", "26",
            "KMS_KEY_ARNS", KEY,
            "S3_RESULTS_PREFIX", "results/",
            "DB_PASSWORD_PARAMETER", "/aws/reference/secretsmanager/app/db")),
    /** The settings that the C# template had, with its names. */
    PREDECESSOR(
        Map.of(
            "DB_PORT", "5432",
            "DB_PASSWORD", "not to be passed on",
            "DB_TABLE_NAME", "public.people"));

    private final Map<String, String> settings;

    Configuration(Map<String, String> settings) {
      this.settings = settings;
    }
  }

  @TempDir private static Path folder;

  @BeforeAll
  static void packageAll() {
    for (Configuration configuration : Configuration.values()) {
      TEMPLATES.put(configuration, template(configuration.name(), configuration.settings));
    }
  }

  @Test
  void mayDoNoMoreThanALoadNeeds() {
    Set<String> rights = new TreeSet<>(oslsRights());
    rights.addAll(loadRights("app/production/db-password"));
    assertThat(Rights.of(TEMPLATES.get(Configuration.MINIMAL)))
        .containsExactlyInAnyOrderElementsOf(rights);
  }

  @Test
  void needsNoMoreRightsThanThatForThePredecessorsSettings() {
    assertThat(Rights.of(TEMPLATES.get(Configuration.PREDECESSOR)))
        .isEqualTo(Rights.of(TEMPLATES.get(Configuration.MINIMAL)));
    assertThat(
            TEMPLATES
                .get(Configuration.PREDECESSOR)
                .properties("LoadLambdaFunction")
                .at("/Environment/Variables")
                .properties())
        .extracting(Map.Entry::getKey)
        .containsExactlyInAnyOrder(
            "DB_HOST",
            "DB_PORT",
            "DB_DATABASE",
            "DB_USERNAME",
            "DB_PASSWORD_PARAMETER",
            "DB_TABLE_NAME",
            "S3_BUCKET_NAME",
            "LOAD_FUNCTION",
            "JAVA_TOOL_OPTIONS");
  }

  @Test
  void mayDoOnlyWhatIsSwitchedOn() {
    Set<String> rights = new TreeSet<>(oslsRights());
    rights.addAll(loadRights("aws/reference/secretsmanager/app/db"));
    rights.addAll(
        List.of(
            "LoadRole: Allow [secretsmanager:GetSecretValue]"
                + " on [arn:aws:secretsmanager:eu-west-2:123456789012:secret:app/db-??????]",
            "LoadRole: Allow [s3:PutObject] on [" + BUCKET + "/results/*]",
            "LoadRole: Allow [kms:Decrypt, kms:GenerateDataKey] on [" + KEY + "]",
            "LoadRole: Allow [events:PutEvents] on [" + BUS + "]",
            // The database.
            "DatabaseRole trust: Allow [sts:AssumeRole] to {\"Service\":\"rds.amazonaws.com\"} if"
                + " {\"StringEquals\":{\"aws:SourceAccount\":\"123456789012\","
                + "\"aws:SourceArn\":\""
                + DATABASE
                + "\"}}",
            "DatabaseRole: Allow [s3:GetObject] on [" + BUCKET + "/*]",
            "DatabaseRole: Allow [s3:ListBucket] on [" + BUCKET + "] if " + ANY_KEY,
            "DatabaseRole: Allow [kms:Decrypt] on [" + KEY + "]",
            // The function that associates that role.
            "DatabaseRoleFunctionRole trust: Allow [sts:AssumeRole]"
                + " to {\"Service\":\"lambda.amazonaws.com\"}",
            "DatabaseRoleFunctionRole: Allow [logs:CreateLogStream, logs:PutLogEvents]"
                + " on [${DatabaseRoleLogGroup.Arn}]",
            "DatabaseRoleFunctionPolicy: Allow [rds:AddRoleToDBInstance, rds:DescribeDBInstances,"
                + " rds:RemoveRoleFromDBInstance] on ["
                + DATABASE
                + "]",
            "DatabaseRoleFunctionPolicy: Allow [iam:PassRole] on [${DatabaseRole.Arn}] if"
                + " {\"StringEquals\":{\"iam:PassedToService\":\"rds.amazonaws.com\"}}",
            // The topic and its key. In a key's policy, "*" is the key.
            "FailuresKey: Allow [kms:*] on [*] to {\"AWS\":\"arn:aws:iam::123456789012:root\"}",
            "FailuresKey: Allow [kms:Decrypt, kms:GenerateDataKey*] on [*]"
                + " to {\"Service\":\"cloudwatch.amazonaws.com\"} if"
                + " {\"StringEquals\":{\"aws:SourceAccount\":\"123456789012\","
                + "\"kms:EncryptionContext:aws:sns:topicArn\":\""
                + TOPIC
                + "\"}}",
            "FailuresKey: Allow [kms:Decrypt, kms:GenerateDataKey] on [*]"
                + " to {\"Service\":\"events.amazonaws.com\"} if"
                + " {\"StringEquals\":{\"kms:EncryptionContext:aws:sns:topicArn\":\""
                + TOPIC
                + "\"}}",
            "FailuresTopicPolicy: Allow [sns:Publish] on [${FailuresTopic}]"
                + " to {\"Service\":\"events.amazonaws.com\"}",
            "FailuresTopicPolicy: Allow [sns:Publish] on [${FailuresTopic}]"
                + " to {\"Service\":\"cloudwatch.amazonaws.com\"} if"
                + " {\"StringEquals\":{\"aws:SourceAccount\":\"123456789012\"},\"ArnLike\":"
                + "{\"aws:SourceArn\":\"arn:aws:cloudwatch:eu-west-2:123456789012:alarm:"
                + "example-production-load-*\"}}",
            "FailuresTopicPolicy: Deny [sns:Publish] on [${FailuresTopic}] to \"*\" if"
                + " {\"Bool\":{\"aws:SecureTransport\":\"false\"}}"));
    assertThat(Rights.of(TEMPLATES.get(Configuration.EVERYTHING)))
        .containsExactlyInAnyOrderElementsOf(rights);
  }

  @Test
  void mayChangeTheRolesOfTheClusterThatIsNamed() {
    CloudFormation template = template("cluster", Map.of("DB_CLUSTER_IDENTIFIER", "aurora"));

    String cluster = "arn:aws:rds:eu-west-2:123456789012:cluster:aurora";
    assertThat(Rights.of(template))
        .contains(
            "DatabaseRoleFunctionPolicy: Allow [rds:AddRoleToDBCluster, rds:DescribeDBClusters,"
                + " rds:RemoveRoleFromDBCluster] on ["
                + cluster
                + "]",
            "DatabaseRole trust: Allow [sts:AssumeRole] to {\"Service\":\"rds.amazonaws.com\"} if"
                + " {\"StringEquals\":{\"aws:SourceAccount\":\"123456789012\","
                + "\"aws:SourceArn\":\""
                + cluster
                + "\"}}");
    assertThat(template.properties("DatabaseRoleAssociation"))
        .isEqualTo(
            new ObjectMapper()
                .valueToTree(
                    Map.of(
                        "ServiceToken", "${DatabaseRoleLambdaFunction.Arn}",
                        "ServiceTimeout", 1800,
                        "Role", "${DatabaseRole.Arn}",
                        "Instance", "",
                        "Cluster", "aurora")));
  }

  /** RDS and CloudFormation cannot be reached from a VPC without a way out. */
  @Test
  void associatesTheRoleFromOutsideOfTheVpc() {
    JsonNode function =
        TEMPLATES.get(Configuration.EVERYTHING).properties("DatabaseRoleLambdaFunction");

    assertThat(function.path("Handler").asText()).isEqualTo(DatabaseRoleHandler.class.getName());
    assertThat(function.has("VpcConfig")).isFalse();
    assertThat(function.path("Timeout").asInt()).isEqualTo(900);
  }

  @ParameterizedTest
  @EnumSource
  void makesNothingPublic(Configuration configuration) {
    CloudFormation template = TEMPLATES.get(configuration);

    assertThat(Rights.ofEverybody(template)).isEmpty();
    // No function URL, no interface: nothing but these.
    Set<String> types = new TreeSet<>();
    template.resources().forEach(resource -> types.add(resource.split(" ")[1]));
    assertThat(types)
        .isSubsetOf(
            "AWS::CloudWatch::Alarm",
            "AWS::CloudWatch::Dashboard",
            "AWS::Events::Rule",
            "AWS::IAM::Role",
            "AWS::IAM::RolePolicy",
            "AWS::KMS::Key",
            "AWS::Lambda::EventInvokeConfig",
            "AWS::Lambda::Function",
            "AWS::Lambda::Permission",
            "AWS::Logs::LogGroup",
            "AWS::Logs::MetricFilter",
            "AWS::S3::Bucket",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::Subscription",
            "AWS::SNS::Topic",
            "AWS::SNS::TopicPolicy",
            "Custom::DatabaseRole",
            "Custom::S3");
    assertThat(template.resources("AWS::Lambda::Permission")).containsOnly("CatchUpPermission");
    assertThat(template.properties("CatchUpPermission").path("Principal").asText())
        .isEqualTo("events.amazonaws.com");
    for (String bucket : template.resources("AWS::S3::Bucket")) {
      assertThat(template.properties(bucket).path("PublicAccessBlockConfiguration"))
          .hasSize(4)
          .allMatch(JsonNode::asBoolean);
    }
  }

  @ParameterizedTest
  @EnumSource
  void keepsEveryLogForALimitedTime(Configuration configuration) {
    CloudFormation template = TEMPLATES.get(configuration);
    Set<String> logs = new TreeSet<>();
    for (String id : template.resources("AWS::Logs::LogGroup")) {
      assertThat(template.properties(id).path("RetentionInDays").asInt()).as(id).isPositive();
      logs.add(template.properties(id).path("LogGroupName").asText());
    }
    for (String id : template.resources("AWS::Lambda::Function")) {
      if (id.startsWith("CustomDashresource")) {
        continue; // The function of osls; it may not write a log.
      }
      JsonNode function = template.properties(id);
      assertThat(logs)
          .contains(
              function
                  .at("/LoggingConfig/LogGroup")
                  .asText("/aws/lambda/" + function.path("FunctionName").asText()));
    }
  }

  @Test
  void encryptsTheTopicWithAKeyThatAlarmsMayUse() {
    CloudFormation template = TEMPLATES.get(Configuration.EVERYTHING);

    assertThat(template.resources("AWS::SNS::Topic")).containsExactly("FailuresTopic");
    assertThat(template.properties("FailuresTopic").path("KmsMasterKeyId").asText())
        .isEqualTo("${FailuresKey}");
    assertThat(template.properties("FailuresTopic").path("TopicName").asText())
        .isEqualTo(TOPIC.substring(TOPIC.lastIndexOf(':') + 1));
    assertThat(template.properties("FailuresKey").path("EnableKeyRotation").asBoolean()).isTrue();
  }

  @Test
  void reportsToAnAddress() {
    CloudFormation template = TEMPLATES.get(Configuration.EVERYTHING);

    JsonNode subscription = template.properties("FailuresSubscription");
    assertThat(subscription.path("Protocol").asText()).isEqualTo("email");
    assertThat(subscription.path("Endpoint").asText()).isEqualTo("ops@example.org");
    assertThat(destination(template)).isEqualTo(BUS);
    assertThat(alarms(template))
        .containsExactly(
            "catch-up",
            "dropped",
            "duration",
            "errors",
            "no-load",
            "notification",
            "reports",
            "start",
            "throttles");
  }

  @Test
  void sendsOneMailForAnUploadThatIsGivenUpAndNoAlarmForAFaultOfAFile() {
    CloudFormation template = TEMPLATES.get(Configuration.EVERYTHING);

    for (String id : template.resources("AWS::CloudWatch::Alarm")) {
      boolean countsFailedLoads = List.of("ErrorsAlarm", "DroppedAlarm").contains(id);
      assertThat(template.properties(id).at("/AlarmActions/0").asText(""))
          .as(id)
          .isEqualTo(countsFailedLoads ? "" : "${FailuresTopic}");
    }
    JsonNode rule = template.properties("FailuresRule");
    assertThat(rule.path("EventPattern").toString())
        .isEqualTo(
            "{\"source\":[\"lambda\"],"
                + "\"detail-type\":[\"Lambda Function Invocation Result - Failure\"],"
                + "\"detail\":{\"requestContext\":{\"functionArn\":"
                + "[{\"prefix\":\"${LoadLambdaFunction.Arn}:\"}]},"
                + "\"responsePayload\":{\"errorType\":[\"%s\"]}}}"
                    .formatted(LoadException.class.getName()));
    assertThat(rule.at("/Targets/0/Arn").asText()).isEqualTo("${FailuresTopic}");
    // EventBridge would not escape what a template puts into a text.
    assertThat(rule.at("/Targets/0/InputPath").asText())
        .isEqualTo("$.detail.responsePayload.errorMessage");
    assertThat(rule.at("/Targets/0").has("InputTransformer")).isFalse();
    JsonNode ended = template.properties("EndedRule");
    assertThat(ended.at("/EventPattern/detail/responsePayload/errorType").toString())
        .isEqualTo(
            "[{\"exists\":false},{\"anything-but\":[\"%s\"]}]"
                .formatted(LoadException.class.getName()));
    assertThat(ended.at("/EventPattern/source/0").asText()).isEqualTo("lambda");
    assertThat(ended.at("/Targets/0/InputTransformer/InputTemplate").asText())
        .startsWith("\"s3://<bucket>/<key> was not loaded: ")
        .endsWith("\"");
    assertThat(ended.at("/Targets/0/InputTransformer/InputPathsMap").toString())
        .as("names, which need no escape")
        .doesNotContain("errorMessage");
  }

  @Test
  void reportsToATopicThatIsThere() {
    String topic = "arn:aws:sns:eu-west-2:123456789012:ops";
    CloudFormation template = template("topic", Map.of("FAILURES_TO", topic, "KMS_KEY_ARNS", KEY));

    assertThat(template.resources("AWS::SNS::Topic")).isEmpty();
    assertThat(template.resources("AWS::KMS::Key")).isEmpty();
    assertThat(destination(template)).isEqualTo(BUS);
    for (String rule : List.of("FailuresRule", "EndedRule")) {
      assertThat(template.properties(rule).at("/Targets/0/Arn").asText()).isEqualTo(topic);
    }
    assertThat(template.properties("CatchUpAlarm").at("/AlarmActions/0").asText()).isEqualTo(topic);
    assertThat(Rights.of(template))
        .contains("LoadRole: Allow [events:PutEvents] on [" + BUS + "]")
        .noneMatch(right -> right.contains("sns:"));
  }

  @Test
  void hasAlarmsWithoutActionsWhenNobodyIsToBeNotified() {
    CloudFormation template = TEMPLATES.get(Configuration.MINIMAL);

    assertThat(alarms(template))
        .containsExactly(
            "catch-up", "dropped", "duration", "errors", "notification", "start", "throttles");
    assertThat(template.properties("CatchUpAlarm").has("AlarmActions")).isFalse();
    assertThat(template.properties("LoadLambdaEvConf").path("DestinationConfig")).isEmpty();
  }

  @Test
  void everyAlarmSaysWhatToDo() {
    CloudFormation template = TEMPLATES.get(Configuration.EVERYTHING);

    for (String id : template.resources("AWS::CloudWatch::Alarm")) {
      JsonNode alarm = template.properties(id);
      assertThat(alarm.path("AlarmDescription").asText()).as(id).hasSizeBetween(100, 1024);
      int period = alarm.path("Period").asInt(alarm.at("/Metrics/1/MetricStat/Period").asInt());
      int seconds = period * alarm.path("EvaluationPeriods").asInt();
      assertThat(seconds).as(id).isBetween(60, period < 3600 ? 86400 : 604800);
    }
  }

  @Test
  void alarmsWhenNothingIsLoaded() {
    CloudFormation template = TEMPLATES.get(Configuration.EVERYTHING);

    JsonNode alarm = template.properties("NoLoadAlarm");
    JsonNode filter = template.properties("ExpectedLoads");
    JsonNode metric = filter.at("/MetricTransformations/0");
    assertThat(alarm.path("Namespace")).isEqualTo(metric.path("MetricNamespace"));
    assertThat(alarm.path("MetricName")).isEqualTo(metric.path("MetricName"));
    assertThat(alarm.at("/Dimensions/0/Name")).isEqualTo(metric.at("/Dimensions/0/Key"));
    assertThat(alarm.path("EvaluationPeriods").asInt()).isEqualTo(26);
    assertThat(alarm.path("TreatMissingData").asText()).isEqualTo("breaching");
    assertThat(filter.path("LogGroupName").asText()).isEqualTo("${LoadLogGroup}");
  }

  @Test
  void alarmsUntilTheBucketNotifiesTheFunctionAgain() {
    JsonNode alarm = TEMPLATES.get(Configuration.EVERYTHING).properties("NotificationAlarm");

    assertThat(alarm.path("Namespace").asText()).isEqualTo("S3CsvToPostgres");
    assertThat(alarm.path("MetricName").asText()).isEqualTo("NotificationsMissing");
    assertThat(alarm.path("Dimensions").toString())
        .isEqualTo("[{\"Name\":\"service\",\"Value\":\"example-production-load\"}]");
    assertThat(alarm.path("Statistic").asText()).isEqualTo("Maximum");
    assertThat(alarm.path("Threshold").asInt()).isEqualTo(1);
    // Between two runs of catchUp there are no data.
    assertThat(alarm.path("TreatMissingData").asText()).isEqualTo("ignore");
    assertThat(alarm.at("/AlarmActions/0").asText()).isEqualTo("${FailuresTopic}");
  }

  @Test
  void alarmsWhenTheFunctionCannotStart() {
    CloudFormation template = TEMPLATES.get(Configuration.EVERYTHING);

    JsonNode filter = template.properties("FailedStarts");
    assertThat(filter.path("FilterPattern").asText())
        .isEqualTo("\"INIT_REPORT\" \"Status: error\"");
    assertThat(filter.path("LogGroupName").asText()).isEqualTo("${LoadLogGroup}");
    assertThat(template.properties("StartAlarm").path("MetricName"))
        .isEqualTo(filter.at("/MetricTransformations/0/MetricName"));
  }

  @ParameterizedTest
  @EnumSource
  void showsADashboardWithNothingEmpty(Configuration configuration) throws Exception {
    String body =
        TEMPLATES.get(configuration).properties("Dashboard").path("DashboardBody").asText();
    JsonNode dashboard = new ObjectMapper().readTree(body);

    Set<String> titles = new TreeSet<>();
    boolean[][] taken = new boolean[100][24];
    for (JsonNode widget : dashboard.path("widgets")) {
      JsonNode properties = widget.path("properties");
      occupy(taken, widget);
      switch (widget.path("type").asText()) {
        case "text" -> assertThat(properties.path("markdown").asText()).contains("example-uploads");
        case "alarm" ->
            assertThat(properties.path("alarms"))
                .hasSize(configuration == Configuration.EVERYTHING ? 9 : 7);
        case "log" ->
            assertThat(properties.path("query").asText())
                .startsWith("SOURCE '${LoadLogGroup}' | filter ")
                .contains("\\S+");
        default -> {
          assertThat(properties.path("metrics")).isNotEmpty();
          assertThat(properties.at("/yAxis/left/label").asText()).isNotEmpty();
          assertThat(properties.path("region").asText()).isEqualTo("eu-west-2");
          assertThat(properties.toString()).contains("example-production-load");
        }
      }
      if (!widget.path("type").asText().equals("text")) {
        assertThat(properties.path("title").asText()).isNotEmpty();
        assertThat(titles.add(properties.path("title").asText())).isTrue();
      }
    }
    assertThat(titles).hasSize(11);
    assertThat(body).contains("\"label\": \"${PROP('Dim.table')}\"");
  }

  /** No widget lies on another. */
  private static void occupy(boolean[][] taken, JsonNode widget) {
    for (int y = 0; y < widget.path("height").asInt(); y++) {
      for (int x = 0; x < widget.path("width").asInt(); x++) {
        int row = widget.path("y").asInt() + y;
        int column = widget.path("x").asInt() + x;
        assertThat(taken[row][column]).as(widget.toString()).isFalse();
        taken[row][column] = true;
      }
    }
  }

  private static String destination(CloudFormation template) {
    return template
        .properties("LoadLambdaEvConf")
        .at("/DestinationConfig/OnFailure/Destination")
        .asText();
  }

  /** The alarms' names, without the function's. */
  private static List<String> alarms(CloudFormation template) {
    Set<String> names = new TreeSet<>();
    for (String id : template.resources("AWS::CloudWatch::Alarm")) {
      names.add(
          template
              .properties(id)
              .path("AlarmName")
              .asText()
              .replace("example-production-load-", ""));
    }
    return List.copyOf(names);
  }

  private static Set<String> loadRights(String parameter) {
    return Set.of(
        "LoadRole trust: Allow [sts:AssumeRole] to {\"Service\":\"lambda.amazonaws.com\"}",
        "LoadRole: Allow [s3:GetObject] on [" + BUCKET + "/*]",
        "LoadRole: Allow [s3:ListBucket] on [" + BUCKET + "] if " + ANY_KEY,
        "LoadRole: Allow [s3:GetBucketNotification] on [" + BUCKET + "]",
        "LoadRole: Allow [ssm:GetParameter]"
            + " on [arn:aws:ssm:eu-west-2:123456789012:parameter/"
            + parameter
            + "]",
        "LoadRole: Allow [logs:CreateLogStream, logs:PutLogEvents]"
            + " on [${CheckLogGroup.Arn}, ${LoadLogGroup.Arn}]",
        "LoadRole: Allow [ec2:AssignPrivateIpAddresses, ec2:CreateNetworkInterface,"
            + " ec2:DeleteNetworkInterface, ec2:UnassignPrivateIpAddresses]"
            + " on [arn:aws:ec2:eu-west-2:*:*/*]",
        // EC2 does not know these two on less.
        "LoadRole: Allow [ec2:DescribeNetworkInterfaces, ec2:DescribeSubnets] on [*]",
        "LoadRole: Deny [ec2:*] on [*] if {\"ArnEquals\":{\"lambda:SourceFunctionArn\":["
            + "\""
            + FUNCTION
            + "example-production-load\","
            + "\""
            + FUNCTION
            + "example-production-catch-up\","
            + "\""
            + FUNCTION
            + "example-production-check\"]}}");
  }

  /** What osls brings for the notification and the upload of the package; fixed there. */
  private static Set<String> oslsRights() {
    String role = "IamRoleCustomResourcesLambdaExecution";
    return Set.of(
        role + " trust: Allow [sts:AssumeRole] to {\"Service\":[\"lambda.amazonaws.com\"]}",
        role + ": Allow [s3:GetBucketNotification, s3:PutBucketNotification] on [" + BUCKET + "]",
        role + ": Allow [lambda:AddPermission, lambda:RemovePermission] on [" + FUNCTION + "*]",
        "ServerlessDeploymentBucketPolicy: Deny [s3:*]"
            + " on [arn:aws:s3:::${ServerlessDeploymentBucket},"
            + " arn:aws:s3:::${ServerlessDeploymentBucket}/*] to \"*\" if"
            + " {\"Bool\":{\"aws:SecureTransport\":false}}");
  }

  private static CloudFormation template(String name, Map<String, String> more) {
    Map<String, String> settings = new HashMap<>(ServerlessTemplateIT.TYPICAL);
    settings.putAll(more);
    Path own = folder.resolve(name);
    assertThat(own.toFile().mkdir()).isTrue();
    return new Packaging(own).environment(settings).template();
  }
}
