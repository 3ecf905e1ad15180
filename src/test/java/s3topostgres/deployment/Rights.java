package s3topostgres.deployment;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Who may do what, by all policies of a template, one line a statement. */
final class Rights {
  private static final Set<String> PARTS =
      Set.of("Sid", "Effect", "Action", "Resource", "Principal", "Condition");

  private final CloudFormation template;
  private final Set<String> lines = new TreeSet<>();

  private Rights(CloudFormation template) {
    this.template = template;
  }

  /** As {@code LoadRole: Allow [s3:GetObject] on [arn:...]}, with {@code to} and {@code if}. */
  static Set<String> of(CloudFormation template) {
    Rights rights = new Rights(template);
    for (String role : template.resources("AWS::IAM::Role")) {
      JsonNode properties = template.properties(role);
      rights.add(role + " trust", properties.path("AssumeRolePolicyDocument"));
      properties.path("Policies").forEach(p -> rights.add(role, p.path("PolicyDocument")));
      properties.path("ManagedPolicyArns").forEach(p -> rights.lines.add(role + ": " + p));
    }
    rights.addAll("AWS::IAM::RolePolicy", "PolicyDocument");
    rights.addAll("AWS::KMS::Key", "KeyPolicy");
    rights.addAll("AWS::SNS::TopicPolicy", "PolicyDocument");
    rights.addAll("AWS::S3::BucketPolicy", "PolicyDocument");
    return rights.lines;
  }

  private void addAll(String type, String property) {
    for (String id : template.resources(type)) {
      add(id, template.properties(id).path(property));
    }
  }

  private void add(String owner, JsonNode document) {
    for (JsonNode statement : document.path("Statement")) {
      for (Iterator<String> names = statement.fieldNames(); names.hasNext(); ) {
        String name = names.next();
        if (!PARTS.contains(name)) {
          throw new IllegalArgumentException(owner + " has a statement with " + name);
        }
      }
      lines.add(
          "%s: %s %s%s%s%s"
              .formatted(
                  owner,
                  statement.path("Effect").asText(),
                  texts(statement.path("Action")),
                  statement.has("Resource") ? " on " + texts(statement.path("Resource")) : "",
                  statement.has("Principal") ? " to " + statement.path("Principal") : "",
                  statement.has("Condition") ? " if " + statement.path("Condition") : ""));
    }
  }

  private static List<String> texts(JsonNode oneOrMany) {
    Set<String> texts = new TreeSet<>();
    if (oneOrMany.isTextual()) {
      texts.add(oneOrMany.asText());
    }
    oneOrMany.forEach(text -> texts.add(text.asText()));
    return List.copyOf(texts);
  }

  /** The principals of a template's policies that are everybody, unless they are refused. */
  static Set<String> ofEverybody(CloudFormation template) {
    Set<String> open = new TreeSet<>(of(template));
    open.removeIf(
        line ->
            line.contains(": Deny ")
                || !line.contains(" to \"*\"") && !line.contains(" to {\"AWS\":\"*\"}"));
    return open;
  }
}
