package s3topostgres.deployment;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import s3topostgres.handler.CatchUpHandler;
import s3topostgres.handler.CheckHandler;
import s3topostgres.handler.CsvLoadHandler;

/**
 * Packages the function as a deployment does, without an AWS account, and reads the CloudFormation
 * template that would be deployed. Needs Node; run by {@code ./mvnw -Ppackaging verify}.
 */
@Tag("packaging")
class ServerlessTemplateIT {
  /** Every setting of the function except DB_PASSWORD, which is for local use. */
  static final Set<String> SETTINGS =
      Set.of(
          "AFTER_LOAD_SQL",
          "BEFORE_LOAD_SQL",
          "CSV_DATE_ORDER",
          "CSV_DELIMITER",
          "CSV_ENCODING",
          "CSV_ESCAPE",
          "CSV_HEADER",
          "CSV_NULL",
          "CSV_QUOTE",
          "CSV_SCAN",
          "CSV_UNKNOWN_COLUMNS",
          "DB_AUTH",
          "DB_CA_CERTIFICATE",
          "DB_DATABASE",
          "DB_HOST",
          "DB_PASSWORD_PARAMETER",
          "DB_PORT",
          "DB_SSL_MODE",
          "DB_TABLE_NAME",
          "DB_USERNAME",
          "FUNCTION_TIMEOUT_SECONDS",
          "HISTORY_TABLE",
          "IMPORT_WITH",
          "LOAD_MODE",
          "LOCK_TIMEOUT_SECONDS",
          "LOG_LEVEL",
          "MAX_DELETED_ROWS",
          "MAX_REJECTED_ROWS",
          "MIN_ROWS",
          "REBUILD_INDEXES",
          "S3_BUCKET_NAME",
          "S3_RESULTS_PREFIX",
          "S3_SET_MARKER");

  static final Set<String> DEPLOYMENT_SETTINGS =
      Set.of(
          "AWS_REGION",
          "CATCH_UP_EVERY",
          "DB_CLUSTER_IDENTIFIER",
          "DB_INSTANCE_IDENTIFIER",
          "EXPECT_LOAD_EVERY_HOURS",
          "FAILURES_TO",
          "KMS_KEY_ARNS",
          "MAX_CONCURRENT_LOADS",
          "SECURITY_GROUP_IDS",
          "SUBNET_IDS");

  /** What cannot be left out, and nothing else. */
  static final Map<String, String> TYPICAL =
      Map.ofEntries(
          entry("AWS_REGION", "eu-west-2"),
          entry("SUBNET_IDS", "subnet-1,subnet-2"),
          entry("SECURITY_GROUP_IDS", "sg-1"),
          entry("S3_BUCKET_NAME", "example-uploads"),
          entry("DB_HOST", "db.example.org"),
          entry("DB_DATABASE", "app"),
          entry("DB_USERNAME", "loader"),
          entry("DB_PASSWORD_PARAMETER", "/app/production/db-password"),
          entry("DB_TABLE_NAME", "people"));

  private static final String CUSTOM_RESOURCE =
      "CustomDashresourceDashexistingDashs3LambdaFunction";

  @TempDir private static Path typicalFolder;
  private static CloudFormation typical;

  @BeforeAll
  static void packageTypicalConfiguration() {
    Map<String, String> environment = new HashMap<>(TYPICAL);
    environment.put("DB_PASSWORD", "not to be passed on");
    typical = new Packaging(typicalFolder).environment(environment).template();
  }

