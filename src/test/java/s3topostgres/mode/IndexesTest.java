package s3topostgres.mode;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import s3topostgres.config.Settings;
import s3topostgres.postgres.Database;
import s3topostgres.postgres.Deadline;
import s3topostgres.postgres.Session;
import s3topostgres.postgres.TargetTable;
import s3topostgres.s3.StoredObject;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxAws;
import s3topostgres.sandbox.SandboxDatabase;

/**
 * Every table of {@code indexes/tables.sql} has the same catalogue before and after it is filled.
 */
class IndexesTest {
  private static final Pattern HEADING =
      Pattern.compile("(.*?)( keeps all)?(?:: (.*?))?(?: since (\\d+))?");

  private static final String OWNER = "owner_" + UUID.randomUUID();
  private static final String GROUP = "group_" + UUID.randomUUID();
  private static final String TABLESPACE = "space_" + UUID.randomUUID();

  private static SandboxDatabase database;
  private static Connection superuser;
  private static Database connections;
  private static int version;

  /**
   * @param keepsAll whether its indexes stay, instead of being built after the rows
   * @param why they stay, if the check says so
   */
  private record Section(
      String table, boolean keepsAll, Optional<String> why, int since, String sql) {

    String owner() {
      return switch (table) {
        case "of_our_group" -> GROUP;
        case "not_ours" -> "postgres";
        default -> OWNER;
      };
    }

    static Section of(String text) {
      String heading = text.lines().findFirst().orElseThrow();
      Matcher matcher = HEADING.matcher(heading);
      assertThat(matcher.matches()).isTrue();
      return new Section(
          matcher.group(1),
          matcher.group(2) != null,
          Optional.ofNullable(matcher.group(3)),
          matcher.group(4) == null ? 0 : Integer.parseInt(matcher.group(4)),
          text.substring(heading.length()));
    }
  }

  @BeforeAll
  static void prepare() throws SQLException {
    database = Sandbox.shared().createDatabase();
    superuser = database.connect();
    version = superuser.getMetaData().getDatabaseMajorVersion();
    database.createRole(OWNER, "any");
    database.createRole(GROUP, "any");
    database.execute(
        // A program that does not read what it is sent would be an error.
        "COPY (SELECT) TO PROGRAM 'cat && mkdir %s'".formatted(TABLESPACE),
        "GRANT CREATE ON SCHEMA public TO \"%s\"".formatted(OWNER),
        "GRANT \"%s\" TO \"%s\"".formatted(GROUP, OWNER),
        "ALTER ROLE \"%s\" SET search_path = odd, pg_catalog, public".formatted(OWNER));
    String folder = database.rows("SHOW data_directory").get(0).get(0) + "/" + TABLESPACE;
    database.execute(
        "CREATE TABLESPACE \"%s\" LOCATION '%s'".formatted(TABLESPACE, folder),
        "GRANT CREATE ON TABLESPACE \"%s\" TO PUBLIC".formatted(TABLESPACE));
    connections =
        new Database(
            Settings.read(database.settings(OWNER, "any", "unused")).database(),
            SandboxAws.parameters(Sandbox.shared().s3().endpoint()));
  }

  @AfterAll
  static void dropDatabase() throws SQLException {
    superuser.close();
    database.close();
    try (SandboxDatabase other = Sandbox.shared().createDatabase()) {
      other.execute("DROP TABLESPACE \"%s\"".formatted(TABLESPACE));
    }
  }

  @Test
  void areBuiltAfterwardsForASmallerCompressedFile() {
    StoredObject plain = object(Optional.empty());
    StoredObject packed = object(Optional.of("gzip"));

    assertThat(Indexes.areWorthBuildingAfterwards(plain.unpackedSize())).isFalse();
    assertThat(Indexes.areWorthBuildingAfterwards(packed.unpackedSize())).isTrue();
  }

  private static StoredObject object(Optional<String> contentEncoding) {
    return new StoredObject(
        2_000_000, "0", Instant.EPOCH, Optional.empty(), contentEncoding, new byte[0]);
  }

  @TestFactory
  List<DynamicTest> givesEveryIndexBackAsItWas() throws IOException, SQLException {
    String[] texts = read().split("(?m)^--- ");
    execute(named(texts[0]));
    return Arrays.stream(texts)
        .skip(1)
        .map(Section::of)
        .filter(section -> section.since <= version)
        .map(section -> DynamicTest.dynamicTest(section.table, () -> fill(section)))
        .toList();
  }

