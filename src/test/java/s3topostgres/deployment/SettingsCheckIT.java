package s3topostgres.deployment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import s3topostgres.LoadException;
import s3topostgres.config.Settings;

/**
 * What osls refuses before it deploys: {@code .github/osls/settings.js}, called by the real osls,
 * and compared with the function's own checks.
 */
@Tag("packaging")
class SettingsCheckIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, String> TYPICAL = ServerlessTemplateIT.TYPICAL;
  private static final Pattern MEANT = Pattern.compile("did you mean (\\w+)\\?");

  /**
   * Words of all settings, numbers and other texts, each of them right for some and wrong for most.
   */
  private static final List<String> VALUES =
      List.of(
          "",
          "0 1 -1 +7 007 59 60 900 901 1800 1801 65535 65536 99999999999 1e3 0% 1% 80% 100% 101% 80x",
          "password iam IAM verify-full verify-ca require disable prefer replace sync append upsert",
          "changes apend aws_s3 copy match skip none auto off on trace debug info warn error LOUD tab TAB x",
          "; , ' § ä \\ in/ s/ /s/ s//s/ in%2F a*b id id,name id,ID id, \"id\" \"i\"\"d\",id täg 1st a.b people",
          "{table} {schema}.{table} \"{table}\" {table}.x.y s.{table} {table}s {a}.{b} {a}.{b}.{c}",
          "{a}/{b}.csv {table}.csv {schema}/{table}/*.csv {table}/{table}.csv {Table}.csv ** *** {a}{b}.csv",
          "_SUCCESS .done done.csv done.CSV.GZ dir/_SUCCESS a/{b}_c.csv _in/{a}.csv a/.b/*.csv",
          "/a.csv a//b.csv in/{a}.csv s/*.csv {a.csv a}.csv x.txt a.CSV a.csv.gz *",
          "UTF8 utf-8 Latin1 latin6 latin7 latin-13 WIN1252 windows-1250 windows-437 ISO_8859_11 ISO_8859_15",
          "ISO_8859_10 SJIS SHIFT_JIS_2004 EUC_JP EUC_TW JOHAB KOI8 KOI8R GB18030 UTF-16 MULE_INTERNAL x.pem");

  @Test
  void refusesAMisspeltSettingOfTheStagesFile(@TempDir Path folder) {
    String output =
        new Packaging(folder)
            .file(
                ".env.production",
                file(TYPICAL) + "LOAD_MOED=append\nCATCH_UP_EVRY='2 hours'\nload_key=id\nTZ=UTC\n")
            .output();

    assertThat(problems(output))
        .containsExactly(
            "LOAD_MOED from .env.production is not a setting; did you mean LOAD_MODE?"
                + " If it is meant for something else, add --param=\"SIMILAR_NAMES=allow\"",
            "CATCH_UP_EVRY from .env.production is not a setting; did you mean CATCH_UP_EVERY?"
                + " If it is meant for something else, add --param=\"SIMILAR_NAMES=allow\"",
            "load_key from .env.production is not a setting; did you mean LOAD_KEY?"
                + " If it is meant for something else, add --param=\"SIMILAR_NAMES=allow\"");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void refusesAMisspeltSettingOfTheEnvironmentAndOfParameters(@TempDir Path folder) {
    Map<String, String> environment = new HashMap<>(TYPICAL);
    environment.put("LOAD_MOED", "append");
    environment.put("LAOD_MODE", "another program's");

    String output =
        new Packaging(folder).environment(environment).param("CSV_DELIMTER", ";").output();

    assertThat(problems(output))
        .hasSize(2)
        .anyMatch(
            p -> p.startsWith("LOAD_MOED from the environment is not a setting; did you mean"))
        .anyMatch(p -> p.startsWith("CSV_DELIMTER from --param is not a setting; did you mean"));
  }

  @Test
  void ignoresTheDeployersOwnVariables(@TempDir Path folder) {
    Map<String, String> own = Map.of("DB_PATH", "a", "DB_ROOT", "b", "AWS_REGIONS", "c");

    new Packaging(folder).file(".env.production", file(TYPICAL)).environment(own).template();
  }

  @Test
  void ignoresWhatResemblesASettingThatIsSet(@TempDir Path folder) {
    new Packaging(folder)
        .file(".env.production", file(TYPICAL) + "LOAD_MODES=all\nLOAD_MODE=sync\n")
        .template();
  }

  @Test
  void ignoresWhatResemblesASettingIfToldSo(@TempDir Path folder) {
    new Packaging(folder)
        .file(".env.production", file(TYPICAL) + "LOAD_MODES=all\n")
        .param("SIMILAR_NAMES", "allow")
        .template();
  }

  @Test
  void refusesValuesAndContradictionsAllAtOnceAndShowsNone(@TempDir Path folder) {
    Map<String, String> environment = new HashMap<>(TYPICAL);
    environment.put("SUBNET_IDS", "subnet-1, subnet-2");
    environment.remove("DB_HOST");

    String output =
        new Packaging(folder)
            .environment(environment)
            .file(
                ".env.production",
                "LOAD_MODE=apend\nCATCH_UP_EVERY='1 hours'\nDB_AUTH=iam\nMAX_CONCURRENT_LOADS=0\n")
            .param("MIN_ROWS", "few")
            .output();

    assertThat(problems(output))
        .containsExactlyInAnyOrder(
            "LOAD_MODE from .env.production has a wrong value; it takes"
                + " replace, sync, append, upsert, changes",
            "MIN_ROWS from --param has a wrong value; it takes a whole number, or one from 1% to 100%",
            "SUBNET_IDS from the environment has a wrong value; it takes names that begin with subnet-,"
                + " with commas and without spaces between them",
            "MAX_CONCURRENT_LOADS from .env.production has a wrong value; it takes"
                + " a whole number from 1, or none",
            "CATCH_UP_EVERY from .env.production has a wrong value; it takes 15 minutes, 1 hour, 2 days"
                + " or the like, singular for one and plural for more; or never",
            "DB_AUTH is iam, which takes the place of DB_PASSWORD_PARAMETER: leave one out");
    // What is missing is reported with them.
    assertThat(output)
        .contains("Cannot resolve variable at \"provider.environment.DB_HOST\"")
        .doesNotContain("apend", "1 hours", "few\n", TYPICAL.get("DB_PASSWORD_PARAMETER"));
  }

  @Test
  void refusesAnotherStagesEnvironment(@TempDir Path folder) {
    Map<String, String> staging = new HashMap<>(TYPICAL);
    staging.put("DB_HOST", "staging.example.org");
    staging.put("S3_BUCKET_NAME", "example-staging");
    Map<String, String> production = new HashMap<>(TYPICAL);
    production.put("LOAD_MODE", "append");

    String output =
        new Packaging(folder)
            .stage("staging")
            .environment(production)
            .file(".env.staging", file(staging))
            .file(".env.production", file(production))
            .output();

    String what =
        ". Open a new shell or unset them, or say which it is with --param=\"NAME=value\"";
    assertThat(problems(output))
        .containsExactly(
            "DB_HOST, S3_BUCKET_NAME: the environment has another value than .env.staging" + what,
            "LOAD_MODE: in the environment as .env.production has it, and not in .env.staging"
                + what);
    assertThat(output).doesNotContain("example.org", "example-", "append");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void takesFromTheEnvironmentWhatAParameterOrTheFileConfirms(@TempDir Path folder) {
    Map<String, String> staging = new HashMap<>(TYPICAL);
    staging.put("DB_HOST", "staging.example.org");
    staging.put("AWS_REGION", "eu-central-1");
    staging.put("AFTER_LOAD_SQL", "'DO \\$body\\$ BEGIN END \\$body\\$'");
    Map<String, String> environment = new HashMap<>(TYPICAL);
    environment.put("AFTER_LOAD_SQL", "DO \\$body\\$ BEGIN END \\$body\\$"); // As bash reads it.

    CloudFormation template =
        new Packaging(folder)
            .stage("staging")
            .environment(environment)
            .file(".env.staging", file(staging))
            .param("DB_HOST", "staging.example.org")
            .argument("--region=eu-west-2")
            .template();

    JsonNode settings = template.properties("LoadLambdaFunction").at("/Environment/Variables");
    assertThat(settings.path("DB_HOST").asText()).isEqualTo("staging.example.org");
    assertThat(settings.path("AFTER_LOAD_SQL").asText()).isEqualTo("DO $body$ BEGIN END $body$");
  }

  /** The longest of a stack's names is that of the function databaseRole, and Lambda takes 64. */
  @Test
  void refusesNamesThatAreTooLongForLambda(@TempDir Path longest, @TempDir Path longer) {
    Map<String, String> environment = new HashMap<>(TYPICAL);
    environment.put("DB_INSTANCE_IDENTIFIER", "example");
    String service = "s".repeat(49 - "production".length());

    CloudFormation template =
        new Packaging(longest).service(service).environment(environment).template();
    String output = new Packaging(longer).service(service + "s").environment(environment).output();

    assertThat(template.resources("AWS::Lambda::Function"))
        .allMatch(id -> template.properties(id).path("FunctionName").asText().length() <= 64)
        .anyMatch(id -> template.properties(id).path("FunctionName").asText().length() == 64);
    assertThat(problems(output))
        .containsExactly(
            "the names of service and stage have 50 characters together,"
                + " and Lambda leaves room for 49: shorten one");
  }

  @Test
  void knowsTheSettingsOfTheFunctionAndOfTheDeployment() throws Exception {
    Set<String> expected = new TreeSet<>(Settings.names());
    expected.addAll(ServerlessTemplateIT.DEPLOYMENT_SETTINGS);
    expected.add("AWS_DEFAULT_REGION"); // The same as AWS_REGION, for tools that know only this.
    expected.remove("DB_PASSWORD"); // Never deployed.

    assertThat(node("check.settingsOfTemplate()", List.of())).isEqualTo(List.copyOf(expected));
  }

  @Test
  void refusesExactlyTheValuesThatTheFunctionRefuses() throws Exception {
    List<Map<String, String>> cases = cases();

    List<Object> refused = node("cases.map(values => refused(values).length > 0)", cases);

    for (int i = 0; i < cases.size(); i++) {
      assertThat(refused.get(i)).as("%s", cases.get(i)).isEqualTo(functionRefuses(cases.get(i)));
    }
    assertThat(refused).contains(true, false);
  }

  /** Each setting with each value, names in braces with each other, then several at a time. */
  private static List<Map<String, String>> cases() {
    List<String> values = new ArrayList<>(List.of(String.join(" ", VALUES).split(" +")));
    values.addAll(
        List.of(
            "\t", "a\tb", "a\nb", "\n", "\r", "id, name", "\"a b\".\"{c}\"", " 1", "x;y", "a\"b"));
    Set<String> names = new TreeSet<>(Settings.names());
    names.removeAll(Set.of("DB_PASSWORD", "DB_PASSWORD_PARAMETER", "DB_HOST", "DB_DATABASE"));
    List<Map<String, String>> cases = new ArrayList<>();
    Map<String, List<String>> taken = new TreeMap<>();
    for (String name : names) {
      for (String value : values) {
        Map<String, String> settings = with(Map.of(name, value));
        cases.add(settings);
        if (!functionRefuses(settings) || value.equals("iam")) {
          taken.computeIfAbsent(name, key -> new ArrayList<>()).add(value);
        }
      }
    }
    List<String> forms = values.stream().filter(v -> v.contains("{") || v.contains("*")).toList();
    for (String form : forms) {
      for (String table : forms) {
        Map<String, String> both = Map.of("S3_KEY_PATTERN", form, "DB_TABLE_NAME", table);
        cases.add(with(both));
        Map<String, String> ofSets = new TreeMap<>(both);
        ofSets.put("S3_SET_MARKER", "_SUCCESS");
        cases.add(with(ofSets));
      }
    }
    cases.addAll(contradictions(taken));
    // Most of what is taken alone is taken with others, too; so what is refused are contradictions.
    Random random = new Random(35);
    List<String> several = List.copyOf(names);
    for (int i = 0; i < 10_000; i++) {
      Map<String, String> more = new TreeMap<>();
      for (int j = 2 + random.nextInt(3); j > 0; j--) {
        String name = several.get(random.nextInt(several.size()));
        more.put(name, taken.get(name).get(random.nextInt(taken.get(name).size())));
      }
      cases.add(with(more));
    }
    return cases;
  }

  /** Every two settings with values that some other setting's value contradicts. */
  private static List<Map<String, String>> contradictions(Map<String, List<String>> taken) {
    List<Map.Entry<String, String>> some = new ArrayList<>();
    for (String value :
        List.of(
            "off", "changes", "80%", "tab", "\t", "a\tb", "iam", "disable", "none", "_SUCCESS")) {
      taken.forEach(
          (name, values) -> {
            if (values.contains(value)) {
              some.add(Map.entry(name, value));
            }
          });
    }
    List<Map<String, String>> cases = new ArrayList<>();
    for (Map.Entry<String, String> one : some) {
      for (Map.Entry<String, String> other : some) {
        Map<String, String> both = new TreeMap<>(Map.ofEntries(one));
        both.put(other.getKey(), other.getValue());
        cases.add(with(both));
      }
    }
    return cases;
  }

  private static Map<String, String> with(Map<String, String> more) {
    Map<String, String> values = new TreeMap<>(TYPICAL);
    values.keySet().retainAll(Settings.names());
    more.forEach((name, value) -> values.merge(name, value, (old, v) -> v.isEmpty() ? old : v));
    values.values().removeIf(String::isEmpty);
    if (values.size() % 2 == 0 && "iam".equals(values.get("DB_AUTH"))) {
      values.remove("DB_PASSWORD_PARAMETER");
    }
    return values;
  }

  private static boolean functionRefuses(Map<String, String> values) {
    try {
      Settings.read(values);
      return false;
    } catch (LoadException e) {
      return true;
    }
  }

  @Test
  void findsTheSettingThatTheFunctionFinds() throws Exception {
    List<String> names = new ArrayList<>(List.of("DB_PATH", "DB_ROOT", "LOAD_MOED", "DB_HSOT"));
    Random random = new Random(35);
    for (String name : Settings.names()) {
      for (int i = 0; i < 40; i++) {
        names.add(misspelt(random, name));
      }
    }
    names.removeAll(Settings.names());
    names.removeIf(name -> !name.matches("(DB|S3|CSV|LOAD)_.*"));

    List<Object> found =
        node("cases.map(name => check.resembled(name, " + settings() + ") ?? '')", names);

    for (int i = 0; i < names.size(); i++) {
      assertThat(found.get(i)).as(names.get(i)).isEqualTo(functionMeans(names.get(i)));
    }
    assertThat(found.subList(0, 4)).isEqualTo(List.of("", "", "LOAD_MODE", "DB_HOST"));
  }

  private static String settings() {
    return Settings.names().stream().collect(joining("','", "['", "']"));
  }

  private static String misspelt(Random random, String name) {
    StringBuilder letters = new StringBuilder(name);
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      int at = 3 + random.nextInt(letters.length() - 4);
      switch (random.nextInt(4)) {
        case 0 -> letters.setCharAt(at, (char) ('A' + random.nextInt(26)));
        case 1 -> letters.insert(at, (char) ('A' + random.nextInt(26)));
        case 2 -> letters.deleteCharAt(at);
        default -> letters.insert(at, letters.charAt(at + 1)).deleteCharAt(at + 2);
      }
    }
    return letters.toString();
  }

  private static String functionMeans(String name) {
    try {
      Map<String, String> variables = new HashMap<>(TYPICAL);
      variables.put(name, "x");
      Settings.read(variables);
      return "";
    } catch (LoadException e) {
      Matcher meant = MEANT.matcher(e.getMessage());
      assertThat(meant.find()).as(e.getMessage()).isTrue();
      return meant.group(1);
    }
  }

  /** What the script answers: an expression in which it is {@code check}. */
  private static List<Object> node(String expression, List<?> cases) throws Exception {
    String program =
        "const check = require('./.github/osls/settings.js');"
            + "const { refused } = require('./.github/osls/values.js');"
            + "const cases = JSON.parse(require('fs').readFileSync(0));"
            + "console.log(JSON.stringify("
            + expression
            + "))";
    Process process =
        new ProcessBuilder("node", "-e", program)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (OutputStream input = process.getOutputStream()) {
      input.write(JSON.writeValueAsBytes(cases));
    }
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    return List.of(JSON.readValue(output, Object[].class));
  }

  private static List<String> problems(String output) {
    return output.lines().filter(l -> l.startsWith("    - ")).map(l -> l.substring(6)).toList();
  }

  /** The text of a {@code .env} file. */
  private static String file(Map<String, String> settings) {
    return new TreeMap<>(settings)
        .entrySet().stream().map(e -> e.getKey() + "=" + e.getValue() + "\n").collect(joining());
  }
}
