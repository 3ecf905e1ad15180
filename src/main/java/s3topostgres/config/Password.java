package s3topostgres.config;

import java.time.Duration;
import java.util.Optional;
import s3topostgres.LoadException;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.rds.RdsUtilities;

/**
 * The database user's password: the setting itself, an SSM parameter, or an IAM token. The
 * parameter is read at the first connection and cached until the database refuses it. A token is
 * created for each connection. Not thread-safe.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html">IAM
 *     database authentication</a>
 */
public final class Password {
  private final DatabaseSettings settings;
  private final Parameters parameters;
  private Optional<Secret> current;

  public Password(DatabaseSettings settings, Parameters parameters) {
    this.settings = settings;
    this.parameters = parameters;
    this.current = settings.password();
  }

  /**
   * Returns the password; reads the parameter if it is not cached.
   *
   * @param limit for reading the parameter
   * @throws LoadException {@code CONFIG_INVALID} or {@code DATABASE_UNAVAILABLE} when the parameter
   *     cannot be read
   */
  public Secret get(Duration limit) {
    if (settings.login() == DatabaseSettings.Login.IAM) {
      return token();
    }
    if (current.isEmpty()) {
      String name = settings.passwordParameter().orElseThrow();
      current = Optional.of(new Secret(parameters.read(name, "DB_PASSWORD_PARAMETER", limit)));
    }
    return current.get();
  }

  /** Signs a token with the function's credentials; AWS is not called. */
  private Secret token() {
    return new Secret(
        RdsUtilities.builder()
            .region(new DefaultAwsRegionProviderChain().getRegion())
            .credentialsProvider(DefaultCredentialsProvider.builder().build())
            .build()
            .generateAuthenticationToken(
                login ->
                    login
                        .hostname(settings.host())
                        .port(settings.port())
                        .username(settings.username())));
  }

  /**
   * Clears the cache after the database refused the password.
   *
   * @return whether another attempt can have another password
   */
  public boolean forget() {
    boolean canChange = settings.passwordParameter().isPresent();
    if (canChange) {
      current = Optional.empty();
    }
    return canChange;
  }
}
