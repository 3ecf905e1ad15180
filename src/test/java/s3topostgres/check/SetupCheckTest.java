package s3topostgres.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import s3topostgres.check.CheckResult.Outcome;
import s3topostgres.handler.Wiring;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.S3Detour;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxAws;
import s3topostgres.sandbox.SandboxDatabase;
import s3topostgres.sandbox.SsmServer;
import software.amazon.awssdk.services.s3.model.GetBucketNotificationConfigurationRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Object;

/** One thing broken at a time: the list names exactly that thing, and nothing has changed. */
class SetupCheckTest {
  private static final String PASSWORD = "s3cret-marker'\"\\ %&";
  private static final String ANY = "s3:ObjectCreated:*";
  private static final Duration FUNCTION_TIME = Duration.ofSeconds(900);

  private final S3Server s3 = Sandbox.shared().s3();
  private final String bucket = SandboxDatabase.unique("in-");
  private Duration functionTime = FUNCTION_TIME;
  private int megabytes = 512;
  private SandboxDatabase database;
  private SsmServer ssm;
  private String role;
  private Map<String, String> environment;
  private URI s3Endpoint;
  private final S3Detour detour = new S3Detour();
  private URI ssmEndpoint;

  @BeforeEach
  void prepare() throws Exception {
    database = Sandbox.shared().createDatabase();
    ssm = SsmServer.launch();
    ssm.put("/people/password", PASSWORD);
    database.execute(
        "CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL)",
        "INSERT INTO people VALUES (0, 'old')");
    role = database.createLoader("people", PASSWORD);
    s3.createBucket(bucket);
    environment = database.settings(role, PASSWORD, "people");
    environment.remove("DB_PASSWORD");
    environment.put("DB_PASSWORD_PARAMETER", "/people/password");
    environment.put("S3_BUCKET_NAME", bucket);
    environment.put("S3_RESULTS_PREFIX", "results/");
    environment.put("LOAD_FUNCTION", "people-load");
    detour.notify("people-load", ANY, "", ".csv", ".CSV", ".csv.gz");
    environment.put("HISTORY_TABLE", "history.loads");
    environment.put("AWS_REGION", S3Server.REGION);
    s3Endpoint = s3.endpoint();
    ssmEndpoint = ssm.endpoint();
  }

  @AfterEach
  void close() throws SQLException {
    detour.close();
    ssm.close();
    database.close();
  }

  @Test
  void findsNothingWhereNothingIsMissing() throws Exception {
    assertThat(run())
        .allSatisfy(
            check ->
                assertThat(check.outcome())
                    .as(check.toString())
                    .isEqualTo(check.item() == Item.TLS ? Outcome.NOT_CHECKED : Outcome.OK))
        .extracting(CheckResult::item)
        .containsExactly(Item.values());
  }

  @Test
  void saysWhatOwningTheTableWouldGain() throws Exception {
    assertThat(table()).contains("but the database user does not own it (settings.md");

    database.execute("ALTER TABLE people OWNER TO \"%s\"".formatted(role));
    database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    assertThat(table()).contains("but the database user lacks CREATE on its schema");

    database.execute("GRANT CREATE ON SCHEMA public TO \"%s\"".formatted(role));
    assertThat(table()).endsWith("may be emptied and filled");

    database.execute("COMMENT ON INDEX people_pkey IS 'x'");
    assertThat(table()).contains("but its index people_pkey has a comment (settings.md");

    environment.put("REBUILD_INDEXES", "off");
    database.execute("ALTER TABLE people OWNER TO postgres");
    database.execute("GRANT SELECT, INSERT, TRUNCATE ON people TO \"%s\"".formatted(role));
    assertThat(table()).endsWith("may be emptied and filled");
  }

