package s3topostgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.sandbox.LambdaRuntime;
import s3topostgres.sandbox.LambdaRuntime.Answer;
import s3topostgres.sandbox.PostgresServer;
import s3topostgres.sandbox.S3Server;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxDatabase;
import s3topostgres.sandbox.UploadEvent;

/**
 * Twenty functions as they are deployed, each with a table and ten uploads, at once and beside an
 * application that needs connections, too.
 */
@Tag("thorough")
class ManyFunctionsIT {
  private static final int FUNCTIONS = 20;
  private static final int UPLOADS = 10;
  private static final String PASSWORD = "any";

  /** Of the sandbox's servers, less those that Postgres keeps for superusers. */
  private static final int CONNECTIONS = 97;

  private final S3Server s3 = Sandbox.shared().s3();
  private final String bucket = SandboxDatabase.unique("in-");
  private final List<Throwable> surprises = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger applicationsConnections = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();
  private final Semaphore starting = new Semaphore(2);
  private final CountDownLatch started = new CountDownLatch(FUNCTIONS);

  @Test
  void leaveTheApplicationItsConnectionsAndLoadTheNewestOfEachTable() throws Exception {
    s3.createBucket(bucket);
    try (PostgresServer server = PostgresServer.launch();
        SandboxDatabase database = server.createDatabase(s3)) {
      String role = prepare(database);
      List<Connection> taken = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS - FUNCTIONS; i++) {
        taken.add(database.connect("application", PASSWORD));
      }
      List<Thread> functions = new ArrayList<>();
      for (int i = 0; i < FUNCTIONS; i++) {
        functions.add(function(database, role, "table_" + i));
      }
      Thread application = new Thread(() -> use(database));
      application.start();
      functions.forEach(Thread::start);
      for (Thread function : functions) {
        function.join();
      }
      over.set(true);
      application.join();
      for (Connection connection : taken) {
        connection.close();
      }

      System.err.println(
          "the application connected %d times".formatted(applicationsConnections.get()));
      assertThat(surprises).isEmpty();
      assertThat(applicationsConnections).hasPositiveValue();
      for (int i = 0; i < FUNCTIONS; i++) {
        assertThat(database.rows("SELECT name FROM table_" + i))
            .containsExactly(List.of("table_%d/%d.csv".formatted(i, UPLOADS - 1)));
      }
      assertThat(database.rows("SELECT status, count(*) FROM history.loads GROUP BY 1"))
          .containsExactly(List.of("LOADED", Integer.toString(FUNCTIONS * UPLOADS)));
    }
  }

  private static String prepare(SandboxDatabase database) throws SQLException {
    database.execute("CREATE TABLE table_0 (id int, name text)");
    String role = database.createLoader("table_0", PASSWORD);
    for (int i = 1; i < FUNCTIONS; i++) {
      database.execute(
          "CREATE TABLE table_%d (id int, name text)".formatted(i),
          "GRANT SELECT, INSERT, TRUNCATE ON table_%d TO \"%s\"".formatted(i, role));
    }
    // As in the documentation's SQL.
    database.execute("ALTER ROLE \"%s\" CONNECTION LIMIT 10".formatted(role));
    database.createRole("application", PASSWORD);
    return role;
  }

  /** A process of its own, which handles the events of its table one after the other. */
  private Thread function(SandboxDatabase database, String role, String table) {
    Map<String, String> settings = database.settings(role, PASSWORD, table);
    settings.put("HISTORY_TABLE", "history.loads");
    settings.put("AWS_ENDPOINT_URL_S3", s3.endpoint().toString());
    List<String> events = new ArrayList<>();
    for (int i = 0; i < UPLOADS; i++) {
      String key = "%s/%d.csv".formatted(table, i);
      events.add(UploadEvent.put(s3, bucket, key, "id,name\n1,%s\n".formatted(key)));
    }
    return new Thread(
        () -> {
          try (LambdaRuntime lambda = start(settings)) {
            started.countDown();
            started.await();
            for (String event : events) {
              Answer answer = lambda.invoke(event, Duration.ofMinutes(15));
              assertThat(answer.failed()).as(answer.body()).isFalse();
            }
          } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            surprises.add(e);
          }
        });
  }

  /** Not all at the same time, which this machine would not do in the time that there is. */
  private LambdaRuntime start(Map<String, String> settings)
      throws IOException, InterruptedException {
    starting.acquire();
    try {
      return LambdaRuntime.start(settings);
    } finally {
      starting.release();
    }
  }

  /** Is the application, which connects ten times a second. */
  private void use(SandboxDatabase database) {
    while (!over.get()) {
      try (Connection connection = database.connect("application", PASSWORD);
          Statement statement = connection.createStatement()) {
        statement.execute("SELECT 1");
        applicationsConnections.incrementAndGet();
      } catch (SQLException e) {
        surprises.add(e);
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
  }
}
