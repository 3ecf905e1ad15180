package s3topostgres.config;

import java.time.Duration;
import java.util.Optional;
import s3topostgres.LoadException;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.rds.RdsUtilities;

/**
 * What the user authenticates with: the password of the setting, an SSM parameter that is read when
 * it is first needed and kept until the database refuses it, or an IAM token that is created for
 * each connection. Not thread-safe.
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
   * The password as far as it is known here.
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

  /** Signed with the function's credentials, without a call of AWS. */
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
   * Forgets a password that the database refused.
   *
   * @return whether reading it anew can give another one
   */
  public boolean forget() {
    boolean canChange = settings.passwordParameter().isPresent();
    if (canChange) {
      current = Optional.empty();
    }
    return canChange;
  }
}
