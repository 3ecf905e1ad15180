package s3topostgres.config;

import java.util.Optional;
import s3topostgres.LoadException;
import s3topostgres.aws.AwsHttp;

/**
 * What proves to the database that it is us: the password's setting itself, an SSM parameter that
 * is read when it is first needed and kept until the database refuses it, or a token of IAM that is
 * made anew each time. Not for use by two threads.
 */
public final class Password {
  private final DatabaseSettings settings;
  private final AwsHttp aws;
  private Optional<Secret> current;

  public Password(DatabaseSettings settings, AwsHttp aws) {
    this.settings = settings;
    this.aws = aws;
    this.current = settings.password();
  }

  /**
   * The password as far as it is known here.
   *
   * @throws LoadException {@code CONFIG_INVALID} when the parameter cannot be read
   */
  public Secret get() {
    if (settings.login() == DatabaseSettings.Login.IAM) {
      return IamToken.make(settings.host(), settings.port(), settings.username(), aws);
    }
    if (current.isEmpty()) {
      String name = settings.passwordParameter().orElseThrow();
      current = Optional.of(new Secret(new Parameter(name, "DB_PASSWORD_PARAMETER").read(aws)));
    }
    return current.get();
  }

  /**
   * Forgets a password that the database refused, or that must not be kept.
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
