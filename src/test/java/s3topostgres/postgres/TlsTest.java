package s3topostgres.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.config.Settings;
import s3topostgres.sandbox.Certificates;
import s3topostgres.sandbox.Network;
import s3topostgres.sandbox.PostgresServer;
import s3topostgres.sandbox.Sandbox;
import s3topostgres.sandbox.SandboxAws;
import s3topostgres.sandbox.SandboxDatabase;
import s3topostgres.sandbox.SsmServer;

/** Connecting to a Postgres that speaks TLS, with certificates of all kinds. */
class TlsTest {
  private static final String PASSWORD = "s3cret-marker";
  private static final String LOADER = "tls_loader";
  private static final Duration LIMIT = Duration.ofMinutes(15);

  @TempDir static Path folder;

  private static PostgresServer server;
  private static SandboxDatabase database;

  private URI ssm = URI.create("http://localhost:1");
  private final Map<String, String> settings =
      new HashMap<>(
          Map.of(
              "DB_HOST", database.host(),
              "DB_PORT", Integer.toString(database.port()),
              "DB_DATABASE", database.name(),
              "DB_USERNAME", LOADER,
              "DB_PASSWORD", PASSWORD,
              "DB_TABLE_NAME", "people",
              "DB_CA_CERTIFICATE", folder.resolve("ours.pem").toString()));

  @BeforeAll
  static void makeCertificates() throws Exception {
    Certificates certificates = new Certificates(folder);
    certificates.authority("ours");
    certificates.authority("theirs");
    certificates.server("right", "ours", "localhost", "-1d");
    certificates.server("other-authority", "theirs", "localhost", "-1d");
    certificates.server("other-name", "ours", "db.example", "-1d");
    certificates.server("expired", "ours", "localhost", "-3d");
    certificates.server("future", "ours", "localhost", "+1d");
    server = PostgresServer.launch();
    database = server.createDatabase(Sandbox.shared().s3());
    database.createRole(LOADER, PASSWORD);
  }

  @AfterAll
  static void stop() throws SQLException {
    database.close();
    server.close();
  }

  @ParameterizedTest
  @CsvSource({
    "right, verify-full",
    "right, verify-ca",
    "right, require",
    "other-name, verify-ca",
    "other-name, require",
    "other-authority, require",
    "expired, require",
  })
  void connectsWhereTheModeIsContent(String certificate, String sslMode) throws Exception {
    present(certificate);
    setMode(sslMode);

    assertThat(connectedBy()).startsWith("TLSv1.");
  }

  @ParameterizedTest
  @CsvSource({
    "other-name, verify-full, is for another name",
    "other-authority, verify-full, was issued by an unknown authority",
    "other-authority, verify-ca, was issued by an unknown authority",
    "expired, verify-full, has expired",
    "expired, verify-ca, has expired",
    "future, verify-full, is not valid yet",
  })
  void saysWhatIsWrongWithTheCertificate(String certificate, String sslMode, String words)
      throws Exception {
    present(certificate);
    setMode(sslMode);

    assertThat(failure(ErrorCode.DATABASE_REFUSED))
        .hasMessageStartingWith(
            "DATABASE_REFUSED: the TLS certificate of localhost:" + database.port())
        .hasMessageContaining(words);
  }

  @ParameterizedTest
  @ValueSource(strings = {"verify-full", "verify-ca"})
  void knowsAmazonsAuthoritiesOnlyWhenNoneIsSet(String sslMode) throws Exception {
    present("right");
    setMode(sslMode);
    settings.remove("DB_CA_CERTIFICATE");

    assertThat(failure(ErrorCode.DATABASE_REFUSED))
        .hasMessageContaining("was issued by an unknown authority");
  }

  @Test
  void takesTheAuthorityFromAParameterAndReadsItOnce() throws Exception {
    present("right");
    try (SsmServer server = SsmServer.launch()) {
      server.put("/people/ca", Files.readString(folder.resolve("ours.pem")));
      settings.put("DB_CA_CERTIFICATE", "/people/ca");
      ssm = server.endpoint();
      Database connecting = connecting();
      connecting.connectOnce(Deadline.in(LIMIT)).close();
      connecting.connectOnce(Deadline.in(LIMIT)).close();

      assertThat(server.requests()).isEqualTo(1);
    }
  }

