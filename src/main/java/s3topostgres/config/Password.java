package s3topostgres.config;

import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.SsmException;

/**
 * The database's password: the setting itself, or an SSM parameter that is read when it is first
 * needed and kept until the database refuses it. Not for use by two threads.
 */
public final class Password {
  private final Optional<String> parameter;
  private Optional<Secret> current;

  public Password(DatabaseSettings settings) {
    this.parameter = settings.passwordParameter();
    this.current = settings.password();
  }

  /**
   * The password as far as it is known here.
   *
   * @throws LoadException {@code CONFIG_INVALID} when the parameter cannot be read
   */
  public Secret get() {
    Secret password = current.orElseGet(this::read);
    current = Optional.of(password);
    return password;
  }

  /**
   * Forgets a password that the database refused.
   *
   * @return whether reading it anew can give another one
   */
  public boolean forget() {
    if (parameter.isPresent()) {
      current = Optional.empty();
    }
    return parameter.isPresent();
  }

  private Secret read() {
    String name = parameter.orElseThrow();
    try (SsmClient ssm =
        SsmClient.builder().httpClientBuilder(UrlConnectionHttpClient.builder()).build()) {
      return new Secret(
          ssm.getParameter(request -> request.name(name).withDecryption(true)).parameter().value());
    } catch (SdkException e) {
      throw new LoadException(
          ErrorCode.CONFIG_INVALID,
          "the password's parameter %s (DB_PASSWORD_PARAMETER) cannot be read: %s"
              .formatted(name, reason(e)),
          "Check its name and region, that the function's role may read and decrypt it, and that the"
              + " function's subnets reach Systems Manager.");
    }
  }

  private static String reason(SdkException e) {
    return e instanceof SsmException refused
        ? "AWS answered %s (HTTP %d)"
            .formatted(refused.awsErrorDetails().errorCode(), refused.statusCode())
        : "AWS Systems Manager did not answer";
  }
}
