package s3topostgres.config;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The settings of the connection to the database.
 *
 * @param login how the user is authenticated
 * @param password the password itself; with {@link Login#PASSWORD}, exactly one of {@code password}
 *     and {@code passwordParameter} is present, with {@link Login#IAM} neither
 * @param passwordParameter the name of the SSM parameter that holds the password
 * @param sslMode {@code disable}, {@code require}, {@code verify-ca} or {@code verify-full}, as in
 *     <a href="https://www.postgresql.org/docs/current/libpq-ssl.html">libpq</a>
 * @param caCertificate a file or SSM parameter with the certificate authorities to trust; see
 *     {@link CaCertificate}
 */
public record DatabaseSettings(
    String host,
    int port,
    String database,
    String username,
    Login login,
    Optional<Secret> password,
    Optional<String> passwordParameter,
    String sslMode,
    Optional<String> caCertificate) {

  /** How the user is authenticated. */
  public enum Login {
    /** With a password. */
    PASSWORD,
    /** With a token of AWS IAM, created for each connection. */
    IAM
  }

  static DatabaseSettings read(Environment environment) {
    DatabaseSettings settings =
        new DatabaseSettings(
            environment.required("DB_HOST"),
            environment.integer("DB_PORT", 5432, 1, 65535),
            environment.required("DB_DATABASE"),
            environment.required("DB_USERNAME"),
            Login.valueOf(
                environment.choice("DB_AUTH", List.of("password", "iam")).toUpperCase(Locale.ROOT)),
            environment.optional("DB_PASSWORD").map(Secret::new),
            environment.optional("DB_PASSWORD_PARAMETER"),
            environment.choice(
                "DB_SSL_MODE", List.of("verify-full", "verify-ca", "require", "disable")),
            environment.optional("DB_CA_CERTIFICATE"));
    settings.checkLogin(environment);
    settings.checkTls(environment);
    return settings;
  }

  private void checkLogin(Environment environment) {
    if (login == Login.IAM && (password.isPresent() || passwordParameter.isPresent())) {
      environment.problem(
          "DB_AUTH is iam, which takes the place of DB_PASSWORD_PARAMETER and DB_PASSWORD");
    }
    if (login == Login.PASSWORD && password.isPresent() == passwordParameter.isPresent()) {
      environment.problem(
          "set exactly one of DB_PASSWORD_PARAMETER (an SSM parameter's name) and DB_PASSWORD");
    }
  }

  private void checkTls(Environment environment) {
    if (login == Login.IAM && sslMode.equals("disable")) {
      environment.problem("DB_AUTH is iam, which needs TLS, but DB_SSL_MODE is disable");
    }
    if (caCertificate.isPresent() && !verifiesCertificate()) {
      environment.problem(
          "DB_CA_CERTIFICATE is set, but with DB_SSL_MODE=%s no certificate is checked"
              .formatted(sslMode));
    }
  }

  /** Whether the password or the certificate authorities are kept in Systems Manager. */
  public boolean usesParameters() {
    return passwordParameter.isPresent()
        || caCertificate.filter(setting -> !CaCertificate.isFile(setting)).isPresent();
  }

  /** Whether the authority that issued the database's certificate is checked. */
  public boolean verifiesCertificate() {
    return sslMode.startsWith("verify");
  }
}