  private static void fill(Section section) throws SQLException {
    execute(named(section.sql));
    execute("ALTER TABLE %s OWNER TO \"%s\"".formatted(section.table, section.owner()));
    String columns =
        query(
                "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped"
                    .formatted(section.table.replace("'", "''")))
            .get(0);
    String copy = "copy_" + UUID.randomUUID().toString().replace('-', '_');
    execute(
        "CREATE TABLE public.%s AS SELECT %s FROM %s".formatted(copy, columns, section.table),
        "GRANT ALL ON %s TO \"%s\"".formatted(copy, OWNER),
        "GRANT ALL ON %s TO \"%s\"".formatted(section.table, OWNER));
    List<String> before = catalogue(section.table);
    Map<String, String> old = oids(section.table);
    List<String> rows = rows(section.table);
    List<String> steps = new ArrayList<>();
    List<String> filled = new ArrayList<>();

    try (Session session = connections.connectOnce(Deadline.in(Duration.ofMinutes(15)))) {
      session.begin();
      TargetTable table = TargetTable.resolve(session, section.table);
      // TRUNCATE would make an invalid index valid.
      session.execute(
          (section.table.equals("invalid") ? "DELETE FROM " : "TRUNCATE ") + section.table);
      Indexes indexes = new Indexes(session, table);
      assertThat(indexes.obstacle()).isEqualTo(section.why);
      indexes.fill(
          () -> {
            filled.add("once");
            return session.update(
                "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT * FROM public.%s"
                    .formatted(section.table, columns, copy));
          },
          steps::add);
      session.commit();
    }

    assertThat(catalogue(section.table)).isEqualTo(before);
    assertThat(rows(section.table)).isEqualTo(rows);
    assertThat(filled).containsExactly("once");
    Map<String, String> now = oids(section.table);
    assertThat(old.keySet())
        .allMatch(name -> section.keepsAll == old.get(name).equals(now.get(name)));
    assertThat(steps.stream().filter(step -> step.startsWith("indexing ")).map(s -> s.substring(9)))
        .containsExactlyInAnyOrderElementsOf(section.keepsAll ? List.of() : old.keySet());
  }

  @ParameterizedTest
  @CsvSource({"extra_float_digits, 0, is less than 1", "default_tablespace, SPACE, is set"})
  void staysAwayWhereADefinitionWouldMeanSomethingElse(String setting, String value, String words)
      throws SQLException {
    execute("CREATE TABLE IF NOT EXISTS by_settings (a float8)");
    execute("ALTER TABLE by_settings OWNER TO \"%s\"".formatted(OWNER));
    execute(
        "CREATE INDEX IF NOT EXISTS by_setting ON by_settings (a) WHERE a > 0.1234567890123456");
    try (Session session = connections.connectOnce(Deadline.in(Duration.ofMinutes(15)))) {
      session.begin();
      TargetTable table = TargetTable.resolve(session, "by_settings");
      assertThat(new Indexes(session, table).obstacle()).isEmpty();

      session.execute("SET LOCAL %s = '%s'".formatted(setting, value.replace("SPACE", TABLESPACE)));

      assertThat(new Indexes(session, table).obstacle()).contains(setting + " " + words);
    }
  }

  private static List<String> rows(String table) throws SQLException {
    return query("SELECT t::text FROM %s t ORDER BY 1".formatted(table));
  }

  /** By the index's name. */
  private static Map<String, String> oids(String table) throws SQLException {
    return query(
            "SELECT relname || '=' || indexrelid FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = '%s'::regclass"
                .formatted(table.replace("'", "''")))
        .stream()
        .collect(
            Collectors.toMap(
                row -> row.substring(0, row.lastIndexOf('=')),
                row -> row.substring(row.lastIndexOf('=') + 1),
                (a, b) -> a,
                TreeMap::new));
  }