  @Test
  void listsTheTablesThatAKeyMayName() throws Exception {
    environment.put("S3_KEY_PATTERN", "{schema}/{table}.csv");
    environment.put("DB_TABLE_NAME", "{schema}.{table}");
    database.execute("CREATE TABLE \"Not Ours\" (id integer)");

    assertThat(table())
        .isEqualTo(
            "{schema}.{table} may be public.people; not usable: the database user lacks INSERT, TRUNCATE on public.\"Not Ours\"");

    database.execute("REVOKE INSERT ON people FROM \"%s\"".formatted(role));
    assertThat(failure(Item.TABLE, except(Item.TABLE, Item.LIMITS)).what())
        .startsWith("{schema}.{table} may be no table; not usable: ");
  }

  @Test
  void doesNotOfferTheHistory() throws Exception {
    createHistory();
    environment.put("S3_KEY_PATTERN", "{schema}/{table}.csv");
    environment.put("DB_TABLE_NAME", "{schema}.{table}");
    assertThat(table())
        .isEqualTo(
            "{schema}.{table} may be public.people; not usable: history.loads is the history of the loads");

    environment.put("DB_TABLE_NAME", "history.loads");
    environment.remove("S3_KEY_PATTERN");
    assertThat(failure(Item.TABLE, except(Item.TABLE, Item.LIMITS)).what())
        .isEqualTo("history.loads is the history of the loads");
  }

  /** As the first load does, so that it is the user's. */
  private void createHistory() throws SQLException {
    database.execute(
        "CREATE TABLE history.loads (id integer, target_table text, mode text, way text, rows_inserted bigint, rows_updated bigint, rows_deleted bigint, rows_rejected bigint, retry text, faults jsonb, warnings jsonb, parts jsonb, started_at timestamptz, finished_at timestamptz, status text, error_code text)",
        "ALTER TABLE history.loads OWNER TO \"%s\"".formatted(role));
  }

  /** What is said of the table. */
  private String table() throws Exception {
    return run().get(Item.TABLE.ordinal()).what();
  }

  @Test
  void namesTheSettingsAndLooksAtNothingElse() throws Exception {
    environment.put("MIN_ROWS", "many");

    assertThat(failure(Item.SETTINGS).what()).contains("MIN_ROWS is \"many\"");
    assertThat(ssm.requests()).isZero();
  }

  @Test
  void namesAHostThatIsNotKnown() throws Exception {
    environment.put("DB_HOST", "nowhere.invalid");

    assertThat(
            failure(Item.NAME, Item.BUCKET, Item.NOTIFICATIONS, Item.RESULTS, Item.PARAMETERS)
                .what())
        .contains("the host's name cannot be resolved");
  }

  @Test
  void namesAPortWhereNothingListens() throws Exception {
    try (ServerSocket free = new ServerSocket(0)) {
      environment.put("DB_PORT", Integer.toString(free.getLocalPort()));
    }

    assertThat(
            failure(
                    Item.TCP,
                    Item.NAME,
                    Item.BUCKET,
                    Item.NOTIFICATIONS,
                    Item.RESULTS,
                    Item.PARAMETERS)
                .what())
        .contains("nothing listens there");
  }

  @Test
  void namesAServerWithoutTls() throws Exception {
    environment.put("DB_SSL_MODE", "verify-full");

    assertThat(
            failure(
                    Item.TLS,
                    Item.NAME,
                    Item.TCP,
                    Item.BUCKET,
                    Item.NOTIFICATIONS,
                    Item.RESULTS,
                    Item.PARAMETERS)
                .what())
        .contains("does not offer the connection that DB_SSL_MODE requires");
  }

  @ParameterizedTest
  @CsvSource({"DB_DATABASE, nowhere", "DB_USERNAME, nobody"})
  void namesTheLogin(String setting, String value) throws Exception {
    environment.put(setting, value);

    assertThat(
            failure(
                    Item.LOGIN,
                    Item.NAME,
                    Item.TCP,
                    Item.BUCKET,
                    Item.NOTIFICATIONS,
                    Item.RESULTS,
                    Item.PARAMETERS)
                .what())
        .contains("refused the login");
  }

