package s3topostgres.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static software.amazon.awssdk.services.s3.model.StorageClass.STANDARD_IA;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import s3topostgres.Page;
import s3topostgres.sandbox.AwsServer;
import s3topostgres.sandbox.Certificates;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxDatabase;
import s3topostgres.sandbox.UploadEvent;
import software.amazon.awssdk.core.sync.RequestBody;

/**
 * The commands of the documentation: those for S3, Postgres and Lambda against the sandbox's, and
 * the others against stand-ins. The AWS CLI is the real one, so it judges what it is given. Needs
 * bash, Node, psql and the AWS CLI; run by {@code ./mvnw -Ppackaging verify}.
 */
@Tag("packaging")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CommandsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Page DEPLOY = Page.ofSite("deploy.md");
  private static final Page OPERATE = Page.ofSite("operate.md");
  private static final Page RUNBOOK = Page.ofSite("runbook.md");
  private static final String PASSWORD = "s3cret $1 'typed'";

  /** Whatever is asked for: once for "read", twice for psql. */
  private static final String TYPED = (PASSWORD + "\n").repeat(2);

  /** Names that a page's earlier commands have set, as whoever follows it has them. */
  private static final String SESSION =
      ". ./.env.production; export AWS_REGION\n"
          + "DB_PASSWORD_PARAMETER=/people-loader/production/db-password ACCOUNT=1 DATABASE=example VPC=vpc-1\n";

  private final S3Server s3 = Sandbox.shared().s3();
  private final String bucket = "commands-" + UUID.randomUUID();
  private SandboxDatabase database;
  private LambdaRuntime lambda;
  private AwsServer aws;
  private Shell shell;

  @TempDir private static Path folder;

  @BeforeAll
  void prepare() throws Exception {
    database = Sandbox.shared().createEmptyDatabase();
    database.execute("CREATE TABLE people (name text)", "CREATE ROLE csv_loader");
    s3.createBucket(bucket);
    Map<String, String> settings = database.settings("postgres", "any", "people");
    settings.put("AWS_ENDPOINT_URL_S3", s3.endpoint().toString());
    settings.put("S3_BUCKET_NAME", bucket);
    lambda = LambdaRuntime.start(settings);
    aws = AwsServer.launch(lambda);
    shell = new Shell(folder);
    shell.environment().putAll(environment());
    String settingsOfADeployment = DEPLOY.section("The settings of a deployment");
    shell.write(
        ".env.production",
        Page.blocks(settingsOfADeployment, "ini")
            .get(0)
            .replaceFirst("S3_BUCKET_NAME=.*", "S3_BUCKET_NAME=" + bucket)
            .replaceFirst("SECURITY_GROUP_IDS=.*", "SECURITY_GROUP_IDS=sg-0one,sg-0two"));
    shell.write("arguments", "");
    shell.write("people.csv", "name\nAna\n");
    shell.write(
        "deployer.json", Page.blocks(DEPLOY.section("The deployer's rights"), "json").get(0));
    shell.write("src/main/resources/amazon-authorities.pem", "");
    writeStandIns();
  }

  private Map<String, String> environment() throws IOException {
    return Map.ofEntries(
        Map.entry("PGHOST", database.host()),
        Map.entry("PGPORT", Integer.toString(database.port())),
        Map.entry("PGDATABASE", database.name()),
        Map.entry("PGUSER", "postgres"),
        Map.entry("REAL_AWS", Shell.real("aws")),
        Map.entry("S3", s3.endpoint().toString()),
        Map.entry("OTHERS", aws.endpoint().toString()),
        Map.entry("AWS_ACCESS_KEY_ID", "test"),
        Map.entry("AWS_SECRET_ACCESS_KEY", "test"),
        Map.entry("AWS_DEFAULT_REGION", S3Server.REGION), // Version 1 knows no AWS_REGION.
        Map.entry("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"),
        Map.entry("OSLS", Packaging.osls().toString()),
        Map.entry("EXPIRED", expiredCertificate().toString()));
  }

  private Path expiredCertificate() throws IOException {
    Certificates certificates =
        new Certificates(Files.createDirectories(folder.resolve("authorities")));
    certificates.authority("authority");
    return certificates.server("expired", "authority", "localhost", "-9d");
  }

  private void writeStandIns() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/test/resources/commands"))) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        shell.write(name.equals("mvnw") ? name : "bin/" + name, Files.readString(file));
      }
    }
  }

  @AfterAll
  void stop() throws Exception {
    aws.close();
    lambda.close();
    database.execute("DROP ROLE IF EXISTS csv_loader");
    database.close();
  }

  static Stream<Arguments> blocks() {
    return Page.all().stream()
        .flatMap(page -> page.blocks("sh").stream().map(block -> Arguments.of(page, block)));
  }

  @ParameterizedTest(name = "{0}, block {index}")
  @MethodSource("blocks")
  void everyCommandIsOneThatItsProgramTakes(Page page, String commands) throws Exception {
    put("2026/people.csv", "name\nAna\n");
    putOfAnotherClass("people.csv", "");

    shell.run(SESSION + commands, TYPED);

    assertThat(shell.file("arguments")).content().doesNotContain(PASSWORD);
  }

  /** RDS's master user is no superuser: it may create roles, and owns what it created. */
  @Test
  void everyStatementIsOneThatTheMasterUserOfRdsMayRun() throws Exception {
    database.execute(
        "DROP ROLE csv_loader",
        "CREATE ROLE rds_iam",
        "CREATE ROLE rds_master CREATEROLE CREATEDB",
        "GRANT rds_iam TO rds_master WITH ADMIN OPTION");
    try (SandboxDatabase fresh = Sandbox.shared().createEmptyDatabase()) {
      prepareAsOnRds(fresh);
      List<String> removal = Page.blocks(DEPLOY.section("Remove it"), "sql");
      for (Page page :
          List.of(
              DEPLOY, Page.ofSite("settings.md"), OPERATE, RUNBOOK, Page.ofSite("migrate.md"))) {
        for (String statements : page.blocks("sql")) {
          if (!removal.contains(statements)) {
            runAsMaster(fresh, statements);
          }
        }
      }
      assertThat(fresh.rows("SELECT rolpassword FROM pg_authid WHERE rolname = 'csv_loader'"))
          .singleElement()
          .asString()
          .startsWith("[SCRAM-SHA-256$");
      assertThat(
              fresh.rows(
                  """
                  SELECT relowner::regrole, has_table_privilege('rds_master', oid, 'SELECT, DELETE'),
                    pg_has_role('rds_master', relowner, 'USAGE')
                  FROM pg_class WHERE oid = 'public.people'::regclass
                  """))
          .containsExactly(List.of("csv_loader", "t", "f"));

      runAsMaster(fresh, removal.get(0));

      assertThat(fresh.rows("SELECT FROM pg_roles WHERE rolname = 'csv_loader'")).isEmpty();
      assertThat(fresh.rows("SELECT to_regclass('people'), to_regclass('s3_load_history')"))
          .containsExactly(Arrays.asList("people", null));
    } finally {
      database.execute(
          "DROP ROLE IF EXISTS csv_loader",
          "DROP ROLE rds_master, rds_iam",
          "CREATE ROLE csv_loader");
    }
  }

  /** Tables of the master's own, and the extension as RDS lets its master use and grant it. */
  private static void prepareAsOnRds(SandboxDatabase fresh) throws Exception {
    fresh.execute(
        "ALTER DATABASE " + fresh.name() + " OWNER TO rds_master",
        "CREATE EXTENSION IF NOT EXISTS aws_s3 CASCADE",
        "GRANT USAGE ON SCHEMA aws_s3 TO rds_master WITH GRANT OPTION",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3 TO rds_master WITH GRANT OPTION",
        "CREATE SCHEMA staging AUTHORIZATION rds_master",
        "CREATE SCHEMA hr AUTHORIZATION rds_master",
        "CREATE TABLE people (name text)",
        "ALTER TABLE people OWNER TO rds_master");
  }

  private void runAsMaster(SandboxDatabase fresh, String statements) throws Exception {
    shell.write(
        "statements.sql",
        statements.replace("-- GRANT", "GRANT").replace(" app ", " " + fresh.name() + " "));
    String psql = "psql -X -v ON_ERROR_STOP=1 -f statements.sql -d " + fresh.name();
    List<String> command = new ArrayList<>(List.of("env", "PGOPTIONS=-c role=rds_master"));
    command.addAll(List.of(psql.split(" ")));
    shell.run(command, TYPED);
  }

  @Test
  void onlyTheFunctionsOwnNotificationsAreRemovedFromTheBucket() throws Exception {
    int before = aws.requests().size();

    shell.run(SESSION + block(DEPLOY, "The bucket's notification", "put-bucket-notification"), "");

    assertThat(aws.requests().subList(before, aws.requests().size()))
        .last()
        .asString()
        .contains("<Id>thumbnails</Id>", "<Id>audit</Id>", "EventBridgeConfiguration")
        .doesNotContain("people-loader-production-load");
  }

  /** S3 drops the encoding where the metadata is replaced, and S3Mock keeps it even then. */
  @Test
  void aFileThatIsCopiedOntoItselfKeepsItsEncoding() throws Exception {
    putOfAnotherClass("people.csv", "gzip");
    String copy = block(RUNBOOK, "Load again", "aws s3 cp");

    shell.run(SESSION + copy, "");

    assertThat(copy).doesNotContain("REPLACE");
    assertThat(s3.client().headObject(request -> request.bucket(bucket).key("people.csv")))
        .satisfies(object -> assertThat(object.contentEncoding()).isEqualTo("gzip"))
        .satisfies(object -> assertThat(object.storageClass()).isNotEqualTo(STANDARD_IA));
  }

  @Test
  void loadsTheFilesOfAPrefixInTheOrderOfTheirUploadWhateverWasLoadedBefore() throws Exception {
    s3.delete(bucket, "2026/people.csv");
    List<String> keys = List.of("2026/z.CSV", "2026/a+b 100% m\u00fcnchen.csv", "2026/c.csv");
    for (String key : keys) {
      put(key, "name\n" + key + "\n");
      Thread.sleep(1100); // S3 tells the time by the second.
    }

    String answers = "";
    for (int times = 0; times < 2; times++) {
      answers += shell.run(SESSION + block(RUNBOOK, "Load again", "list-objects"), "");
    }

    assertThat(answers.split("s3://" + bucket + "/"))
        .hasSize(1 + 2 * keys.size())
        .satisfies(parts -> assertThat(parts[1]).startsWith(keys.get(0)).contains("LOADED"))
        .satisfies(parts -> assertThat(parts[2]).startsWith(keys.get(1)))
        .satisfies(parts -> assertThat(parts[6]).startsWith(keys.get(2)).contains("LOADED"));
    assertThat(database.rows("TABLE people")).containsExactly(List.of(keys.get(2)));
  }

  @Test
  void thePasswordGoesToSystemsManagerAsItWasTyped() throws Exception {
    int before = aws.requests().size();

    shell.run(SESSION + block(RUNBOOK, "Change the password", "read -rs"), TYPED);

    JsonNode request = JSON.readTree(aws.requests().get(before));
    assertThat(request.path("Value").asText()).isEqualTo(PASSWORD);
    assertThat(request.path("Name").asText()).isEqualTo("/people-loader/production/db-password");
  }

  @Test
  void everySecurityGroupOfTheFunctionIsAdmitted() throws Exception {
    int before = aws.requests().size();

    shell.run(SESSION + block(DEPLOY, "The network", "sg-OF-THE-DATABASE"), "");

    assertThat(aws.requests().subList(before, aws.requests().size()))
        .hasSize(2)
        .anyMatch(request -> request.matches(".*GroupId=sg-0one(&.*)?"))
        .anyMatch(request -> request.matches(".*GroupId=sg-0two(&.*)?"));
  }

  @Test
  void theBundleOfAuthoritiesIsRefreshedWithoutWhatHasExpired() throws Exception {
    shell.run(block(Page.ofSite("settings.md"), "TLS", "curl"), "");

    assertThat(shell.file("src/main/resources/amazon-authorities.pem"))
        .hasSameTextualContentAs(Path.of("src/main/resources/amazon-authorities.pem"));
  }

  private static String block(Page page, String heading, String text) {
    List<String> found =
        Page.blocks(page.section(heading), "sh").stream()
            .filter(block -> block.contains(text))
            .toList();
    assertThat(found).as(text).hasSize(1);
    return found.get(0);
  }

  private String put(String key, String content) {
    return UploadEvent.put(s3, bucket, key, content);
  }

  /** S3 takes a copy that names the same storage class for a change, and S3Mock does not. */
  private void putOfAnotherClass(String key, String contentEncoding) {
    s3.client()
        .putObject(
            request ->
                request
                    .bucket(bucket)
                    .key(key)
                    .storageClass(STANDARD_IA)
                    .contentEncoding(contentEncoding.isEmpty() ? null : contentEncoding),
            RequestBody.fromString("name\nAna\n"));
  }
}
