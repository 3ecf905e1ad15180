package s3topostgres.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static s3topostgres.ErrorCode.ROW_REJECTED;
import static s3topostgres.ErrorCode.TABLE_UNUSABLE;
import static s3topostgres.ErrorCode.TOO_FEW_ROWS;
import static s3topostgres.config.Mode.REPLACE;
import static s3topostgres.config.Mode.SYNC;
import static s3topostgres.config.Mode.UPSERT;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.LoadResult;

/** {@code LOAD_MODE=sync}: the table is made equal to the file by what differs. */
public class SyncTest {
  private static final String THREE = "id,name,born\n1,Ana,\n2,Bo,2001-02-03\n3,Cy,\n";

  private final LoadFixture fixture = new LoadFixture();

  @BeforeEach
  void sync() {
    fixture.mode(SYNC);
  }

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void changesOnlyWhatThePoliciesShow() {
    fixture.execute(
        "INSERT INTO people VALUES (7, 'hidden', NULL)",
        "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY visible ON people USING (id < 5)");

    fixture.load("people.csv", "id,name\n1,Ana\n2,Bo\n");
    assertThat(fixture.people()).containsExactly("1|Ana|null", "2|Bo|null", "7|hidden|null");
    fixture.load("more.csv", "id,name\n1,Ana\n");
    assertThat(fixture.people()).containsExactly("1|Ana|null", "7|hidden|null");
  }

  @ParameterizedTest
  @ValueSource(strings = {"UPDATE", "DELETE"})
  void refusesToLeaveRowsThatPoliciesShowButDoNotLetItChange(String command) {
    fixture.execute(
        "INSERT INTO people VALUES (1, 'a', NULL)",
        "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY all_rows ON people USING (true)",
        "CREATE POLICY some_rows ON people AS RESTRICTIVE FOR %s USING (id > 1)"
            .formatted(command));

    assertThatThrownBy(() -> fixture.load("people.csv", "id,name\n1,changed\n2,new\n"))
        .hasMessageStartingWith("TABLE_UNUSABLE")
        .hasMessageContaining("rows of public.people that it does not let it change");
    assertThat(fixture.people()).containsExactly("0|old|null", "1|a|null");
  }

  @ParameterizedTest
  @CsvSource({"'UNIQUE', delete-and-insert", "'UNIQUE DEFERRABLE', by-key"})
  void exchangesUniqueValuesBetweenRows(String constraint, String way) {
    create("places", "(id integer PRIMARY KEY, place integer %s)".formatted(constraint));
    fixture.execute(
        "CREATE TABLE guests (place integer REFERENCES places (id))",
        "INSERT INTO places VALUES (1, 10), (2, 20), (3, 30), (4, 40), (5, 50)",
        "INSERT INTO guests VALUES (1), (2)");
    List<String> before = versions("places");

    LoadResult result = fixture.load("places.csv", "id,place\n1,20\n2,30\n3,10\n5,50\n6,40\n");

    assertThat(counts(result)).isEqualTo("5 rows: 1 inserted, 3 updated, 1 deleted");
    assertThat(fixture.rows("SELECT * FROM places ORDER BY id"))
        .containsExactly("1|20", "2|30", "3|10", "5|50", "6|40");
    assertThat(versions("places")).contains(before.get(4));
    assertThat(fixture.log()).contains("way=" + way);
  }

  @Test
  void doesNotDeleteForAnExchangeWhereMoreWouldBeDeletedWithIt() {
    create("places", "(id integer PRIMARY KEY, place integer UNIQUE)");
    fixture.execute(
        "CREATE TABLE guests (place integer REFERENCES places (id) ON DELETE CASCADE)",
        "INSERT INTO places VALUES (1, 10), (2, 20)",
        "INSERT INTO guests VALUES (1), (2)");

    assertThat(fixture.failure(ROW_REJECTED, "places.csv", "id,place\n1,20\n2,10\n"))
        .hasMessageContaining("a second row with the same place (constraint places_place_key)")
        .hasMessageContaining("make the constraint DEFERRABLE");
    assertThat(fixture.rows("SELECT * FROM places")).containsExactly("1|10", "2|20");
    assertThat(fixture.rows("SELECT * FROM guests")).containsExactly("1", "2");

    fixture.execute(
        "ALTER TABLE places ALTER CONSTRAINT places_place_key DEFERRABLE"
            .replace(
                "ALTER CONSTRAINT places_place_key DEFERRABLE",
                "DROP CONSTRAINT places_place_key, ADD UNIQUE (place) DEFERRABLE"));
    fixture.load("places.csv", "id,place\n1,20\n2,10\n");
    assertThat(fixture.rows("SELECT * FROM guests")).containsExactly("1", "2");
  }

