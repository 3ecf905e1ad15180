package s3topostgres.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import s3topostgres.LoadException;
import s3topostgres.history.Verdict;
import s3topostgres.load.LoadFixture;
import s3topostgres.load.Loader;
import s3topostgres.postgres.Deadline;
import s3topostgres.s3.Upload;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.PostgresServer;

/** Many files uploaded at once, and a database whose connections an application needs, too. */
@Tag("slow")
class ManyUploadsTest {
  /** Of the sandbox's servers, less those that Postgres keeps for superusers. */
  private static final int CONNECTIONS = 97;

  /** As in the documentation's SQL. */
  private static final int ROLES_LIMIT = 10;

  private static final Duration FUNCTION_TIME = Duration.ofMinutes(15);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(30);

  private final AtomicBoolean over = new AtomicBoolean();
  private final List<Throwable> surprises = Collections.synchronizedList(new ArrayList<>());
  private final Queue<Verdict> results = new ConcurrentLinkedQueue<>();
  private final List<Network> networks = new CopyOnWriteArrayList<>();
  private final AtomicInteger mostOfOurs = new AtomicInteger();
  private final AtomicInteger mostOfAFunction = new AtomicInteger();
  private final AtomicInteger applicationsConnections = new AtomicInteger();

  @Test
  void leaveTheApplicationItsConnections() throws Exception {
    uploadAtOnce(40, 4, 8, 20);
  }

  @Tag("thorough")
  @Test
  void leaveTheApplicationItsConnectionsWhereTheFunctionsAreLimited() throws Exception {
    uploadAtOnce(200, 20, 5, 20);

    assertThat(mostOfOurs).hasValueLessThanOrEqualTo(5);
  }

  @Tag("thorough")
  @Test
  void leaveTheApplicationItsConnectionsWhereTheFunctionsAreNotLimited() throws Exception {
    uploadAtOnce(200, 20, 20, 20);
  }

  private void uploadAtOnce(int uploads, int tables, int functions, int left) throws Exception {
    try (PostgresServer server = PostgresServer.launch();
        LoadFixture fixture = new LoadFixture(server);
        Connection observer = fixture.connect()) {
      fixture.load("first.csv", "id,name\n0,first\n");
      createTables(fixture, tables);
      Map<String, String> newest = new HashMap<>();
      Queue<Upload> events = upload(fixture, uploads, tables, newest);
      fixture.execute(
          "CREATE ROLE application LOGIN PASSWORD 'any'",
          "ALTER ROLE \"%s\" CONNECTION LIMIT %d".formatted(fixture.role(), ROLES_LIMIT));
      List<Connection> taken = new ArrayList<>();
      for (int i = 1; i < CONNECTIONS - left; i++) {
        taken.add(fixture.connect("application", "any"));
      }
      long start = System.nanoTime();
      List<Thread> others =
          List.of(start(() -> observe(observer, fixture.role())), start(() -> use(fixture)));
      List<Thread> running = new ArrayList<>();
      for (int i = 0; i < functions; i++) {
        running.add(start(function(fixture, tables, server, events)));
      }
      for (Thread function : running) {
        function.join();
      }
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      over.set(true);
      for (Thread other : others) {
        other.join();
      }
      for (Connection connection : taken) {
        connection.close();
      }
      networks.forEach(Network::close);

      String figures =
          "%d uploads, %d tables, %d functions: %d s, at most %d connections, %d of a function; the application connected %d times; %s"
              .formatted(
                  uploads,
                  tables,
                  functions,
                  took.toSeconds(),
                  mostOfOurs.get(),
                  mostOfAFunction.get(),
                  applicationsConnections.get(),
                  results.stream().filter(Verdict.LOADED::equals).count() + " loaded");
      System.err.println(figures);
      assertThat(surprises).as(figures).isEmpty();
      assertThat(mostOfAFunction).as(figures).hasValue(1);
      assertThat(mostOfOurs)
          .as(figures)
          .hasValueLessThanOrEqualTo(Math.min(functions, ROLES_LIMIT));
      assertThat(applicationsConnections).as(figures).hasPositiveValue();
      assertThat(results).as(figures).hasSize(uploads);
      for (int table = 0; table < tables; table++) {
        assertThat(fixture.rows("SELECT name FROM table_" + table))
            .containsExactly(newest.get("table_" + table));
      }
      assertThat(fixture.rows("SELECT count(*) FROM history.loads WHERE status = 'LOADED'"))
          .containsExactly("" + (1 + results.stream().filter(Verdict.LOADED::equals).count()));
      assertThat(fixture.rows("SELECT error_message FROM history.loads WHERE status = 'FAILED'"))
          .isEmpty();
    }
  }

