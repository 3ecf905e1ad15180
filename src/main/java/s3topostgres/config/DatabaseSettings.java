package s3topostgres.config;

import java.util.List;
import java.util.Optional;

/**
 * Where the database is and who we are there.
 *
 * @param password the password itself; exactly one of it and {@code passwordParameter} is present
 * @param passwordParameter the name of the SSM parameter that holds the password
 * @param sslMode {@code disable}, {@code require}, {@code verify-ca} or {@code verify-full}, as in
 *     <a href="https://www.postgresql.org/docs/current/libpq-ssl.html">libpq</a>
 */
public record DatabaseSettings(
    String host,
    int port,
    String database,
    String username,
    Optional<Secret> password,
    Optional<String> passwordParameter,
    String sslMode) {

  static DatabaseSettings read(Environment environment) {
    Optional<Secret> password = environment.optional("DB_PASSWORD").map(Secret::new);
    Optional<String> parameter = environment.optional("DB_PASSWORD_PARAMETER");
    if (password.isPresent() == parameter.isPresent()) {
      environment.problem(
          "set exactly one of DB_PASSWORD_PARAMETER (an SSM parameter's name) and DB_PASSWORD");
    }
    return new DatabaseSettings(
        environment.required("DB_HOST"),
        environment.integer("DB_PORT", 5432, 1, 65535),
        environment.required("DB_DATABASE"),
        environment.required("DB_USERNAME"),
        password,
        parameter,
        environment.choice(
            "DB_SSL_MODE", List.of("verify-full", "verify-ca", "require", "disable")));
  }
}
