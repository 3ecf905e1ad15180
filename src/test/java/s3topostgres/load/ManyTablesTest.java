package s3topostgres.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TABLE_UNUSABLE;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.IGNORED;
import static s3topostgres.history.Verdict.LOADED;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.check.DryRunResult;
import s3topostgres.config.Mode;
import s3topostgres.s3.Upload;

/** One function for many tables, of which the object's key names one. */
class ManyTablesTest {
  private static final String GOOD = "id,name\n1,Ana\n";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void takeTheTableFromTheKey() {
    fixture
        .set("S3_BUCKET_NAME", fixture.bucket)
        .set("S3_KEY_PATTERN", "{schema}/{table}/*.csv")
        .set("DB_TABLE_NAME", "{schema}.{table}");
  }

  @Test
  void holdsTheNewestFileOfEachTable() {
    holdsTheNewestFileOfEachOf(6);
  }

  @Test
  @Tag("thorough")
  void holdsTheNewestFileOfEachOfFiftyTables() {
    holdsTheNewestFileOfEachOf(50);
  }

  private void holdsTheNewestFileOfEachOf(int count) {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Map<String, String> newest = new LinkedHashMap<>();
    List<Upload> deliveries = new ArrayList<>();
    fixture.execute("CREATE SCHEMA one", "CREATE SCHEMA two");
    for (int i = 0; i < count; i++) {
      String schema = i % 2 == 0 ? "one" : "two";
      make(schema, "t" + i);
      for (int version = 1; version <= 3; version++) {
        String key = "%s/t%d/%d.csv".formatted(schema, i, version);
        Upload upload = fixture.upload(key, "id,name\n%d,%s\n".formatted(version, key));
        deliveries.addAll(Collections.nCopies(1 + random.nextInt(2), upload));
        newest.put("%s.t%d".formatted(schema, i), version + "|" + key);
      }
    }
    deliveries.add(fixture.upload("one/t0/0.csv", "id,name\nx,bad\n"));
    Collections.shuffle(deliveries, random);

    int failures = 0;
    for (Upload upload : deliveries) {
      try {
        fixture.load(upload);
      } catch (LoadException e) {
        assertThat(e.code()).as("seed " + seed).isEqualTo(ROW_REJECTED);
        failures++;
      }
    }

    assertThat(failures).as("seed " + seed).isLessThanOrEqualTo(1);
    newest.forEach(
        (table, row) ->
            assertThat(fixture.rows("SELECT id, name FROM " + table))
                .as("seed " + seed + ": " + table)
                .containsExactly(row));
  }