  @Test
  void deploysTheFunction() {
    assertThat(typical.properties("LoadLambdaFunction"))
        .isEqualTo(
            json(
                """
                {
                  "Code": {
                    "S3Bucket": "${ServerlessDeploymentBucket}",
                    "S3Key": %s
                  },
                  "FunctionName": "example-production-load",
                  "Description": "Loads CSV files from s3://example-uploads into Postgres",
                  "Handler": "%s",
                  "Runtime": "java25",
                  "Architectures": ["arm64"],
                  "Timeout": "900",
                  "MemorySize": 512,
                  "Environment": {
                    "Variables": {
                      "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=4",
                      "LOAD_FUNCTION": "example-production-load",
                      "DB_HOST": "db.example.org",
                      "DB_DATABASE": "app",
                      "DB_USERNAME": "loader",
                      "DB_PASSWORD_PARAMETER": "/app/production/db-password",
                      "DB_TABLE_NAME": "people",
                      "S3_BUCKET_NAME": "example-uploads"
                    }
                  },
                  "Role": "${LoadRole.Arn}",
                  "VpcConfig": {
                    "SubnetIds": ["subnet-1", "subnet-2"],
                    "SecurityGroupIds": ["sg-1"]
                  },
                  "ReservedConcurrentExecutions": "5",
                  "Tags": [
                    {"Key": "service", "Value": "example"},
                    {"Key": "stage", "Value": "production"}
                  ]
                }
                """
                    .formatted(
                        typical.properties("LoadLambdaFunction").at("/Code/S3Key"),
                        CsvLoadHandler.class.getName())));
    assertThat(typical.properties("LoadLambdaFunction").at("/Code/S3Key").asText())
        .endsWith("/function.zip");
  }

  @Test
  void checksWithTheTimeMemoryAndSettingsOfTheLoads() {
    JsonNode load = typical.properties("LoadLambdaFunction");
    JsonNode check = typical.properties("CheckLambdaFunction");

    assertThat(check.path("Handler").asText()).isEqualTo(CheckHandler.class.getName());
    for (String same : List.of("Timeout", "MemorySize", "Environment", "VpcConfig", "Role")) {
      assertThat(check.path(same)).as(same).isEqualTo(load.path(same));
    }
    assertThat(typical.properties("CheckLogGroup").path("RetentionInDays").asInt()).isEqualTo(90);
  }

  @Test
  void catchesUpEveryHourAsTheLoadsDo() {
    JsonNode load = typical.properties("LoadLambdaFunction");
    JsonNode catchUp = typical.properties("CatchUpLambdaFunction");

    assertThat(catchUp.path("Handler").asText()).isEqualTo(CatchUpHandler.class.getName());
    for (String same :
        List.of("Code", "Timeout", "MemorySize", "Environment", "VpcConfig", "Role")) {
      assertThat(catchUp.path(same)).as(same).isEqualTo(load.path(same));
    }
    assertThat(catchUp.at("/Environment/Variables/LOAD_FUNCTION"))
        .isEqualTo(load.path("FunctionName"));
    assertThat(catchUp.at("/LoggingConfig/LogGroup"))
        .isEqualTo(typical.properties("LoadLogGroup").path("LogGroupName"));
    assertThat(typical.properties("CatchUpLambdaEvConf").path("MaximumRetryAttempts").asInt(-1))
        .isZero();
    assertThat(typical.properties("CatchUpSchedule"))
        .isEqualTo(
            json(
                """
                {
                  "Name": "example-production-catch-up",
                  "Description": "Calls the function example-production-catch-up",
                  "ScheduleExpression": "rate(1 hour)",
                  "Targets": [{"Id": "catch-up", "Arn": "${CatchUpLambdaFunction.Arn}"}]
                }
                """));
    assertThat(typical.properties("CatchUpPermission"))
        .isEqualTo(
            json(
                """
                {
                  "FunctionName": "${CatchUpLambdaFunction.Arn}",
                  "Action": "lambda:InvokeFunction",
                  "Principal": "events.amazonaws.com",
                  "SourceArn": "${CatchUpSchedule.Arn}"
                }
                """));
    assertThat(typical.output("CatchUp")).isEqualTo("1 hour");
  }

  @Test
  void catchesUpAsOftenAsItIsTold(@TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder)
            .environment(TYPICAL)
            .param("CATCH_UP_EVERY", "15 minutes")
            .param("MAX_CONCURRENT_LOADS", "2")
            .template();

