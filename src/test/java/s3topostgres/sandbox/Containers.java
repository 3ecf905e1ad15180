package s3topostgres.sandbox;

import org.testcontainers.containers.Network;
import org.testcontainers.localstack.LocalStackContainer;
import org.testcontainers.utility.DockerImageName;

/** What the sandbox has in containers when it {@link Sandbox#IN_CONTAINERS runs in them}. */
final class Containers {
  /** By which the containers reach each other. */
  static final Network NETWORK = Network.newNetwork();

  private Containers() {}

  /** LocalStack's S3, started; {@code http://localstack:4566} for the other containers. */
  static LocalStackContainer localStack() {
    LocalStackContainer container =
        // The last version that starts without an account.
        new LocalStackContainer(DockerImageName.parse("localstack/localstack:4.14.0"))
            .withServices("s3")
            .withNetwork(NETWORK)
            .withNetworkAliases("localstack");
    container.start();
    return container;
  }
}
