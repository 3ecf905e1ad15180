package s3topostgres.modes;

import static org.assertj.core.api.Assertions.assertThat;
import static s3topostgres.ErrorCode.DATABASE_UNAVAILABLE;

import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.RunningLoad;
import s3topostgres.sandbox.PostgresServer;
import s3topostgres.sandbox.SandboxDatabase;

/**
 * Indexes that are built after the rows, on a server that crashes, and on one that others follow.
 */
@Tag("slow")
class IndexBuildServerTest {
  private static PostgresServer server;

  @AutoClose private LoadFixture fixture;

  @BeforeAll
  static void launch() throws Exception {
    server = PostgresServer.launch();
  }

  @AfterAll
  static void closeServer() {
    server.close();
  }

  @BeforeEach
  void prepare() {
    fixture = new LoadFixture(server);
    fixture.execute(
        "ALTER TABLE people OWNER TO \"%s\"".formatted(fixture.role()),
        "GRANT CREATE ON SCHEMA public TO \"%s\"".formatted(fixture.role()),
        "CREATE INDEX born ON people (born DESC)");
  }

  @Test
  void haveThemAllAgainAfterACrashWhileOneIsBuilt() throws Exception {
    fixture.execute(IndexBuildTest.SLOW);
    List<String> before = fixture.indexes();
    RunningLoad load =
        RunningLoad.start(
                fixture, fixture.upload("people.csv", IndexBuildTest.large("1,Ana,1980-02-03\n")))
            .untilIndexing();
    server.kill();
    server.start();

    load.failure(DATABASE_UNAVAILABLE);
    assertThat(fixture.indexes()).isEqualTo(before);
    // They are whole, too.
    assertThat(
            fixture.rows(
                """
                SELECT name FROM people WHERE id = 0
                UNION ALL SELECT name FROM people WHERE slow(id) = 0
                UNION ALL SELECT count(*)::text FROM pg_class WHERE relname IN ('people_pkey', 'slow', 'born')"""))
        .containsExactly("old", "old", "3");
  }

  /** The replica identity is the primary key, whose index is rebuilt. */
  @Test
  void followTheTableStillInALogicalReplica() throws Exception {
    fixture.execute("ALTER SYSTEM SET wal_level = logical");
    server.stop();
    server.start();
    fixture.execute(
        "CREATE PUBLICATION people FOR TABLE people",
        "SELECT pg_create_logical_replication_slot('people', 'pgoutput')");
    try (SandboxDatabase replica = server.createDatabase(fixture.s3)) {
      replica.execute(
          "CREATE TABLE people (id integer PRIMARY KEY, name text, born date)",
          "CREATE SUBSCRIPTION people CONNECTION 'host=localhost port=%d user=postgres dbname=%s' PUBLICATION people WITH (create_slot = false, slot_name = 'people')"
              .formatted(server.port(), fixture.rows("SELECT current_database()").get(0)));
      try {
        untilReplicaHas(replica, "0 old");

        fixture.load("people.csv", IndexBuildTest.large("1,Ana,1980-02-03\n2,Bo,\n"));
        assertThat(fixture.log()).contains("indexMillis");
        untilReplicaHas(replica, "1 Ana 2 Bo");

        // By the primary key.
        fixture.execute(
            "UPDATE people SET name = 'Eve' WHERE id = 1", "DELETE FROM people WHERE id = 2");
        untilReplicaHas(replica, "1 Eve");
      } finally {
        replica.execute("DROP SUBSCRIPTION people");
      }
    }
  }

  private static void untilReplicaHas(SandboxDatabase replica, String people) {
    RunningLoad.await(
        () -> {
          try {
            return replica
                .rows(
                    "SELECT string_agg(id || ' ' || name, ' ' ORDER BY id) FROM people WHERE id < 1000")
                .contains(List.of(people));
          } catch (SQLException e) {
            throw new IllegalStateException(e);
          }
        });
  }
}
