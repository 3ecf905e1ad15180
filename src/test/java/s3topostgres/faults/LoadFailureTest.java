package s3topostgres.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;
import static s3topostgres.ErrorCode.IMPORT_UNAVAILABLE;
import static s3topostgres.ErrorCode.TABLE_BUSY;

import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.Statement;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.LoadException;
import s3topostgres.load.LoadFixture;

/**
 * A load that fails, at each of its steps: the fixture checks the code, that the message names the
 * object, that the failure is logged, and that the old row is still there.
 */
public class LoadFailureTest {
  private static final String GOOD = "id,name\n1,Ana\n";

  @AutoClose private final LoadFixture fixture = new LoadFixture();

  @Test
  void givesUpWhenAReaderHoldsTheTable() throws Exception {
    try (Connection reader = fixture.connect();
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.execute("SELECT * FROM people");

      fixture.set("LOCK_TIMEOUT_SECONDS", "1");
      assertThat(fixture.failure(TABLE_BUSY, "people.csv", GOOD))
          .hasMessageContaining("other sessions used public.people for longer than 1 s");
    }
  }

  @Tag("aws_s3")
  @Test
  void tellsThatTheExtensionIsMissing() {
    fixture.execute("DROP EXTENSION aws_s3");

    assertThat(fixture.failure(IMPORT_UNAVAILABLE, "people.csv", GOOD))
        .hasMessageContaining("the database has no extension aws_s3")
        .hasMessageContaining("CREATE EXTENSION aws_s3 CASCADE");
  }

  @Tag("aws_s3")
  @Test
  void reportsAnExtensionThatTheUserMayNotUse() {
    fixture.execute("REVOKE USAGE ON SCHEMA aws_s3 FROM \"%s\"".formatted(fixture.role()));

    assertThat(fixture.failure(IMPORT_UNAVAILABLE, "people.csv", GOOD))
        .hasMessageContaining("GRANT USAGE ON SCHEMA aws_s3");
  }

  @Test
  void tellsThatNothingListensThere() throws Exception {
    try (ServerSocket free = new ServerSocket(0)) {
      fixture.set("DB_PORT", Integer.toString(free.getLocalPort()));
    }

    LoadException failure = fixture.failureToBegin(fixture.upload("people.csv", GOOD));
    assertThat(failure.code()).isEqualTo(DATABASE_UNAVAILABLE);
    assertThat(fixture.people()).containsExactly("0|old|null");
    assertThat(failure).hasMessageContaining("cannot be reached: nothing listens there");
  }
}