  @Test
  void keepsTheColumnsThatTheFileDoesNotHaveInAnExchange() {
    create(
        "places",
        "(id integer PRIMARY KEY, place integer UNIQUE, note text DEFAULT 'new', twice integer GENERATED ALWAYS AS (place * 2) STORED, n integer GENERATED ALWAYS AS IDENTITY)");
    fixture.execute("INSERT INTO places VALUES (1, 10, 'one'), (2, 20, 'two')");

    fixture.load("places.csv", "id,place\n1,20\n2,10\n3,30\n");

    assertThat(fixture.rows("SELECT * FROM places ORDER BY id"))
        .containsExactly("1|20|one|40|1", "2|10|two|20|2", "3|30|new|60|3");
    assertThat(fixture.log()).contains("way=delete-and-insert");
  }

  @Test
  void deletesForAnIdentityOnlyWhereItChangesAndNothingElseGoes() {
    create(
        "things",
        "(id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, n integer)");
    fixture.execute(
        "INSERT INTO things (code, n) VALUES ('a', 1), ('b', 2)",
        "CREATE TABLE guests (thing integer REFERENCES things ON DELETE CASCADE)",
        "INSERT INTO guests VALUES (1), (2)");
    fixture.set("CSV_HEADER", "none").set("LOAD_KEY", "code");

    fixture.load("first.csv", "1,a,5\n2,b,2\n");
    assertThat(fixture.rows("SELECT * FROM things ORDER BY id")).containsExactly("1|a|5", "2|b|2");
    assertThat(fixture.failure(TABLE_UNUSABLE, "second.csv", "7,a,5\n2,b,2\n"))
        .hasMessageContaining("another value in id, which is GENERATED ALWAYS AS IDENTITY")
        .hasMessageContaining("ALTER TABLE public.things ALTER id SET GENERATED BY DEFAULT");
    assertThat(fixture.rows("SELECT * FROM guests ORDER BY 1")).containsExactly("1", "2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"NO ACTION", "RESTRICT", "CASCADE", "SET NULL"})
  void changesRowsThatReferToEachOther(String onDelete) {
    create(
        "staff",
        "(id integer PRIMARY KEY, boss integer REFERENCES staff ON DELETE %s)".formatted(onDelete));
    fixture.execute("INSERT INTO staff VALUES (1, NULL), (2, 1), (3, NULL), (4, 3), (5, 3)");

    LoadResult result = fixture.load("staff.csv", "id,boss\n2,3\n3,\n4,9\n9,\n5,3\n");

    assertThat(counts(result)).isEqualTo("5 rows: 1 inserted, 2 updated, 1 deleted");
    assertThat(fixture.rows("SELECT * FROM staff ORDER BY id"))
        .containsExactly("2|3", "3|null", "4|9", "5|3", "9|null");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "NO ACTION | id,boss\\n1,\\n2,3\\n | another row refers to one that would be deleted",
        "CASCADE | id,boss\\n1,\\n2,3\\n | line 3: refers to a row of the table that is not in the file",
        "SET NULL | id,boss\\n1,\\n2,3\\n | line 3: refers to a row of the table that is not in the file",
        "CASCADE | id\\n1\\n2\\n | line 2: refers to a row of the table that is not in the file",
      })
  void refusesARowThatRefersToOneThatGoes(String onDelete, String content, String words) {
    create(
        "staff",
        "(id integer PRIMARY KEY, boss integer REFERENCES staff ON DELETE %s)".formatted(onDelete));
    fixture.execute("INSERT INTO staff VALUES (3, NULL), (1, 3), (2, 3)");

    assertThat(fixture.failure(ROW_REJECTED, "staff.csv", content.replace("\\n", "\n")))
        .hasMessageContaining(words);
    assertThat(fixture.rows("SELECT * FROM staff ORDER BY id"))
        .containsExactly("1|3", "2|3", "3|null");
  }

  @Test
  void exchangesUniqueValuesBetweenRowsThatReferToEachOther() {
    create(
        "staff",
        "(id integer PRIMARY KEY, boss integer REFERENCES staff, place integer UNIQUE, note text)");
    fixture.execute(
        "INSERT INTO staff VALUES (1, NULL, 10, 'a'), (2, 1, 20, 'b'), (3, 1, 30, 'c')");

    LoadResult result = fixture.load("staff.csv", "id,boss,place\n2,9,30\n3,2,20\n9,,10\n");

    assertThat(counts(result)).isEqualTo("3 rows: 1 inserted, 2 updated, 1 deleted");
    assertThat(fixture.rows("SELECT * FROM staff ORDER BY id"))
        .containsExactly("2|9|30|b", "3|2|20|c", "9|null|10|null");
  }

  @Test
  void keepsRowsThatAnotherTableRefersTo() {
    fixture.execute(
        "CREATE TABLE pets (owner integer REFERENCES people)", "INSERT INTO pets VALUES (0)");

    assertThat(fixture.failure(ROW_REJECTED, "people.csv", "id,name\n1,Ana\n"))
        .hasMessageContaining(
            "another row refers to one that would be deleted, or whose key would change (constraint pets_owner_fkey)");
    assertThat(fixture.load("people.csv", "id,name\n0,New\n1,Ana\n").updated()).isEqualTo(1);
  }

  @Test
  void firesTriggersForChangesOnly() {
    fixture.load("first.csv", THREE);
    fixture.execute(
        "CREATE TABLE seen (what text)",
        "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN INSERT INTO public.seen VALUES (TG_OP || coalesce(NEW.id, OLD.id)); RETURN NULL; END'",
        "CREATE TRIGGER see AFTER INSERT OR UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION see()");

    fixture.load("second.csv", "id,name,born\n1,Ana,\n2,Bob,2001-02-03\n4,Di,\n");

    assertThat(fixture.rows("SELECT * FROM seen")).containsExactly("DELETE3", "UPDATE2", "INSERT4");
  }

  @Test
  void firesNoTriggerWhereNothingChangesAndThereIsNoKey() {
    create("pets", "(name text)");
    fixture.execute(
        "INSERT INTO pets VALUES ('rex')",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''fired''; END'",
        "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON pets EXECUTE FUNCTION refuse()");

    assertThat(counts(fixture.load("pets.csv", "name\nrex\n")))
        .isEqualTo("1 rows: 0 inserted, 0 updated, 0 deleted");
  }

  @Test
  void namesLinesWhereACollationIsNondeterministic() {
    fixture.execute(
        "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
    create("names", "(name text COLLATE nocase PRIMARY KEY, note text)");
    fixture.execute("INSERT INTO names VALUES ('Bo', NULL)");

    assertThat(fixture.failure(ROW_REJECTED, "names.csv", "name,note\nAna,\"a\nb\"\nAna,c\n"))
        .hasMessageContaining("line 4: a second row with the key (name) of line 3");
  }

  @Test
  void refusesAKeyWithoutAValueAlsoWhereTheTableIsEmpty() {
    create("stock", "(item text UNIQUE, n integer)");
    fixture.set("LOAD_KEY", "item");

    assertThat(fixture.failure(ROW_REJECTED, "stock.csv", "item,n\na,1\n,2\n"))
        .hasMessageContaining("line 3, column item: empty, but a value is required");
    assertThat(fixture.rows("SELECT FROM stock")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "id,name\\n1,a\\n2,marker\\n1,marker | 4 |  | a second row with the key (id) of line 2",
        "id,name\\n1,\"a\\nb\"\\n2,c\\n1,\"marker\\nd\" | 6 | | a second row with the key (id) of line 3",
        "id,name\\r\\n1,\"a\\r\\nb\"\\r\\n2,c\\r\\n1,marker\\r\\n | 5 | | a second row with the key (id) of line 3",
        "id,name\\n1,\"a\\nb\"\\n,marker\\n | 4 | id | empty, but a value is required",
        "id,name\\n1,\"a\\nb\"\\n2,\\n | 4 | name | empty, but a value is required",
        "id,name\\n1,a\\nmarker,b | 3 | id | not a whole number",
      })
  void namesLinesAndNoValue(String file, long line, String column, String words) {
    LoadException failure =
        fixture.failure(ROW_REJECTED, "people.csv", file.replace("\\n", "\n").replace("\\r", "\r"));

    assertThat(failure).hasMessageContaining(words).hasMessageNotContaining("marker");
    assertThat(failure.line()).hasValue(line);
    assertThat(failure.column().orElse(null)).isEqualTo(column);
    assertThat(fixture.log()).doesNotContain("marker");
  }

  @Test
  void namesBothLinesOfAKeyAlsoWhereTheTableIsEmpty() {
    create("empty", "(id integer PRIMARY KEY)");

    assertThat(fixture.failure(ROW_REJECTED, "empty.csv", "id\n1\n2\n1\n"))
        .hasMessageContaining("line 4: a second row with the key (id) of line 2");
    assertThat(fixture.rows("SELECT FROM empty")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "idd | CONFIG_INVALID | LOAD_KEY names \"idd\", which is not a column of public.people (did you mean id?)",
        "note | CONFIG_INVALID | LOAD_KEY names a column of a type that has no equality",
        "initial | CONFIG_INVALID | LOAD_KEY names initial, which the database generates",
        "born | HEADER_MISMATCH | the first line does not name all columns of the key (born)",
      })
  void refusesAKeyThatIsNone(String key, String code, String words) {
    fixture.execute(
        "ALTER TABLE people ADD note json, ADD initial text GENERATED ALWAYS AS (left(name, 1)) STORED");
    fixture.set("LOAD_KEY", key);

    assertThat(
            fixture.failure(s3topostgres.ErrorCode.valueOf(code), "people.csv", "id,name\n1,Ana\n"))
        .hasMessageContaining(words);
  }

  @Test
  void needsAKeyForUpsertOnly() {
    create("pets", "(name text)");
    fixture.mode(UPSERT, "pets");

    assertThat(fixture.failure(TABLE_UNUSABLE, "pets.csv", "name\nrex\n"))
        .hasMessageContaining("public.pets has no primary key");
  }

  @Test
  void needsItsPrivileges() {
    fixture.mode(REPLACE).set("LOAD_MODE", "sync");
    assertThat(fixture.failure(TABLE_UNUSABLE, "people.csv", THREE))
        .hasMessageContaining("lacks UPDATE, DELETE on public.people")
        .hasMessageContaining("GRANT SELECT, INSERT, UPDATE, DELETE ON public.people");

    fixture.mode(SYNC);
    fixture.execute(
        "DO 'BEGIN EXECUTE format(''REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC'', current_database()); END'");
    assertThat(fixture.failure(TABLE_UNUSABLE, "people.csv", THREE))
        .hasMessageContaining("may not create temporary tables");
  }

  @Test
  void refusesATableThatWouldTakeTheRowsOfTheStage() {
    fixture.execute(
        "CREATE TABLE s3_load_stage (LIKE people)",
        "GRANT ALL ON s3_load_stage TO PUBLIC",
        "ALTER ROLE \"%s\" SET search_path = public, pg_temp".formatted(fixture.role()));

    assertThat(fixture.failure(TABLE_UNUSABLE, "people.csv", THREE))
        .hasMessageContaining("another table s3_load_stage comes before the temporary one");
    assertThat(fixture.people()).containsExactly("0|old|null");
  }

  @Test
  void refusesATruncatedExport() {
    fixture.set("MIN_ROWS", "80%").load("first.csv", "id,name\n1,a\n2,b\n3,c\n4,d\n0,old\n");
    fixture.load("second.csv", "id,name\n1,a\n2,b\n3,c\n0,old\n");
    fixture.execute("DELETE FROM people WHERE id > 0");

    assertThat(fixture.failure(TOO_FEW_ROWS, "third.csv", "id,name\n1,a\n2,b\n3,c\n"))
        .hasMessageContaining(
            "the file has 3 rows, and at least 4 are expected (the operator sets MIN_ROWS)");
  }

  @Test
  void refusesARowThatAPolicyOrACheckForbids() {
    fixture.execute("ALTER TABLE people ADD CONSTRAINT adult CHECK (id < 100)");

    assertThat(fixture.failure(ROW_REJECTED, "people.csv", "id,name\n100,Ana\n"))
        .hasMessageContaining("breaks the check adult");
  }

  /** Which version of each row there is: what is not written stays the same. */
  private List<String> versions(String table) {
    return fixture.rows(
        "SELECT tableoid, ctid, xmin FROM %s AS t ORDER BY tableoid, ctid".formatted(table));
  }

  private void create(String table, String definition) {
    fixture.execute("CREATE TABLE %s %s".formatted(table, definition));
    fixture.mode(SYNC, table).set("DB_TABLE_NAME", table);
  }

  private static String counts(LoadResult result) {
    return "%d rows: %d inserted, %d updated, %d deleted"
        .formatted(result.rows(), result.inserted(), result.updated(), result.deleted());
  }
}