  @Test
  void catchesUpOnTheNewestOfEachTable() {
    make("public", "cities");
    fixture.load("public/people/1.csv", GOOD);
    fixture.load("public/cities/1.csv", GOOD);
    fixture.nextSecond();
    fixture.upload("public/people/2.csv", "id,name\n2,Bo\n");
    fixture.upload("public/cities/2.csv", "id,name\n3,Oslo\n");
    fixture.upload("public/cities/3.txt", "id,name\n4,no file of ours\n");
    fixture.upload("public/nowhere/4.csv", "id,name\n5,no table\n");

    assertThat(fixture.catchUp())
        .extracting(LoadResult::table)
        .containsExactlyInAnyOrder("public.people", "public.cities");
    assertThat(fixture.people()).containsExactly("2|Bo|null");
    assertThat(fixture.rows("SELECT id, name FROM cities")).containsExactly("3|Oslo");
    assertThat(fixture.catchUp()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "public/Order Lines/x.csv, public.order_lines",
    "PUBLIC/ORDER_LINES/x.csv, public.order_lines",
    "public/order-lines/x.CSV, public.order_lines",
    "public/Exact Name/x.csv, 'public.\"Exact Name\"'",
    "public/exact name/x.csv, public.exact_name"
  })
  void takesANameAsHeadersAreTaken(String key, String table) {
    make("public", "order_lines");
    make("public", "exact_name");
    make("public", "\"Exact Name\"");

    LoadResult result = fixture.load(key, GOOD);

    assertThat(result.status()).isEqualTo(LOADED);
    assertThat(result.table()).isEqualTo(table);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "public/people\"; DROP TABLE people; --/x.csv",
        "public/people;/x.csv",
        "public/public.people/x.csv",
        "public/\\people/x.csv",
        "public/p\u0435ople/x.csv",
        "pg_catalog/pg_class/x.csv",
        "information_schema/sql_features/x.csv",
        "aws_s3/people/x.csv",
        "history/loads/x.csv"
      })
  void runsNothingThatAKeyHolds(String key) {
    fixture.load("public/people/first.csv", GOOD);
    fixture.execute(
        "UPDATE people SET id = 0, name = 'old'",
        "GRANT SELECT, INSERT, TRUNCATE ON ALL TABLES IN SCHEMA history TO \"%s\""
            .formatted(fixture.role()));

    fixture.failure(TABLE_UNUSABLE, fixture.announce(key, "etag"));

    assertThat(fixture.rows("SELECT count(*) FROM history.loads WHERE status = 'LOADED'"))
        .containsExactly("1");
  }

  @Test
  void triesTheTableThatALoadWouldFill() {
    make("public", "\"Exact Name\"");
    fixture.upload("public/Exact Name/x.csv", GOOD);

    assertThat(fixture.dryRun("public/Exact Name/x.csv"))
        .extracting(DryRunResult::table, DryRunResult::wouldLoad)
        .containsExactly("public.\"Exact Name\"", true);
  }

  @Test
  void upsertsInTheOrderOfTheUploadsHoweverTheirKeysSpellTheTable() {
    fixture.mode(Mode.UPSERT).load("public/people/0.csv", "id,name\n0,old\n");
    fixture.nextSecond();
    Upload one = fixture.upload("public/People/1.csv", "id,name\n1,one\n2,one\n");
    fixture.nextSecond();
    fixture.load("public/people/2.csv", "id,name\n2,two\n");

    assertThat(fixture.load(one).status()).isEqualTo(DUPLICATE);
    assertThat(fixture.people()).containsExactly("0|old|null", "1|one|null", "2|two|null");
  }

  @Test
  void cutsAVeryLongName() {
    String key = "public/%s/x.csv".formatted("x".repeat(300));

    assertThat(fixture.failure(TABLE_UNUSABLE, key, GOOD).why()).hasSizeLessThan(250);
  }

  @Test
  void tellsWhichNamesWereTriedAndTheNearest() {
    assertThat(fixture.failure(TABLE_UNUSABLE, "public/Peple!/x.csv", GOOD))
        .hasMessageContaining(
            "the object's key names no table: {schema}.{table} stands for public, and Peple! or"
                + " peple! or peple_ (did you mean public.people?)");
    assertThat(fixture.failure(TABLE_UNUSABLE, "Pulbic/people/x.csv", GOOD))
        .hasMessageContaining(
            "stands for Pulbic or pulbic, and people (did you mean public.people?)");
    fixture.set("S3_KEY_PATTERN", "{table}.csv").set("DB_TABLE_NAME", "public.{table}");
    assertThat(fixture.failure(TABLE_UNUSABLE, "peple.csv", GOOD))
        .hasMessageContaining("stands for public, and peple (did you mean people?)");
  }

  @Test
  void refusesTheHistoryWhereItIsSet() {
    fixture
        .set("S3_KEY_PATTERN", "")
        .set("DB_TABLE_NAME", "people")
        .load("people.csv", "id,name\n0,old\n");

    assertThat(
            catchThrowableOfType(
                LoadException.class,
                () -> fixture.set("DB_TABLE_NAME", "history.loads").load("loads.csv", GOOD)))
        .hasMessageContaining("TABLE_UNUSABLE")
        .hasMessageContaining("history.loads is the history of the loads");
  }

  @Test
  void ignoresOtherKeysAndSaysWhy() {
    fixture.set("S3_KEY_PREFIX", "exports/");

    for (String key : List.of("public/people/x.csv", "exports/people.csv", "exports/a/b/c/d.csv")) {
      assertThat(fixture.load(key, GOOD).status()).isEqualTo(IGNORED);
    }
    assertThat(fixture.load("exports/public/people/x.csv", GOOD).status()).isEqualTo(LOADED);
    assertThat(fixture.log())
        .contains("status=IGNORED object=s3://%s/exports/people.csv".formatted(fixture.bucket))
        .contains("reason=\"its key does not match exports/{schema}/{table}/*.csv");
  }

  private void make(String schema, String table) {
    fixture.execute(
        "CREATE TABLE %s.%s (id integer, name text)".formatted(schema, table),
        "GRANT USAGE ON SCHEMA %s TO \"%s\"".formatted(schema, fixture.role()),
        "GRANT SELECT, INSERT, TRUNCATE ON %s.%s TO \"%s\""
            .formatted(schema, table, fixture.role()));
  }
}