  private static void createTables(LoadFixture fixture, int count) {
    for (int i = 0; i < count; i++) {
      fixture.execute(
          "CREATE TABLE table_%d (id integer, name text)".formatted(i),
          "GRANT SELECT, INSERT, TRUNCATE ON table_%d TO \"%s\"".formatted(i, fixture.role()));
    }
  }

  /** The events come in any order. */
  private static Queue<Upload> upload(
      LoadFixture fixture, int uploads, int tables, Map<String, String> newest) {
    List<Upload> events = new ArrayList<>();
    for (int i = 0; i < uploads; i++) {
      String table = "table_" + i % tables;
      String key = "%s/%d.csv".formatted(table, i);
      events.add(fixture.upload(key, "id,name\n1,%s\n".formatted(key)));
      newest.put(table, key);
    }
    Collections.shuffle(events, new Random(4711));
    return new ConcurrentLinkedQueue<>(events);
  }

  /** Handles one event after the other, with a network and so a connection of its own. */
  private Runnable function(
      LoadFixture fixture, int tables, PostgresServer server, Queue<Upload> events)
      throws IOException {
    Network network = Network.to("localhost", server.port());
    networks.add(network);
    Map<String, Loader> loaders = new HashMap<>();
    fixture.set("DB_PORT", Integer.toString(network.port()));
    for (int i = 0; i < tables; i++) {
      loaders.put("table_" + i, fixture.set("DB_TABLE_NAME", "table_" + i).loader());
    }
    return () -> {
      for (Upload upload = events.poll(); upload != null; upload = events.poll()) {
        Loader loader = loaders.get(upload.object().key().split("/")[0]);
        try {
          results.add(loader.load(upload, Deadline.in(FUNCTION_TIME), "request").status());
        } catch (LoadException e) {
          surprises.add(e);
        }
      }
    };
  }

  /**
   * Counts our connections. A backend that does nothing is one that has not seen yet that its
   * client is gone: a load is in a transaction as soon as it is connected.
   */
  private void observe(Connection connection, String role) {
    String sql =
        "SELECT client_port FROM pg_stat_activity WHERE usename = '%s' AND state <> 'idle'"
            .formatted(role);
    try (Statement statement = connection.createStatement()) {
      while (!over.get()) {
        List<Integer> ports = new ArrayList<>();
        try (ResultSet row = statement.executeQuery(sql)) {
          while (row.next()) {
            ports.add(row.getInt(1));
          }
        }
        mostOfOurs.accumulateAndGet(ports.size(), Math::max);
        for (Network network : networks) {
          int carried = (int) ports.stream().filter(network::carries).count();
          mostOfAFunction.accumulateAndGet(carried, Math::max);
        }
        LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
      }
    } catch (SQLException e) {
      surprises.add(e);
    }
  }

  /** Is the application, which connects ten times a second. */
  private void use(LoadFixture fixture) {
    while (!over.get()) {
      try (Connection connection = fixture.connect("application", "any");
          Statement statement = connection.createStatement()) {
        statement.execute("SELECT 1");
        applicationsConnections.incrementAndGet();
      } catch (SQLException e) {
        surprises.add(e);
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
  }

  private static Thread start(Runnable task) {
    Thread thread = new Thread(task);
    thread.start();
    return thread;
  }
}
