package s3topostgres.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import s3topostgres.Page;
import s3topostgres.config.Settings;

/** The Terraform of the documentation is valid, and deploys what serverless.yml does. */
@Tag("packaging")
class TerraformIT {
  /** HashiCorp's own parser, compiled for Node. */
  private static final String PARSER = "@cdktf/hcl2json@0.21.0";

  private static final Pattern ACTION = Pattern.compile("\\b(?:s3|rds-db|logs|ec2):[A-Z][A-Za-z]+");

  private static JsonNode terraform;
  private static CloudFormation template;

  @BeforeAll
  static void parse(@TempDir Path terraformFolder, @TempDir Path oslsFolder) throws Exception {
    List<String> examples = Page.ofSite("terraform.md").blocks("hcl");
    assertThat(examples).hasSize(1);
    run(terraformFolder, "npm", "install", "--no-audit", "--no-fund", "--silent", PARSER);
    Files.writeString(terraformFolder.resolve("main.tf"), examples.get(0));
    terraform =
        new ObjectMapper()
            .readTree(
                run(
                    terraformFolder,
                    "node",
                    "-e",
                    """
                    require('@cdktf/hcl2json').parse('main.tf', require('fs').readFileSync('main.tf', 'utf8'))
                      .then((json) => console.log(JSON.stringify(json)))"""));
    Map<String, String> settings = new HashMap<>(ServerlessTemplateIT.TYPICAL);
    settings.remove("DB_PASSWORD_PARAMETER");
    settings.putAll(Map.of("DB_AUTH", "iam", "DB_INSTANCE_IDENTIFIER", "example"));
    template = new Packaging(oslsFolder).environment(settings).template();
  }

  private static String run(Path folder, String... command) throws Exception {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(5, TimeUnit.MINUTES);
    process.destroyForcibly();
    assertThat(ended).as("%s ended", List.of(command)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(output)).isZero();
    return Files.readString(output);
  }

  @Test
  void deploysTheSameFunctions() {
    JsonNode function = resource("aws_lambda_function", "this");
    List<String> handlers = new ArrayList<>();
    local("functions").forEach(handler -> handlers.add(handler.asText()));

    for (String id : List.of("Load", "CatchUp", "Check")) {
      JsonNode properties = template.properties(id + "LambdaFunction");
      assertThat(handlers).contains(properties.path("Handler").asText());
      assertThat(function.path("runtime")).isEqualTo(properties.path("Runtime"));
      assertThat(function.path("architectures")).isEqualTo(properties.path("Architectures"));
      assertThat(function.path("memory_size")).isEqualTo(properties.path("MemorySize"));
      assertThat(local("seconds").asText()).isEqualTo(properties.path("Timeout").asText());
    }
    assertThat(handlers).hasSize(3);
    assertThat(names(local("settings"))).isSubsetOf(Settings.names());
    JsonNode retries = resource("aws_lambda_function_event_invoke_config", "load");
    JsonNode expected = template.properties("LoadLambdaEvConf");
    assertThat(retries.path("maximum_retry_attempts"))
        .isEqualTo(expected.path("MaximumRetryAttempts"));
    assertThat(retries.path("maximum_event_age_in_seconds"))
        .isEqualTo(expected.path("MaximumEventAgeInSeconds"));
  }

  @Test
  void permitsTheSame() {
    assertThat(actions(resource("aws_iam_role_policy", "load").path("policy")))
        .isEqualTo(actions(template.properties("LoadRole").path("Policies")));
    assertThat(actions(resource("aws_iam_role_policy", "database").path("policy")))
        .isEqualTo(actions(template.properties("DatabaseRole").path("Policies")));
  }

  @Test
  void isNotifiedOfTheSameUploads() {
    Set<String> suffixes = new TreeSet<>();
    template
        .properties("LoadCustomS31")
        .path("BucketConfigs")
        .forEach(config -> suffixes.add(config.at("/Rules/1/Suffix").asText()));

    JsonNode notified =
        resource("aws_s3_bucket_notification", "uploads").at("/dynamic/lambda_function/0");
    assertThat(notified.path("for_each")).extracting(JsonNode::asText).hasSameElementsAs(suffixes);
    assertThat(resource("aws_cloudwatch_event_rule", "catch_up").path("schedule_expression"))
        .isEqualTo(template.properties("CatchUpSchedule").path("ScheduleExpression"));
  }

  private static JsonNode resource(String type, String name) {
    JsonNode found = terraform.path("resource").path(type).path(name).path(0);
    assertThat(found.isObject()).as("%s.%s", type, name).isTrue();
    return found;
  }

  private static JsonNode local(String name) {
    return terraform.path("locals").path(0).path(name);
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    assertThat(names).isNotEmpty();
    return names;
  }

  /** The rights that a policy gives, wherever they stand in it. */
  private static Set<String> actions(JsonNode policy) {
    Set<String> actions = new TreeSet<>();
    ACTION.matcher(policy.toString()).results().map(MatchResult::group).forEach(actions::add);
    assertThat(actions).isNotEmpty();
    return actions;
  }
}
