package s3topostgres.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.history.Verdict.DUPLICATE;
import static s3topostgres.history.Verdict.LOADED;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.s3.Upload;

/** What a load does when nothing is wrong, on a real Postgres and a real S3 server. */
public class LoaderTest {
  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @Test
  void saysSoInOneLineOfTheLog() {
    LoadResult result = fixture.load("people.csv", "id,name,born\n1,Ana,\n");

    assertThat(fixture.log().lines())
        .containsExactly(
            "INFO load status=LOADED object=%s table=public.people rows=1 bytes=20 millis=%d request=request-1"
                .formatted(result.object(), result.millis()));
  }

  @Test
  void saysThatItStreamsWhatTheDatabaseWouldNotUnpack() throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write("id,name\n1,Ana\n".getBytes(UTF_8));
    }

    fixture.set("IMPORT_WITH", "aws_s3").load(fixture.upload("a.csv.gz", packed.toByteArray()));
    assertThat(fixture.log()).contains(" import=copy");
    int logged = fixture.log().length();
    fixture.load("b.csv", "id,name\n1,Ana\n");
    fixture.set("IMPORT_WITH", "copy").load(fixture.upload("c.csv.gz", packed.toByteArray()));
    assertThat(fixture.log().substring(logged)).contains("c.csv.gz").doesNotContain("import=");
  }

  @Test
  void runsTheProjectsSqlInTheTransaction() {
    fixture.execute(
        "CREATE TABLE seen (step text, rows bigint, xid xid8)",
        "GRANT INSERT ON seen TO \"%s\"".formatted(fixture.role()));

    fixture
        .set(
            "BEFORE_LOAD_SQL",
            "SET LOCAL datestyle = 'ISO, DMY'; INSERT INTO seen SELECT 'before', count(*), pg_current_xact_id() FROM people")
        .set(
            "AFTER_LOAD_SQL",
            "INSERT INTO seen SELECT 'after', count(*), pg_current_xact_id() FROM people; -- done {d '?'}")
        .load("people.csv", "id,name,born\n1,Ana,03/02/1980\n2,Bo,\n");

    assertThat(fixture.people()).containsExactly("1|Ana|1980-02-03", "2|Bo|null");
    assertThat(fixture.rows("SELECT step, rows FROM seen ORDER BY rows"))
        .containsExactly("before|1", "after|2");
    assertThat(fixture.rows("SELECT count(DISTINCT xid) FROM seen")).containsExactly("1");
  }

  @Tag("aws_s3")
  @Test
  void installsTheExtensionWhereItIsMissing() {
    fixture.execute("DROP EXTENSION aws_s3", "DROP EXTENSION aws_commons");
    fixture.execute("ALTER ROLE \"%s\" SUPERUSER".formatted(fixture.role()));

    assertThat(fixture.load("people.csv", "id,name\n1,Ana\n").status()).isEqualTo(LOADED);
  }

  @Test
  void recognisesADeliveryWhoseObjectIsGone() {
    Upload upload = fixture.upload("people.csv", "id,name\n1,Ana\n");
    fixture.load(upload);
    fixture.s3.delete(fixture.bucket, "people.csv");

    assertThat(fixture.load(upload).status()).isEqualTo(DUPLICATE);
  }
}
