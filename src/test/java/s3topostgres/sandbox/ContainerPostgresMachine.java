package s3topostgres.sandbox;

import com.github.dockerjava.api.DockerClient;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.images.builder.ImageFromDockerfile;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

/** Postgres in a container. Its data stays over a stop, as the container does. */
final class ContainerPostgresMachine implements PostgresMachine {
  private static final Duration START_LIMIT = Duration.ofMinutes(5);
  private static final Map<String, DockerImageName> IMAGES = new ConcurrentHashMap<>();

  private final int port;
  private final PostgreSQLContainer container;
  private final Cleanup cleanup;

  private ContainerPostgresMachine(int port, String version) {
    this.port = port;
    container =
        new PostgreSQLContainer(IMAGES.computeIfAbsent(version, ContainerPostgresMachine::image))
            .withUsername("postgres")
            .withNetwork(Containers.NETWORK)
            .withEnv("POSTGRES_INITDB_ARGS", "--locale=C --encoding=UTF8")
            // Postgres as the first process takes the end of a program that lost its backend for a
            // crash of its own.
            .withCreateContainerCmdModifier(create -> create.getHostConfig().withInit(true))
            .withCommand(
                "postgres -F -c synchronous_commit=off -c timezone=UTC -c max_connections=100"
                    + " -c password_encryption=scram-sha-256");
    container.setPortBindings(List.of(port + ":5432"));
    cleanup = Cleanup.by(container::stop);
  }

  /**
   * A server that is not started yet.
   *
   * @param version such as {@code 17.11.0}, of which the first number counts
   */
  static ContainerPostgresMachine create(String version) throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return new ContainerPostgresMachine(socket.getLocalPort(), version);
    }
  }

  private static DockerImageName image(String version) {
    String fetchObject = FetchObject.class.getName().replace('.', '/') + ".class";
    ImageFromDockerfile image =
        new ImageFromDockerfile()
            .withBuildArg("POSTGRES", version.replaceFirst("\\..*", ""))
            .withFileFromClasspath("Dockerfile", "containers/Dockerfile")
            .withFileFromClasspath("login.sh", "containers/login.sh")
            .withFileFromClasspath("classes/" + fetchObject, fetchObject);
    for (String file : PostgresServer.EXTENSION_FILES) {
      image.withFileFromClasspath("extension/" + file, "postgres/" + file);
    }
    return DockerImageName.parse(image.get()).asCompatibleSubstituteFor("postgres");
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public void start() throws IOException {
    if (container.getContainerId() == null) {
      container.start();
    } else {
      docker().startContainerCmd(container.getContainerId()).exec();
    }
    awaitConnection();
  }

  @Override
  public void stop() {
    docker().stopContainerCmd(container.getContainerId()).exec();
  }

  @Override
  public void kill() {
    docker().killContainerCmd(container.getContainerId()).exec();
  }

  @Override
  public String fetchCommand() {
    return FetchObject.command("/opt/java/openjdk/bin/java", "/opt/sandbox");
  }

  @Override
  public String place(Path file) throws IOException {
    String path = "/opt/sandbox/" + file.getFileName();
    container.copyFileToContainer(MountableFile.forHostPath(file), path);
    try {
      ExecResult result =
          container.execInContainer("sh", "-c", "chown postgres " + path + " && chmod 600 " + path);
      if (result.getExitCode() != 0) {
        throw new IOException(result.getStderr());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
    return path;
  }

  @Override
  public void close() {
    cleanup.close();
  }

  private void awaitConnection() throws IOException {
    String url = "jdbc:postgresql://localhost:" + port + "/postgres";
    Instant limit = Instant.now().plus(START_LIMIT);
    while (true) {
      try {
        DriverManager.getConnection(url, "postgres", "").close();
        return;
      } catch (SQLException e) {
        if (Instant.now().isAfter(limit)) {
          throw new IOException("Postgres does not start:\n" + container.getLogs(), e);
        }
      }
    }
  }

  private static DockerClient docker() {
    return DockerClientFactory.lazyClient();
  }
}
