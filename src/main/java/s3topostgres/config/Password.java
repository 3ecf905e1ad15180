package s3topostgres.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.time.Duration;
import java.util.Optional;
import s3topostgres.ErrorCode;
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
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

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
   *     cannot be read; {@code CONFIG_INVALID} when it is a JSON object without the password
   */
  public Secret get(Duration limit) {
    if (settings.login() == DatabaseSettings.Login.IAM) {
      return token();
    }
    if (current.isEmpty()) {
      String name = settings.passwordParameter().orElseThrow();
      String value = parameters.read(name, "DB_PASSWORD_PARAMETER", limit);
      current = Optional.of(new Secret(inJson(value, name).orElse(value)));
    }
    return current.get();
  }

  /**
   * Reads the password from a JSON object, as RDS and rotation functions write it; empty where the
   * value is none.
   *
   * @see <a
   *     href="https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html">JSON
   *     structure of secrets</a>
   */
  private static Optional<String> inJson(String value, String name) {
    JsonNode json;
    try {
      json = JSON.readTree(value);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
    if (!json.isObject()) {
      return Optional.empty();
    }
    if (!json.path("password").isTextual()) {
      throw ErrorCode.CONFIG_INVALID.failure(
          "the parameter %s (DB_PASSWORD_PARAMETER) is a JSON object without a text \"password\""
              .formatted(name),
          "Store the password alone, or an object that has it under that name.");
    }
    return Optional.of(json.path("password").textValue());
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