  @Test
  void namesThePassword() throws Exception {
    ssm.put("/people/password", "wrong-marker");

    assertThat(
            failure(
                    Item.LOGIN,
                    Item.NAME,
                    Item.TCP,
                    Item.BUCKET,
                    Item.NOTIFICATIONS,
                    Item.RESULTS,
                    Item.PARAMETERS)
                .what())
        .contains("password authentication failed")
        .doesNotContain("marker");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DROP TABLE people | there is no table people",
        "REVOKE TRUNCATE ON people FROM \"ROLE\" | lacks TRUNCATE on public.people",
        "CREATE TABLE other (id integer REFERENCES people) | a foreign key of another table",
      })
  void namesTheTable(String sql, String words) throws Exception {
    database.execute(sql.replace("\"ROLE\"", "\"" + role + "\""));

    assertThat(failure(Item.TABLE, except(Item.TABLE, Item.LIMITS)).what()).contains(words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sync | SELECT, INSERT, UPDATE, DELETE | may be changed by its key (id)",
        "append | INSERT | may be added to",
        "upsert | SELECT, INSERT, UPDATE | may be added to and changed by its key (id)",
        "changes | SELECT, INSERT, UPDATE, DELETE | may be kept equal to its source by its key (id)",
      })
  void knowsWhatEachModeNeeds(String mode, String privileges, String words) throws Exception {
    environment.put("LOAD_MODE", mode);
    database.execute(
        "REVOKE ALL ON people FROM \"%s\"".formatted(role),
        "GRANT %s ON people TO \"%s\"".formatted(privileges, role));
    assertThat(byItem(run()).get(Item.TABLE).what())
        .isEqualTo("public.people has 2 columns, and " + words);

    String last = privileges.substring(privileges.lastIndexOf(' ') + 1);
    database.execute("REVOKE %s ON people FROM \"%s\"".formatted(last, role));
    assertThat(failure(Item.TABLE, except(Item.TABLE, Item.LIMITS)).what())
        .isEqualTo("the database user lacks %s on public.people".formatted(last));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ALTER TABLE people DROP CONSTRAINT people_pkey | | public.people has no primary key",
        "SELECT 1 | nmae | LOAD_KEY names \"nmae\", which is not a column of public.people (did you mean name?)",
      })
  void namesWhatUpsertLacks(String sql, String key, String words) throws Exception {
    environment.put("LOAD_MODE", "upsert");
    environment.put("LOAD_KEY", key == null ? "" : key);
    database.execute("GRANT UPDATE ON people TO \"%s\"".formatted(role), sql);

    assertThat(failure(Item.TABLE, except(Item.TABLE, Item.LIMITS)).what()).contains(words);
  }

  @Test
  void namesAHistoryOfAnEarlierVersion() throws Exception {
    database.execute(
        "CREATE TABLE history.loads (id integer, mode text)",
        "GRANT SELECT, INSERT ON history.loads TO \"%s\"".formatted(role));

    assertThat(failure(Item.HISTORY, except(Item.HISTORY, Item.LIMITS)).whatToDo())
        .contains(
            "ALTER TABLE history.loads ADD COLUMN IF NOT EXISTS faults jsonb, ADD COLUMN IF NOT EXISTS parts jsonb, ADD COLUMN IF NOT EXISTS retry text, ADD COLUMN IF NOT EXISTS rows_deleted bigint",
            "CREATE INDEX ON history.loads (bucket, object_key, request_id)");
  }

  @Test
  void namesALoginToAReplica() throws Exception {
    database.execute("ALTER ROLE \"%s\" SET default_transaction_read_only = on".formatted(role));

    CheckResult failed =
        failure(
            Item.LOGIN,
            Item.NAME,
            Item.TCP,
            Item.BUCKET,
            Item.NOTIFICATIONS,
            Item.RESULTS,
            Item.PARAMETERS);

    assertThat(failed.what()).contains("is read-only");
    assertThat(failed.whatToDo()).contains("the writer's address");
  }

  @Test
  void namesAHistoryThatCannotBeMade() throws Exception {
    database.execute("REVOKE CREATE ON SCHEMA history FROM \"%s\"".formatted(role));

    CheckResult failed = failure(Item.HISTORY, except(Item.HISTORY, Item.LIMITS));

    assertThat(failed.what()).contains("history.loads is missing and cannot be created");
    assertThat(failed.whatToDo()).contains("CREATE TABLE history.loads (");
  }

  @Test
  void reportsAHistoryWithoutPrivileges() throws Exception {
    database.execute("CREATE TABLE history.loads (id integer)");

    assertThat(failure(Item.HISTORY, except(Item.HISTORY, Item.LIMITS)).whatToDo())
        .contains("GRANT SELECT, INSERT ON history.loads");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DROP EXTENSION aws_s3 | the database has no extension aws_s3",
        "REVOKE USAGE ON SCHEMA aws_s3 FROM \"ROLE\" | may not use aws_s3",
        "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3 FROM \"ROLE\" | may not use aws_s3",
      })
  void namesTheExtension(String sql, String words) throws Exception {
    database.execute(sql.replace("\"ROLE\"", "\"" + role + "\""));

    assertThat(failure(Item.EXTENSION, except(Item.EXTENSION, Item.IMPORT)).what()).contains(words);
  }

  @Test
  void leavesAnExtensionThatTheFirstLoadWillInstall() throws Exception {
    database.execute("DROP EXTENSION aws_s3", "ALTER ROLE \"%s\" SUPERUSER".formatted(role));

    Map<Item, CheckResult> checks = byItem(run());

    assertThat(checks.get(Item.EXTENSION).what()).contains("the first load will install it");
    assertThat(checks.get(Item.IMPORT).what()).contains("can be checked after the first load");
    assertThat(database.rows("SELECT FROM pg_extension WHERE extname = 'aws_s3'")).isEmpty();
  }

  @Test
  void wantsNothingForS3InADatabaseThatDoesNotReadTheBucketItself() throws Exception {
    environment.put("IMPORT_WITH", "copy");
    database.execute("DROP EXTENSION aws_s3");

    Map<Item, CheckResult> checks = byItem(run());

    for (Item item : List.of(Item.EXTENSION, Item.IMPORT)) {
      assertThat(checks.get(item).outcome()).isEqualTo(Outcome.NOT_CHECKED);
      assertThat(checks.get(item).what()).startsWith("IMPORT_WITH=copy: the function reads");
    }
    assertThat(checks.get(Item.BUCKET).outcome()).isEqualTo(Outcome.OK);
    assertThat(checks.values()).noneMatch(check -> check.outcome() == Outcome.FAILED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HTTP 403. Check your arguments and try again. | S3 denies the database access",
        "HTTP 301. Check your arguments and try again. | wrong region",
        "CURL error code: 28 | S3 does not answer the database",
        "AWS credentials not found | the database has no role for reading from S3",
      })
  void namesWhatKeepsTheDatabaseFromTheBucket(String fault, String words) throws Exception {
    database.set("sandbox.import_fault", fault);

    assertThat(failure(Item.IMPORT, except(Item.IMPORT)).what()).contains(words);
  }

  @Test
  void namesABucketThatIsMissing() throws Exception {
    environment.put("S3_BUCKET_NAME", "in-nowhere");

    assertThat(failure(Item.BUCKET, except(Item.BUCKET, Item.NOTIFICATIONS, Item.RESULTS)).what())
        .isEqualTo("there is no bucket in-nowhere");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "people-load | s3:ObjectCreated:* | in/ | .csv",
        "people-load:live | s3:ObjectCreated:* | in/people/ | .csv",
        "people-load | s3:ObjectCreated:* | '' | ''",
      })
  void acceptsNotificationsOfAllThatIsLoaded(
      String function, String events, String prefix, String suffix) throws Exception {
    environment.put("S3_KEY_PREFIX", "in/people/");
    detour.notify(function, events, prefix, suffix, ".CSV", ".csv.gz");

    assertThat(byItem(run()).get(Item.NOTIFICATIONS).what())
        .isEqualTo("the bucket notifies people-load");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "people-load-2 | s3:ObjectCreated:* | '' | .csv, .CSV, .csv.gz",
        "people-load | s3:ObjectCreated:Put | '' | .csv, .CSV, .csv.gz",
        "people-load | s3:ObjectRemoved:* | '' | .csv, .CSV, .csv.gz",
        "people-load | s3:ObjectCreated:* | in/people/new | .csv, .CSV, .csv.gz",
        "people-load | s3:ObjectCreated:* | in/people/ | .CSV, .csv.gz",
      })
  void namesTheNotificationsThatAreMissing(
      String function, String events, String prefix, String missing) throws Exception {
    environment.put("S3_KEY_PREFIX", "in/people/");
    detour.notify(function, events, prefix, ".csv");

    CheckResult failed = failure(Item.NOTIFICATIONS, except(Item.NOTIFICATIONS));

    assertThat(failed.what())
        .isEqualTo(
            "s3://%s/in/people/ does not notify the function people-load of all new objects that end in %s"
                .formatted(bucket, missing));
    assertThat(failed.whatToDo()).startsWith("Deploy again");
  }

  @Test
  void namesTheNotificationOfTheMarkerThatIsMissing() throws Exception {
    environment.put("S3_SET_MARKER", "_SUCCESS");
    assertThat(failure(Item.NOTIFICATIONS, except(Item.NOTIFICATIONS)).what())
        .endsWith("objects that end in _SUCCESS");

    detour.notify("people-load", ANY, "", "_SUCCESS");
    assertThat(byItem(run()).get(Item.NOTIFICATIONS).outcome()).isEqualTo(Outcome.OK);
  }

  @Test
  void namesABucketWithoutNotificationsAndOneWhoseMayNotBeRead() throws Exception {
    detour.notify("people-load", ANY, "");
    assertThat(failure(Item.NOTIFICATIONS, except(Item.NOTIFICATIONS)).what())
        .endsWith("objects that end in .csv, .CSV, .csv.gz");

    detour.deny(GetBucketNotificationConfigurationRequest.class);
    assertThat(failure(Item.NOTIFICATIONS, except(Item.NOTIFICATIONS)).whatToDo())
        .isEqualTo("Allow the function's role s3:GetBucketNotification on the bucket.");
  }

  @Test
  void putsAnObjectAmongTheResults() throws Exception {
    assertThat(byItem(run()).get(Item.RESULTS).what())
        .isEqualTo(
            "the function can put results, such as s3://%s/results/s3-csv-to-postgres-check.txt"
                .formatted(bucket));
    assertThat(s3.client().listObjectsV2(request -> request.bucket(bucket)).contents())
        .extracting(S3Object::key)
        .containsExactly("results/s3-csv-to-postgres-check.txt");
  }

  @Test
  void namesResultsThatTheFunctionMayNotPut() throws Exception {
    detour.deny(PutObjectRequest.class);

    CheckResult failed = failure(Item.RESULTS, except(Item.RESULTS));

    assertThat(failed.what()).isEqualTo("S3 denies the function to put it (HTTP 403)");
    assertThat(failed.whatToDo()).contains("s3:PutObject", "kms:GenerateDataKey");
  }

  @Tag("slow")
  @Test
  void namesS3WhenNothingAnswersTheFunction() throws Exception {
    try (ServerSocket silent = new ServerSocket(0)) {
      s3Endpoint = URI.create("http://localhost:" + silent.getLocalPort());

      assertThat(
              failure(Item.BUCKET, except(Item.BUCKET, Item.NOTIFICATIONS, Item.RESULTS))
                  .whatToDo())
          .contains("gateway endpoint");
    }
  }

  @Test
  void reportsParametersThatItMayNotRead() throws Exception {
    ssm.deny();

    assertThat(
            failure(
                    Item.PARAMETERS,
                    Item.NAME,
                    Item.TCP,
                    Item.BUCKET,
                    Item.NOTIFICATIONS,
                    Item.RESULTS)
                .what())
        .contains("/people/password (DB_PASSWORD_PARAMETER) cannot be read", "AccessDenied");
  }

  @Tag("slow")
  @Test
  void namesSystemsManagerWhenNothingAnswers() throws Exception {
    try (ServerSocket silent = new ServerSocket(0)) {
      ssmEndpoint = URI.create("http://localhost:" + silent.getLocalPort());

      assertThat(
              failure(
                      Item.PARAMETERS,
                      Item.NAME,
                      Item.TCP,
                      Item.BUCKET,
                      Item.NOTIFICATIONS,
                      Item.RESULTS)
                  .whatToDo())
          .contains("interface endpoint for Systems Manager");
    }
  }

  @Test
  void namesTheTimeWhenTheLastLoadsTookMostOfIt() throws Exception {
    database.execute(
        """
        CREATE TABLE history.loads (id serial, target_table text, status text, error_code text,
          started_at timestamptz, finished_at timestamptz, mode text, way text, rows_inserted bigint,
          rows_updated bigint, rows_deleted bigint, rows_rejected bigint, retry text, faults jsonb,
          warnings jsonb, parts jsonb)""",
        """
        INSERT INTO history.loads (target_table, status, started_at, finished_at) VALUES
          ('public.people', 'LOADED', now() - interval '800 s', now()),
          ('public.other', 'LOADED', now() - interval '8000 s', now()),
          ('public.people', 'LOADED', now() - interval '10 s', now())""",
        "GRANT SELECT, INSERT ON history.loads TO \"%s\"".formatted(role));

    assertThat(failure(Item.LIMITS, except(Item.LIMITS)).what())
        .isEqualTo("the longest of the last loads took 800 s of the 900 s that the function has");

    functionTime = Duration.ofSeconds(1100);
    assertThat(byItem(run()).get(Item.LIMITS).outcome()).isEqualTo(Outcome.OK);
  }

  @Test
  void namesTheMemory() throws Exception {
    megabytes = 128;

    assertThat(failure(Item.LIMITS, except(Item.LIMITS)).what())
        .contains("the function has 128 MB of memory, and a load needs 256");
  }

  @Tag("slow")
  @Test
  void answersInTimeWhenTheDatabaseAcceptsAndSaysNothing() throws Exception {
    try (ServerSocket silent = new ServerSocket(0)) {
      environment.put("DB_PORT", Integer.toString(silent.getLocalPort()));
      environment.put("DB_SSL_MODE", "require");

      assertThat(
              failure(
                      Item.TLS,
                      Item.NAME,
                      Item.TCP,
                      Item.BUCKET,
                      Item.NOTIFICATIONS,
                      Item.RESULTS,
                      Item.PARAMETERS)
                  .what())
          .contains("no answer");
    }
  }

  @Tag("slow")
  @Test
  void answersInTimeWhenTheDatabaseGetsNoAnswerFromS3() throws Exception {
    try (ServerSocket silent = new ServerSocket(0)) {
      database.set("sandbox.s3_endpoint", "http://localhost:" + silent.getLocalPort());

      assertThat(failure(Item.IMPORT, except(Item.IMPORT)).whatToDo()).contains("gateway endpoint");
    }
  }

  @Tag("slow")
  @Test
  void leavesNoConnectionBehindThatComesTooLate() throws Exception {
    CompletableFuture<Void> released = new CompletableFuture<>();
    try (Network network = Network.to("localhost", database.port())) {
      environment.put("DB_PORT", Integer.toString(network.port()));
      // After the login, until the check has given up.
      network.before("SET LOCAL tcp_keepalives_idle", released::join);

      failure(
          Item.LOGIN,
          Item.NAME,
          Item.TCP,
          Item.BUCKET,
          Item.NOTIFICATIONS,
          Item.RESULTS,
          Item.PARAMETERS);

      assertThat(database.connections()).isEqualTo(1);
      released.complete(null);
      Instant limit = Instant.now().plus(Duration.ofMinutes(5));
      while (database.connections() > 0) {
        assertThat(Instant.now()).as("the connection is still there").isBefore(limit);
      }
    }
  }

  @Test
  void looksOnlyAtWhatIsInUse() throws Exception {
    environment.remove("S3_BUCKET_NAME");
    environment.remove("DB_PASSWORD_PARAMETER");
    environment.put("DB_PASSWORD", PASSWORD);
    environment.put("HISTORY_TABLE", "off");

    assertThat(run())
        .filteredOn(check -> check.outcome() != Outcome.OK)
        .extracting(CheckResult::item, CheckResult::outcome)
        .containsExactly(
            tuple(Item.BUCKET, Outcome.NOT_CHECKED),
            tuple(Item.NOTIFICATIONS, Outcome.NOT_CHECKED),
            tuple(Item.RESULTS, Outcome.NOT_CHECKED),
            tuple(Item.PARAMETERS, Outcome.NOT_CHECKED),
            tuple(Item.TLS, Outcome.NOT_CHECKED),
            tuple(Item.HISTORY, Outcome.NOT_CHECKED),
            tuple(Item.IMPORT, Outcome.NOT_CHECKED));
    assertThat(ssm.requests()).isZero();
  }

  private static Item[] except(Item... items) {
    List<Item> others = new ArrayList<>(List.of(Item.values()));
    others.removeAll(List.of(items));
    others.remove(Item.TLS);
    others.remove(Item.SETTINGS);
    return others.toArray(Item[]::new);
  }

  /** Runs the checks, of which that one must fail and those be in order, as are the settings. */
  private CheckResult failure(Item item, Item... ok) throws Exception {
    List<CheckResult> checks = run();

    assertThat(checks)
        .filteredOn(check -> check.outcome() == Outcome.FAILED)
        .as(checks.toString())
        .extracting(CheckResult::item)
        .containsExactly(item);
    List<Item> expected = new ArrayList<>(Arrays.asList(ok));
    if (item != Item.SETTINGS) {
      expected.add(Item.SETTINGS);
    }
    assertThat(checks)
        .filteredOn(check -> check.outcome() == Outcome.OK)
        .as(checks.toString())
        .extracting(CheckResult::item)
        .containsExactlyInAnyOrderElementsOf(expected);
    CheckResult failed = byItem(checks).get(item);
    assertThat(failed.whatToDo()).isNotEmpty();
    return failed;
  }

  /** Runs the checks, which must tell no secret and change nothing. */
  private List<CheckResult> run() throws SQLException, IOException {
    String before = state();

    List<CheckResult> checks =
        SetupCheck.run(
            environment,
            SandboxAws.objects(s3Endpoint, detour),
            SandboxAws.parameters(ssmEndpoint),
            functionTime,
            megabytes,
            Wiring::mode);

    assertThat(checks.toString()).doesNotContain("marker");
    assertThat(state()).isEqualTo(before);
    return checks;
  }

  /** All relations with the state of their rows, and the extensions. */
  private String state() throws SQLException {
    return database.rows(
            """
            SELECT c.oid, relname, relfilenode, (xpath('/row/n/text()', query_to_xml(
              format('SELECT count(*) AS n FROM %I.%I', n.nspname, relname), false, true, '')))[1]
            FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema')
            ORDER BY 1""")
        + database.rows("SELECT extname, oid FROM pg_extension ORDER BY 1").toString();
  }

  private static Map<Item, CheckResult> byItem(List<CheckResult> checks) {
    Map<Item, CheckResult> map = new EnumMap<>(Item.class);
    checks.forEach(check -> map.put(check.item(), check));
    return map;
  }
}
