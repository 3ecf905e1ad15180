package s3topostgres.scenario;

import java.io.IOException;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import s3topostgres.load.LoadFixture;
import s3topostgres.sandbox.PostgresServer;

/**
 * Runs the scenarios of what only the newest Postgres has, on a server of that version, whichever
 * the build names.
 */
class NewestScenarioTest extends ScenarioTest {
  @AutoClose private static PostgresServer server;

  @BeforeAll
  static void open() throws SQLException, IOException {
    server = PostgresServer.launchNewest();
    open(new LoadFixture(server));
  }

  static Stream<Scenario> scenarios() {
    return Stream.of("aws_s3", "copy")
        .flatMap(
            way ->
                Scenario.all().stream()
                    .filter(one -> one.isFor(18) && !one.isFor(17))
                    .map(one -> one.importedWith(way)))
        .filter(ScenarioTest::isAskedFor);
  }
}