    assertThat(template.properties("CatchUpSchedule").path("ScheduleExpression").asText())
        .isEqualTo("rate(15 minutes)");
    assertThat(template.output("CatchUp")).isEqualTo("15 minutes");
    assertThat(
            template.properties("LoadLambdaFunction").path("ReservedConcurrentExecutions").asText())
        .isEqualTo("2");
  }

  @Test
  void givesTheLoadsTheTimeThatItIsTold(@TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder)
            .environment(TYPICAL)
            .param("FUNCTION_TIMEOUT_SECONDS", "1800")
            .param("DB_INSTANCE_IDENTIFIER", "example")
            .template();

    for (String function : List.of("Load", "CatchUp", "Check")) {
      JsonNode properties = template.properties(function + "LambdaFunction");
      assertThat(properties.path("Timeout").asText()).as(function).isEqualTo("1800");
      assertThat(properties.at("/Environment/Variables/FUNCTION_TIMEOUT_SECONDS").asText())
          .as(function)
          .isEqualTo("1800");
    }
    assertThat(template.properties("DatabaseRoleLambdaFunction").path("Timeout").asInt())
        .isEqualTo(900);
    JsonNode alarm = template.properties("DurationAlarm");
    assertThat(alarm.path("AlarmDescription").asText()).contains("80 % of the 1800 s");
    assertThat(alarm.path("Threshold").asInt()).isEqualTo(80);
    // Milliseconds to percent.
    assertThat(alarm.at("/Metrics/0/Expression").asText()).isEqualTo("duration / 1800 / 10");
    assertThat(alarm.at("/Metrics/1"))
        .isEqualTo(
            json(
                """
                {
                  "Id": "duration",
                  "ReturnData": false,
                  "MetricStat": {
                    "Metric": {
                      "Namespace": "AWS/Lambda",
                      "MetricName": "Duration",
                      "Dimensions": [{"Name": "FunctionName", "Value": "example-production-load"}]
                    },
                    "Period": 300,
                    "Stat": "Maximum"
                  }
                }
                """));
    assertThat(template.properties("Dashboard").path("DashboardBody").asText())
        .contains("the function has 1800 s");
  }

  @Test
  void neitherCatchesUpNorReservesWhereThatIsNotWanted(@TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder)
            .environment(TYPICAL)
            .param("CATCH_UP_EVERY", "never")
            .param("MAX_CONCURRENT_LOADS", "none")
            .template();

    Set<String> less = new TreeSet<>(typical.resources());
    less.removeAll(template.resources());
    assertThat(less)
        .containsExactly(
            "CatchUpPermission AWS::Lambda::Permission", "CatchUpSchedule AWS::Events::Rule");
    assertThat(template.output("CatchUp")).isEqualTo("never");
    assertThat(template.properties("LoadLambdaFunction").has("ReservedConcurrentExecutions"))
        .isFalse();
  }

  @Test
  void saysThatWithoutAHistoryThereIsNoCatchingUp(@TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder).environment(TYPICAL).param("HISTORY_TABLE", "off").template();

    assertThat(template.resources("AWS::Events::Rule")).isEmpty();
    assertThat(template.output("CatchUp")).startsWith("never, because HISTORY_TABLE=off");
  }

  @Test
  void isNotifiedOfUploadsToTheExistingBucket() {
    ObjectNode notification = typical.properties("LoadCustomS31").deepCopy();
    notification.remove("ForceDeploy");
    assertThat(notification)
        .isEqualTo(
            json(
                """
                {
                  "ServiceToken": "${CustomDashresourceDashexistingDashs3LambdaFunction.Arn}",
                  "FunctionName": "example-production-load",
                  "BucketName": "example-uploads",
                  "BucketConfigs": [
                    {"Event": "s3:ObjectCreated:*", "Rules": [{"Prefix": ""}, {"Suffix": ".csv"}]},
                    {"Event": "s3:ObjectCreated:*", "Rules": [{"Prefix": ""}, {"Suffix": ".CSV"}]},
                    {"Event": "s3:ObjectCreated:*", "Rules": [{"Prefix": ""}, {"Suffix": ".csv.gz"}]}
                  ]
                }
                """));
  }

  /** CloudFormation calls the function that adds them only if a property has changed. */
  @Test
  void addsTheNotificationsAgainAtEachDeployment(@TempDir Path folder) {
    JsonNode again =
        new Packaging(folder).environment(TYPICAL).template().properties("LoadCustomS31");

    assertThat(again.path("ForceDeploy").asLong())
        .isGreaterThan(typical.properties("LoadCustomS31").path("ForceDeploy").asLong())
        .isPositive();
  }

  @Test
  void retriesAFailedLoadTwice() {
    assertThat(typical.properties("LoadLambdaEvConf"))
        .isEqualTo(
            json(
                """
                {
                  "FunctionName": "${LoadLambdaFunction}",
                  "Qualifier": "$LATEST",
                  "MaximumRetryAttempts": 2,
                  "MaximumEventAgeInSeconds": 21600,
                  "DestinationConfig": {}
                }
                """));
  }

  @Test
  void keepsTheLogForALimitedTime() {
    assertThat(typical.properties("LoadLogGroup"))
        .isEqualTo(
            json(
                """
                {
                  "LogGroupName": "/aws/lambda/example-production-load",
                  "RetentionInDays": 90
                }
                """));
  }

  @Test
  void deploysNothingElse() {
    assertThat(typical.resources())
        .containsExactlyInAnyOrder(
            "LoadLambdaFunction AWS::Lambda::Function",
            "LoadLambdaEvConf AWS::Lambda::EventInvokeConfig",
            "LoadLogGroup AWS::Logs::LogGroup",
            "LoadRole AWS::IAM::Role",
            "CatchUpLambdaFunction AWS::Lambda::Function",
            "CatchUpLambdaEvConf AWS::Lambda::EventInvokeConfig",
            "CatchUpSchedule AWS::Events::Rule",
            "CatchUpPermission AWS::Lambda::Permission",
            "CheckLambdaFunction AWS::Lambda::Function",
            "CheckLogGroup AWS::Logs::LogGroup",
            "CatchUpAlarm AWS::CloudWatch::Alarm",
            "DroppedAlarm AWS::CloudWatch::Alarm",
            "DurationAlarm AWS::CloudWatch::Alarm",
            "ErrorsAlarm AWS::CloudWatch::Alarm",
            "FailedStarts AWS::Logs::MetricFilter",
            "NotificationAlarm AWS::CloudWatch::Alarm",
            "StartAlarm AWS::CloudWatch::Alarm",
            "ThrottlesAlarm AWS::CloudWatch::Alarm",
            "Dashboard AWS::CloudWatch::Dashboard",
            // osls brings these for a bucket that exists: a function that adds the notification,
            "LoadCustomS31 Custom::S3",
            CUSTOM_RESOURCE + " AWS::Lambda::Function",
            "IamRoleCustomResourcesLambdaExecution AWS::IAM::Role",
            // and these to upload the package to.
            "ServerlessDeploymentBucket AWS::S3::Bucket",
            "ServerlessDeploymentBucketPolicy AWS::S3::BucketPolicy");
  }

  @Test
  void mayDoWhatALoadNeedsAndNoMore() {
    assertThat(statements(typical, "LoadRole"))
        .containsExactlyInAnyOrderElementsOf(loadStatements());
    assertThat(typical.properties("LoadRole").has("ManagedPolicyArns")).isFalse();
    assertThat(typical.properties("LoadRole").path("AssumeRolePolicyDocument").path("Statement"))
        .isEqualTo(
            json(
                """
                [{
                  "Effect": "Allow",
                  "Principal": {"Service": "lambda.amazonaws.com"},
                  "Action": "sts:AssumeRole"
                }]
                """));
  }

  @Test
  void letsOslsAddTheNotificationAndNoMore() {
    assertThat(statements(typical, "IamRoleCustomResourcesLambdaExecution"))
        .containsExactlyInAnyOrder(
            "Allow [s3:GetBucketNotification, s3:PutBucketNotification]"
                + " on [arn:aws:s3:::example-uploads]",
            // Fixed in osls: of every function of the account and region.
            "Allow [lambda:AddPermission, lambda:RemovePermission]"
                + " on [arn:aws:lambda:eu-west-2:123456789012:function:*]");
    assertThat(typical.properties("IamRoleCustomResourcesLambdaExecution").has("ManagedPolicyArns"))
        .isFalse();
    assertThat(typical.properties(CUSTOM_RESOURCE).path("Role").asText())
        .isEqualTo("${IamRoleCustomResourcesLambdaExecution.Arn}");
  }

  @Test
  void keepsTheDeploymentBucketPrivate() {
    JsonNode bucket = typical.properties("ServerlessDeploymentBucket");
    assertThat(bucket.path("PublicAccessBlockConfiguration"))
        .isNotEmpty()
        .allMatch(JsonNode::asBoolean);
    assertThat(bucket.has("BucketEncryption")).isTrue();
  }

  @Test
  void passesOnEverySetting(@TempDir Path folder) {
    Map<String, String> values = new TreeMap<>(TYPICAL);
    values.put("DB_PORT", "6432");
    values.put("DB_AUTH", "password");
    values.put("DB_SSL_MODE", "verify-ca");
    values.put("DB_CA_CERTIFICATE", "ca.pem");
    values.put("DB_TABLE_NAME", "\"Mixed Case\".\"T\"");
    values.put("LOAD_MODE", "sync");
    values.put("IMPORT_WITH", "copy");
    values.put("CSV_HEADER", "skip");
    values.put("CSV_DELIMITER", ";");
    values.put("CSV_QUOTE", "'");
    values.put("CSV_ESCAPE", "\\");
    values.put("CSV_NULL", "\\N");
    values.put("CSV_ENCODING", "LATIN1");
    values.put("CSV_DATE_ORDER", "dmy");
    values.put("CSV_SCAN", "off");
    values.put("CSV_UNKNOWN_COLUMNS", "ignore");
    values.put("MIN_ROWS", "100");
    values.put("LOAD_MODE", "sync");
    values.put("MAX_DELETED_ROWS", "20%");
    values.put("MAX_REJECTED_ROWS", "1%");
    values.put("FUNCTION_TIMEOUT_SECONDS", "1800");
    values.put("LOCK_TIMEOUT_SECONDS", "10");
    values.put("REBUILD_INDEXES", "off");
    values.put("BEFORE_LOAD_SQL", "SELECT 'ä';\nSELECT 2");
    values.put("AFTER_LOAD_SQL", "DO $$ BEGIN PERFORM refresh(); END $$");
    values.put("HISTORY_TABLE", "off");
    values.put("LOG_LEVEL", "debug");
    values.put("S3_SET_MARKER", "_SUCCESS");
    values.put("S3_RESULTS_PREFIX", "results/");

    CloudFormation template = new Packaging(folder).environment(values).template();

    Map<String, String> passedOn = environment(template);
    assertThat(passedOn.remove("LOAD_FUNCTION")).isEqualTo("example-production-load");
    assertThat(passedOn.remove("JAVA_TOOL_OPTIONS")).isEqualTo("-XX:TieredStopAtLevel=4");
    assertThat(passedOn.keySet()).isEqualTo(SETTINGS);
    assertThat(values).containsAllEntriesOf(passedOn);
  }

  @Test
  void takesSettingsFromParametersThenEnvironmentThenFile(@TempDir Path folder) {
    Map<String, String> environment = new HashMap<>(TYPICAL);
    environment.put("MIN_ROWS", "2");
    environment.put("LOG_LEVEL", "warn");
    environment.remove("SUBNET_IDS");

    CloudFormation template =
        new Packaging(folder)
            .environment(environment)
            .file(".env.production", "MIN_ROWS=1\nCSV_DELIMITER=;\nDB_PORT=6432\n")
            .param("MIN_ROWS", "3")
            .param("SUBNET_IDS", "subnet-3")
            .template();

    assertThat(environment(template))
        .containsEntry("MIN_ROWS", "3")
        .containsEntry("LOG_LEVEL", "warn")
        .containsEntry("CSV_DELIMITER", ";")
        .containsEntry("DB_PORT", "6432");
    assertThat(template.properties("LoadLambdaFunction").at("/VpcConfig/SubnetIds"))
        .isEqualTo(json("[\"subnet-3\"]"));
  }

  @Test
  void isNotifiedOfAndMayReadTheKeysWithThePrefixOnly(@TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder)
            .environment(TYPICAL)
            .param("S3_KEY_PREFIX", "people/in-")
            .param("DB_INSTANCE_IDENTIFIER", "example")
            .template();

    for (String role : List.of("LoadRole", "DatabaseRole")) {
      assertThat(statements(template, role))
          .contains(
              "Allow [s3:GetObject] on [arn:aws:s3:::example-uploads/people/in-*]",
              "Allow [s3:ListBucket] on [arn:aws:s3:::example-uploads]"
                  + " if {\"StringLikeIfExists\":{\"s3:prefix\":\"people/in-*\"}}");
    }
    assertThat(environment(template)).containsEntry("S3_KEY_PREFIX", "people/in-");
    assertThat(template.properties("LoadCustomS31").at("/BucketConfigs/0/Rules"))
        .isEqualTo(json("[{\"Prefix\": \"people/in-\"}, {\"Suffix\": \".csv\"}]"));
  }

  @Test
  void mayPutResultsUnderTheirPrefixOnly(@TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder)
            .environment(TYPICAL)
            .param("S3_KEY_PREFIX", "people/")
            .param("S3_RESULTS_PREFIX", "results/people/")
            .param("KMS_KEY_ARNS", "arn:aws:kms:eu-west-2:1:key/a")
            .template();

    assertThat(statements(template, "LoadRole"))
        .contains(
            "Allow [s3:GetObject] on [arn:aws:s3:::example-uploads/people/*]",
            "Allow [s3:PutObject] on [arn:aws:s3:::example-uploads/results/people/*]",
            "Allow [kms:Decrypt, kms:GenerateDataKey] on [arn:aws:kms:eu-west-2:1:key/a]");
    assertThat(environment(template)).containsEntry("S3_RESULTS_PREFIX", "results/people/");
  }

  @ParameterizedTest
  @CsvSource({"none, .csv", "_SUCCESS, _SUCCESS", "all.done, all.done"})
  void isNotifiedOfTheMarkerInsteadOfTheFiles(String marker, String suffix, @TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder).environment(TYPICAL).param("S3_SET_MARKER", marker).template();

    assertThat(environment(template)).containsEntry("S3_SET_MARKER", marker);
    assertThat(template.properties("LoadCustomS31").at("/BucketConfigs/0/Rules"))
        .isEqualTo(json("[{\"Prefix\": \"\"}, {\"Suffix\": \"%s\"}]".formatted(suffix)));
  }

  @Test
  void mayReadAParameterWhoseNameHasNoSlash(@TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder)
            .environment(TYPICAL)
            .param("DB_PASSWORD_PARAMETER", "db-password")
            .template();

    assertThat(statements(template, "LoadRole"))
        .contains(
            "Allow [ssm:GetParameter]"
                + " on [arn:aws:ssm:eu-west-2:123456789012:parameter/db-password]");
  }

  @Test
  void mayReadTheSecretAndUseTheKeysThatAreGiven(@TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder)
            .environment(TYPICAL)
            .param("DB_PASSWORD_PARAMETER", "/aws/reference/secretsmanager/app/db")
            .param("KMS_KEY_ARNS", "arn:aws:kms:eu-west-2:1:key/a,arn:aws:kms:eu-west-2:1:key/b")
            .template();

    List<String> expected = new ArrayList<>(loadStatements());
    expected.removeIf(statement -> statement.contains("ssm:"));
    expected.add(
        "Allow [ssm:GetParameter] on [arn:aws:ssm:eu-west-2:123456789012:parameter"
            + "/aws/reference/secretsmanager/app/db]");
    expected.add(
        "Allow [secretsmanager:GetSecretValue]"
            + " on [arn:aws:secretsmanager:eu-west-2:123456789012:secret:app/db-??????]");
    expected.add(
        "Allow [kms:Decrypt]"
            + " on [arn:aws:kms:eu-west-2:1:key/a, arn:aws:kms:eu-west-2:1:key/b]");
    assertThat(statements(template, "LoadRole")).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void mayLogInAsTheUserInsteadOfReadingThePassword(@TempDir Path folder) {
    Map<String, String> environment = new HashMap<>(TYPICAL);
    environment.remove("DB_PASSWORD_PARAMETER");
    environment.put("DB_AUTH", "iam");
    environment.put("DB_CA_CERTIFICATE", "/app/ca");

    CloudFormation template = new Packaging(folder).environment(environment).template();

    List<String> expected = new ArrayList<>(loadStatements());
    expected.removeIf(statement -> statement.contains("ssm:"));
    expected.add(
        "Allow [ssm:GetParameter] on [arn:aws:ssm:eu-west-2:123456789012:parameter/app/ca]");
    expected.add(
        "Allow [rds-db:connect] on [arn:aws:rds-db:eu-west-2:123456789012:dbuser:*/loader]");
    assertThat(statements(template, "LoadRole")).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(environment(template)).containsEntry("DB_PASSWORD_PARAMETER", "");
  }

  @Test
  void leavesTheDatabasesRoleOutWhereTheFunctionReadsTheObjects(@TempDir Path folder) {
    CloudFormation template =
        new Packaging(folder)
            .environment(TYPICAL)
            .param("DB_INSTANCE_IDENTIFIER", "example")
            .param("IMPORT_WITH", "copy")
            .template();

    List<String> resources = new ArrayList<>(template.resources());
    resources.removeAll(typical.resources());
    assertThat(resources).isEmpty();
    assertThat(statements(template, "LoadRole"))
        .containsExactlyInAnyOrderElementsOf(loadStatements());
  }

  @Test
  void namesAllThatIsMissingAtOnce(@TempDir Path folder) {
    String output = new Packaging(folder).output();

    assertThat(missing(output)).containsExactlyInAnyOrderElementsOf(TYPICAL.keySet());
  }

  @Test
  void namesTheOneThatIsMissing(@TempDir Path folder) {
    Map<String, String> environment = new HashMap<>(TYPICAL);
    environment.remove("DB_PASSWORD_PARAMETER");
    environment.put("DB_PASSWORD", "not enough to deploy");

    String output = new Packaging(folder).environment(environment).output();

    assertThat(missing(output)).containsExactly("DB_PASSWORD_PARAMETER");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  private static List<String> loadStatements() {
    return List.of(
        "Allow [s3:GetObject] on [arn:aws:s3:::example-uploads/*]",
        "Allow [s3:ListBucket] on [arn:aws:s3:::example-uploads]"
            + " if {\"StringLikeIfExists\":{\"s3:prefix\":\"*\"}}",
        "Allow [s3:GetBucketNotification] on [arn:aws:s3:::example-uploads]",
        "Allow [ssm:GetParameter]"
            + " on [arn:aws:ssm:eu-west-2:123456789012:parameter/app/production/db-password]",
        "Allow [logs:CreateLogStream, logs:PutLogEvents]"
            + " on [${CheckLogGroup.Arn}, ${LoadLogGroup.Arn}]",
        "Allow [ec2:AssignPrivateIpAddresses, ec2:CreateNetworkInterface,"
            + " ec2:DeleteNetworkInterface, ec2:UnassignPrivateIpAddresses]"
            + " on [arn:aws:ec2:eu-west-2:*:*/*]",
        // The one "*" that is unavoidable: EC2 does not know these two on less.
        "Allow [ec2:DescribeNetworkInterfaces, ec2:DescribeSubnets] on [*]",
        "Deny [ec2:*] on [*] if {\"ArnEquals\":{\"lambda:SourceFunctionArn\":"
            + "[\"arn:aws:lambda:eu-west-2:123456789012:function:example-production-load\","
            + "\"arn:aws:lambda:eu-west-2:123456789012:function:example-production-catch-up\","
            + "\"arn:aws:lambda:eu-west-2:123456789012:function:example-production-check\"]}}");
  }

  /** One line a statement: effect, actions, resources and, if any, the condition. */
  private static List<String> statements(CloudFormation template, String role) {
    List<String> statements = new ArrayList<>();
    for (JsonNode policy : template.properties(role).path("Policies")) {
      for (JsonNode statement : policy.path("PolicyDocument").path("Statement")) {
        assertThat(statement.properties())
            .extracting(Map.Entry::getKey)
            .isSubsetOf("Sid", "Effect", "Action", "Resource", "Condition");
        statements.add(
            "%s %s on %s%s"
                .formatted(
                    statement.path("Effect").asText(),
                    list(statement.path("Action")),
                    list(statement.path("Resource")),
                    statement.has("Condition") ? " if " + statement.path("Condition") : ""));
      }
    }
    return statements;
  }

  private static Set<String> list(JsonNode oneOrMany) {
    Set<String> texts = new TreeSet<>();
    if (oneOrMany.isTextual()) {
      texts.add(oneOrMany.asText());
    }
    oneOrMany.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static Map<String, String> environment(CloudFormation template) {
    Map<String, String> variables = new TreeMap<>();
    template
        .properties("LoadLambdaFunction")
        .at("/Environment/Variables")
        .properties()
        .forEach(variable -> variables.put(variable.getKey(), variable.getValue().asText()));
    return variables;
  }

  /** The last part of every key that osls could not resolve: the name of the variable. */
  private static List<String> missing(String output) {
    return output
        .lines()
        .filter(line -> line.contains("Cannot resolve variable at"))
        .map(
            line -> line.replaceAll(".*Cannot resolve variable at \"(?:\\w+\\.)*(\\w+)\":.*", "$1"))
        .toList();
  }

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
