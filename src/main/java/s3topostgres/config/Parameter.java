package s3topostgres.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import s3topostgres.ErrorCode;
import s3topostgres.LoadException;
import s3topostgres.aws.AwsHttp;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;

/**
 * A parameter of AWS Systems Manager.
 *
 * @param name of the parameter
 * @param setting the variable that holds the name, for messages
 * @see <a
 *     href="https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html">GetParameter</a>
 */
record Parameter(String name, String setting) {

  /**
   * The value, decrypted.
   *
   * @throws LoadException {@code CONFIG_INVALID} when it cannot be read
   */
  String read(AwsHttp aws) {
    AwsHttp.Answer answer = ask(aws);
    Optional<JsonNode> json = json(answer.body());
    if (answer.status() != 200 || json.isEmpty()) {
      String type =
          json.flatMap(error -> error.field("__type")).map(JsonNode::text).orElse("no JSON");
      throw unreadable(
          "AWS answered %s (HTTP %d)"
              .formatted(type.substring(type.indexOf('#') + 1), answer.status()),
          "Check its name and region, and that the function's role may read and decrypt it.");
    }
    return json.flatMap(found -> found.field("Parameter"))
        .flatMap(found -> found.field("Value"))
        .orElseThrow()
        .text();
  }

  private AwsHttp.Answer ask(AwsHttp aws) {
    try {
      return aws.post(
          "ssm",
          Map.of(
              "Content-Type",
              "application/x-amz-json-1.1",
              "X-Amz-Target",
              "AmazonSSM.GetParameter"),
          request());
    } catch (IOException e) {
      throw unreadable(
          "AWS Systems Manager did not answer",
          "Give the function's subnets an interface endpoint for Systems Manager (ssm) that lets the"
              + " function's security group in on port 443, or a NAT gateway.");
    }
  }

  private String request() {
    try (JsonWriter json = JsonWriter.create()) {
      json.writeStartObject();
      json.writeFieldName("Name").writeValue(name);
      json.writeFieldName("WithDecryption").writeValue(true);
      json.writeEndObject();
      return new String(json.getBytes(), StandardCharsets.UTF_8);
    }
  }

  private static Optional<JsonNode> json(byte[] body) {
    try {
      return Optional.of(JsonNode.parser().parse(body));
    } catch (UncheckedIOException e) {
      return Optional.empty();
    }
  }

  private LoadException unreadable(String reason, String whatToDo) {
    return new LoadException(
        ErrorCode.CONFIG_INVALID,
        "the parameter %s (%s) cannot be read: %s".formatted(name, setting, reason),
        whatToDo);
  }
}
