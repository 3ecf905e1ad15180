package s3topostgres.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.aws.AwsHttp;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;

/**
 * The database's password: the setting itself, or an SSM parameter that is read when it is first
 * needed and kept until the database refuses it. Not for use by two threads.
 */
public final class Password {
  private final AwsHttp aws;
  private final Optional<String> parameter;
  private Optional<Secret> current;

  public Password(DatabaseSettings settings, AwsHttp aws) {
    this.aws = aws;
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
    AwsHttp.Answer answer = ask(name);
    Optional<JsonNode> json = json(answer.body());
    if (answer.status() != 200 || json.isEmpty()) {
      String type =
          json.flatMap(error -> error.field("__type")).map(JsonNode::text).orElse("no JSON");
      throw unreadable(
          name,
          "AWS answered %s (HTTP %d)"
              .formatted(type.substring(type.indexOf('#') + 1), answer.status()));
    }
    return new Secret(
        json.flatMap(found -> found.field("Parameter"))
            .flatMap(found -> found.field("Value"))
            .orElseThrow()
            .text());
  }

  private static Optional<JsonNode> json(byte[] body) {
    try {
      return Optional.of(JsonNode.parser().parse(body));
    } catch (UncheckedIOException e) {
      return Optional.empty();
    }
  }

  private AwsHttp.Answer ask(String name) {
    try {
      return aws.post(
          "ssm",
          Map.of(
              "Content-Type",
              "application/x-amz-json-1.1",
              "X-Amz-Target",
              "AmazonSSM.GetParameter"),
          "{\"Name\":\"%s\",\"WithDecryption\":true}".formatted(name));
    } catch (IOException e) {
      throw unreadable(name, "AWS Systems Manager did not answer");
    }
  }

  private static LoadException unreadable(String name, String reason) {
    return new LoadException(
        ErrorCode.CONFIG_INVALID,
        "the password's parameter %s (DB_PASSWORD_PARAMETER) cannot be read: %s"
            .formatted(name, reason),
        "Check its name and region, that the function's role may read and decrypt it, and that the"
            + " function's subnets reach Systems Manager.");
  }
}