  @Test
  void saysThatTheAuthoritysParameterCannotBeRead() throws Exception {
    try (SsmServer server = SsmServer.launch()) {
      settings.put("DB_CA_CERTIFICATE", "/people/ca");
      ssm = server.endpoint();

      assertThat(failure(ErrorCode.CONFIG_INVALID))
          .hasMessageContaining(
              "the parameter /people/ca (DB_CA_CERTIFICATE) cannot be read: AWS answered"
                  + " ParameterNotFound");
    }
  }

  @Test
  void saysThatTheAuthoritysFileCannotBeRead() {
    settings.put("DB_CA_CERTIFICATE", "nowhere.pem");

    assertThat(failure(ErrorCode.CONFIG_INVALID))
        .hasMessageContaining("the file nowhere.pem (DB_CA_CERTIFICATE) cannot be read");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"})
  void reportsAFileWithoutCertificates(String content) throws Exception {
    Path file = folder.resolve("none.pem");
    Files.writeString(file, content);
    settings.put("DB_CA_CERTIFICATE", file.toString());

    assertThat(failure(ErrorCode.CONFIG_INVALID)).hasMessageContaining("holds no certificate");
  }

  /** A write to a TLS socket has no time limit, and keeps others from closing the socket. */
  @Tag("slow")
  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void leavesACopyOfWhichTheServerTakesNothingMore() throws Exception {
    present("right");
    setMode("verify-full");
    try (Network network = Network.to("localhost", database.port())) {
      settings.put("DB_PORT", Integer.toString(network.port()));
      TestTicker time = new TestTicker();
      Deadline deadline = Deadline.in(LIMIT, time);
      try (Session session = connecting().connectOnce(deadline)) {
        session.execute("CREATE TEMPORARY TABLE lines (line text)");
        time.pass(LIMIT.minusMillis(300));
        InputStream endless =
            new InputStream() {
              @Override
              public int read() {
                return '\n';
              }

              @Override
              public int read(byte[] bytes, int offset, int length) {
                if (network.bytes() > 1_000_000) {
                  network.stall();
                }
                Arrays.fill(bytes, offset, offset + length, (byte) '\n');
                return length;
              }
            };

        SQLException failure =
            catchThrowableOfType(
                SQLException.class, () -> session.copyIn("COPY lines FROM STDIN", endless));
        assertThat(SqlErrors.translate(failure, deadline).code()).isEqualTo(ErrorCode.OUT_OF_TIME);
      }
    }
  }

  private void setMode(String sslMode) {
    settings.put("DB_SSL_MODE", sslMode);
    if (!sslMode.startsWith("verify")) {
      settings.remove("DB_CA_CERTIFICATE");
    }
  }

  /** The protocol of a new connection. */
  private String connectedBy() throws SQLException {
    try (Session session = connecting().connectOnce(Deadline.in(LIMIT))) {
      return session
          .query(
              "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
              row -> row.getString(1))
          .get(0);
    }
  }

  private LoadException failure(ErrorCode code) {
    LoadException failure = catchThrowableOfType(LoadException.class, this::connectedBy);
    assertThat(failure).isNotNull();
    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(code);
    assertThat(failure).hasMessageNotContaining(PASSWORD).hasNoCause();
    return failure;
  }

  private Database connecting() {
    Settings read = Settings.read(settings);
    return new Database(read.database(), SandboxAws.parameters(ssm));
  }

  /** Has the server show that certificate from now on. */
  private static void present(String certificate) throws Exception {
    Path pem = folder.resolve(certificate + ".pem");
    String file = server.place(pem);
    database.execute(
        "ALTER SYSTEM SET ssl = on",
        "ALTER SYSTEM SET ssl_cert_file = '%s'".formatted(file),
        "ALTER SYSTEM SET ssl_key_file = '%s'".formatted(server.place(Certificates.key(pem))),
        "SELECT pg_reload_conf()");
    // The server reads its files anew in its own time.
    while (!database.rows("SHOW ssl_cert_file").equals(List.of(List.of(file)))) {
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }
}
