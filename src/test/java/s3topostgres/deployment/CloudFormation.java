package s3topostgres.deployment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A CloudFormation template with its functions worked out as CloudFormation would do it in one
 * account and region. A reference to a resource stays as text, such as {@code ${LoadLogGroup.Arn}}.
 */
final class CloudFormation {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final Map<String, String> PSEUDO_PARAMETERS =
      Map.of(
          "AWS::Partition", "aws",
          "AWS::Region", "eu-west-2",
          "AWS::AccountId", "123456789012");

  private final JsonNode template;

  private CloudFormation(JsonNode template) {
    this.template = template;
  }

  static CloudFormation read(Path file) {
    try {
      return new CloudFormation(new ObjectMapper().readTree(file.toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Logical id and type of every resource, as {@code "LoadRole AWS::IAM::Role"}. */
  Set<String> resources() {
    Set<String> resources = new TreeSet<>();
    for (String logicalId : logicalIds()) {
      resources.add(logicalId + " " + resource(logicalId).path("Type").asText());
    }
    return resources;
  }

  /** The logical ids of the resources of a type. */
  Set<String> resources(String type) {
    Set<String> ids = logicalIds();
    ids.removeIf(logicalId -> !resource(logicalId).path("Type").asText().equals(type));
    return ids;
  }

  /** The resource's properties; of JSON's kind "missing" when there is no such resource. */
  JsonNode properties(String logicalId) {
    return resolve(resource(logicalId).path("Properties"));
  }

  /** What the deployment says of itself under that name. */
  String output(String name) {
    return resolve(template.path("Outputs").path(name).path("Value")).asText();
  }

  private Set<String> logicalIds() {
    Set<String> ids = new TreeSet<>();
    template.path("Resources").fieldNames().forEachRemaining(ids::add);
    ids.removeIf(logicalId -> resource(logicalId).isMissingNode());
    return ids;
  }

  private JsonNode resource(String logicalId) {
    JsonNode resource = template.path("Resources").path(logicalId);
    boolean left = resource.has("Condition") && !condition(resource.path("Condition").asText());
    return left ? JSON.missingNode() : resource;
  }

  private JsonNode resolve(JsonNode node) {
    if (node.isArray()) {
      ArrayNode array = JSON.arrayNode();
      node.forEach(item -> addUnlessMissing(array, resolve(item)));
      return array;
    }
    if (!node.isObject()) {
      return node;
    }
    if (node.size() == 1) {
      String function = node.fieldNames().next();
      if (function.equals("Condition") && node.get(function).isTextual()) {
        return JSON.booleanNode(condition(node.get(function).asText()));
      }
      if (function.equals("Ref") || function.startsWith("Fn::")) {
        return call(function, node.get(function));
      }
    }
    ObjectNode object = JSON.objectNode();
    node.properties().forEach(e -> setUnlessMissing(object, e.getKey(), resolve(e.getValue())));
    return object;
  }

  private JsonNode call(String function, JsonNode argument) {
    return switch (function) {
      case "Ref" -> ref(argument.asText());
      case "Fn::GetAtt" ->
          JSON.textNode("${" + argument.get(0).asText() + "." + argument.get(1).asText() + "}");
      case "Fn::Sub" ->
          JSON.textNode(argument.isArray() ? subAll(argument) : sub(argument.asText()));
      case "Fn::Join" ->
          JSON.textNode(String.join(argument.get(0).asText(), texts(resolve(argument.get(1)))));
      case "Fn::Split" -> split(argument.get(0).asText(), resolve(argument.get(1)).asText());
      case "Fn::Select" -> resolve(argument.get(1)).get(argument.get(0).asInt());
      case "Fn::Equals" ->
          JSON.booleanNode(resolve(argument.get(0)).equals(resolve(argument.get(1))));
      case "Fn::Not" -> JSON.booleanNode(!resolve(argument.get(0)).asBoolean());
      case "Fn::And" -> JSON.booleanNode(booleans(argument).stream().allMatch(b -> b));
      case "Fn::Or" -> JSON.booleanNode(booleans(argument).stream().anyMatch(b -> b));
      case "Fn::If" -> resolve(argument.get(condition(argument.get(0).asText()) ? 1 : 2));
      default -> throw new IllegalArgumentException("Not a function this class knows: " + function);
    };
  }

  private boolean condition(String name) {
    return resolve(template.path("Conditions").path(name)).asBoolean();
  }

  private List<Boolean> booleans(JsonNode conditions) {
    List<Boolean> results = new ArrayList<>();
    conditions.forEach(item -> results.add(resolve(item).asBoolean()));
    return results;
  }

  private static JsonNode ref(String name) {
    return name.equals("AWS::NoValue") ? JSON.missingNode() : JSON.textNode(sub("${" + name + "}"));
  }

  /** With names of the text's own, and {@code ${!Literal}}. */
  private String subAll(JsonNode argument) {
    String result = sub(argument.get(0).asText());
    for (Map.Entry<String, JsonNode> own : argument.get(1).properties()) {
      result = result.replace("${" + own.getKey() + "}", resolve(own.getValue()).asText());
    }
    return result.replace("${!", "${");
  }

  private static String sub(String text) {
    String result = text;
    for (Map.Entry<String, String> parameter : PSEUDO_PARAMETERS.entrySet()) {
      result = result.replace("${" + parameter.getKey() + "}", parameter.getValue());
    }
    return result;
  }

  private static ArrayNode split(String delimiter, String text) {
    ArrayNode parts = JSON.arrayNode();
    for (String part : text.split(Pattern.quote(delimiter), -1)) {
      parts.add(part);
    }
    return parts;
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(item -> texts.add(item.asText()));
    return texts;
  }

  private static void setUnlessMissing(ObjectNode object, String name, JsonNode value) {
    if (!value.isMissingNode()) {
      object.set(name, value);
    }
  }

  private static void addUnlessMissing(ArrayNode array, JsonNode item) {
    if (!item.isMissingNode()) {
      array.add(item);
    }
  }
}