  /** What the catalogue has of a table, whole rows of it, with names in the place of numbers. */
  private static List<String> catalogue(String table) throws SQLException {
    return query(
        """
            WITH t AS (SELECT '%s'::regclass AS oid),
              relations AS (
                SELECT oid FROM t UNION ALL SELECT indexrelid FROM pg_index, t WHERE indrelid = t.oid),
              constraints AS (
                SELECT k.* FROM pg_constraint k
                WHERE conrelid IN (SELECT oid FROM t) OR conindid IN (SELECT oid FROM relations)),
              objects AS (
                SELECT 'pg_class'::regclass AS classid, oid AS objid FROM relations
                UNION ALL SELECT 'pg_constraint'::regclass, oid FROM constraints)
            SELECT concat_ws(' ', 'class', c.oid::regclass, pg_get_userbyid(relowner), relpersistence, relkind, relacl,
                reloptions, reltablespace, relam, relnatts, relhasindex, relreplident, relhastriggers,
                relispartition, pg_get_expr(relpartbound, c.oid), relhassubclass) AS line
              FROM pg_class c WHERE c.oid IN (SELECT oid FROM relations)
            UNION ALL
            SELECT concat_ws(' ', 'index', indexrelid::regclass,
                to_jsonb(i) - '{indexrelid,indexprs,indpred,indcheckxmin}'::text[], pg_get_indexdef(indexrelid),
                pg_get_expr(indexprs, indrelid), pg_get_expr(indpred, indrelid))
              FROM pg_index i, t WHERE indrelid = t.oid
            UNION ALL
            -- An index keeps the name that a column had when it was made, which nobody needs.
            SELECT concat_ws(' ', 'attribute', attrelid::regclass, to_jsonb(a) - '{attrelid,attcacheoff}'::text[]
                - CASE WHEN indkey[attnum - 1] <> 0 THEN 'attname' ELSE '' END)
              FROM pg_attribute a LEFT JOIN pg_index ON indexrelid = attrelid
              WHERE attnum > 0 AND attrelid IN (SELECT oid FROM relations)
            UNION ALL
            SELECT concat_ws(' ', 'constraint', to_jsonb(k) - '{oid,conindid,conbin}'::text[], conindid::regclass,
                pg_get_constraintdef(oid))
              FROM constraints k
            UNION ALL
            SELECT concat_ws(' ', 'description', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
              FROM pg_description d WHERE (d.classoid, d.objoid) IN (SELECT classid, objid FROM objects)
            UNION ALL
            SELECT concat_ws(' ', 'dependency', pg_describe_object(d.classid, d.objid, d.objsubid), d.deptype,
                pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid))
              FROM pg_depend d
              WHERE ((d.classid, d.objid) IN (SELECT classid, objid FROM objects)
                OR (d.refclassid, d.refobjid) IN (SELECT classid, objid FROM objects))
                -- The trigger of a deferrable constraint has the constraint's number in its name.
                AND d.classid <> 'pg_trigger'::regclass
            UNION ALL
            SELECT concat_ws(' ', 'trigger', tgfoid::regproc, tgenabled, tgtype, tgdeferrable, tginitdeferred, conname)
              FROM pg_trigger LEFT JOIN pg_constraint k ON k.oid = tgconstraint WHERE tgrelid IN (SELECT oid FROM t)
            UNION ALL
            SELECT concat_ws(' ', 'shared dependency', refclassid::regclass, refobjid, deptype)
              FROM pg_shdepend
              WHERE classid = 'pg_class'::regclass AND objid IN (SELECT oid FROM relations)
                AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            UNION ALL
            SELECT concat_ws(' ', 'publication', pubname, to_jsonb(p) - '{oid}'::text[])
              FROM pg_publication_rel p JOIN pg_publication b ON b.oid = prpubid WHERE prrelid IN (SELECT oid FROM t)
            ORDER BY line"""
            .formatted(table.replace("'", "''")));
  }

  private static void execute(String... sql) throws SQLException {
    try (Statement statement = superuser.createStatement()) {
      for (String one : sql) {
        statement.execute(one);
      }
    }
  }

  /** The first column. */
  private static List<String> query(String sql) throws SQLException {
    try (Statement statement = superuser.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      List<String> values = new ArrayList<>();
      while (result.next()) {
        values.add(result.getString(1));
      }
      return values;
    }
  }

  private static String named(String sql) {
    return sql.replace("TABLESPACE_1", "\"" + TABLESPACE + "\"")
        .replace("ROLE_1", "\"" + OWNER + "\"");
  }

  private static String read() throws IOException {
    try (InputStream in = IndexesTest.class.getResourceAsStream("/indexes/tables.sql")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
