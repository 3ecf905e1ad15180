package s3topostgres.deploy;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;
import s3topostgres.aws.AwsHttp;

/**
 * The three things that RDS is asked here.
 *
 * @see <a href="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/Welcome.html">RDS's Query
 *     API</a>
 */
final class RdsApi {
  /** What a role is associated for, in RDS's words. */
  static final String FEATURE = "s3Import";

  private static final String VERSION = "2014-10-31";

  private final AwsHttp aws;

  /**
   * A database's state.
   *
   * @param status such as {@code available}
   * @param cluster that an instance belongs to
   */
  record State(String status, Optional<String> cluster, List<AssociatedRole> roles) {
    /** The role that the feature is associated with; RDS allows one. */
    Optional<AssociatedRole> importRole() {
      return roles.stream().filter(role -> role.feature().equals(FEATURE)).findFirst();
    }
  }

  /**
   * @param status {@code ACTIVE}, {@code PENDING} or {@code INVALID}
   * @see <a
   *     href="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceRole.html">DBInstanceRole</a>
   */
  record AssociatedRole(String arn, String feature, String status) {}

  RdsApi(AwsHttp aws) {
    this.aws = aws;
  }

  /**
   * @throws RdsException when RDS says no
   * @throws IOException when it does not answer
   */
  State describe(RdsDatabase database) throws IOException {
    String type = database.kind().type();
    Document answer = call("Describe%ss".formatted(type), database, Map.of());
    List<AssociatedRole> roles = new ArrayList<>();
    NodeList elements = answer.getElementsByTagName(type + "Role");
    for (int i = 0; i < elements.getLength(); i++) {
      Element role = (Element) elements.item(i);
      roles.add(
          new AssociatedRole(
              text(role, "RoleArn").orElse(""),
              text(role, "FeatureName").orElse(""),
              text(role, "Status").orElse("")));
    }
    Element root = answer.getDocumentElement();
    return database.kind() == RdsDatabase.Kind.INSTANCE
        ? new State(
            text(root, "DBInstanceStatus").orElse(""), text(root, "DBClusterIdentifier"), roles)
        : new State(clusterStatus(root), Optional.empty(), roles);
  }

  /**
   * Begins to associate the role; {@link #describe} tells when that is done.
   *
   * @throws RdsException when RDS says no
   * @throws IOException when it does not answer
   */
  void addRole(RdsDatabase database, String role) throws IOException {
    call("AddRoleTo" + database.kind().type(), database, forImport(role));
  }

  /**
   * Begins to take the role off.
   *
   * @throws RdsException when RDS says no
   * @throws IOException when it does not answer
   */
  void removeRole(RdsDatabase database, String role) throws IOException {
    call("RemoveRoleFrom" + database.kind().type(), database, forImport(role));
  }

  private static Map<String, String> forImport(String role) {
    return Map.of("RoleArn", role, "FeatureName", FEATURE);
  }

  private Document call(String action, RdsDatabase database, Map<String, String> more)
      throws IOException {
    Map<String, String> parameters = new TreeMap<>(more);
    parameters.put("Action", action);
    parameters.put("Version", VERSION);
    parameters.put(database.kind().type() + "Identifier", database.identifier());
    String form =
        parameters.entrySet().stream()
            .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), UTF_8))
            .collect(Collectors.joining("&"));
    AwsHttp.Answer answer =
        aws.post("rds", Map.of("Content-Type", "application/x-www-form-urlencoded"), form);
    Document document = parse(answer);
    if (answer.status() != 200) {
      Element root = document.getDocumentElement();
      throw new RdsException(
          answer.status(),
          text(root, "Code").orElse("HTTP " + answer.status()),
          text(root, "Message").orElse(""));
    }
    return document;
  }

  private static Document parse(AwsHttp.Answer answer) throws IOException {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      DocumentBuilder parser = factory.newDocumentBuilder();
      parser.setErrorHandler(null); // Or it prints what is thrown here.
      return parser.parse(new ByteArrayInputStream(answer.body()));
    } catch (SAXException e) {
      throw new IOException("HTTP %d without XML".formatted(answer.status()), e);
    } catch (ParserConfigurationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Members and roles of a cluster have elements of that name too, deeper down. */
  private static String clusterStatus(Element root) {
    NodeList clusters = root.getElementsByTagName("DBCluster");
    for (int i = 0; i < clusters.getLength(); i++) {
      NodeList children = clusters.item(i).getChildNodes();
      for (int j = 0; j < children.getLength(); j++) {
        if (children.item(j).getNodeName().equals("Status")) {
          return children.item(j).getTextContent();
        }
      }
    }
    return "";
  }

  private static Optional<String> text(Element parent, String name) {
    NodeList elements = parent.getElementsByTagName(name);
    return elements.getLength() == 0
        ? Optional.empty()
        : Optional.of(elements.item(0).getTextContent()).filter(text -> !text.isEmpty());
  }
}
