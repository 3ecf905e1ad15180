import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.S3Event;
import com.amazonaws.services.lambda.runtime.events.models.s3.S3EventNotification.S3Entity;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import software.amazon.awssdk.services.ssm.SsmClient;

/** The load as one would write it first: every default, everything in the call, no checks. */
public final class NaiveHandler implements RequestHandler<S3Event, String> {
  @Override
  public String handleRequest(S3Event event, Context context) {
    S3Entity s3 = event.getRecords().get(0).getS3();
    String table = System.getenv("DB_TABLE_NAME");
    try (SsmClient ssm = SsmClient.create();
        Connection connection =
            DriverManager.getConnection(
                "jdbc:postgresql://%s:%s/%s?sslmode=verify-full&sslrootcert=%s"
                    .formatted(
                        System.getenv("DB_HOST"),
                        System.getenv("DB_PORT"),
                        System.getenv("DB_DATABASE"),
                        System.getenv("CA_FILE")),
                System.getenv("DB_USERNAME"),
                ssm.getParameter(
                        r -> r.name(System.getenv("DB_PASSWORD_PARAMETER")).withDecryption(true))
                    .parameter()
                    .value());
        Statement truncate = connection.createStatement();
        PreparedStatement load =
            connection.prepareStatement(
                "SELECT aws_s3.table_import_from_s3(?, '', '(FORMAT csv, HEADER true)', ?, ?, ?)")) {
      connection.setAutoCommit(false);
      truncate.execute("TRUNCATE TABLE " + table);
      load.setString(1, table);
      load.setString(2, s3.getBucket().getName());
      load.setString(3, s3.getObject().getUrlDecodedKey());
      load.setString(4, System.getenv("AWS_REGION"));
      load.execute();
      connection.commit();
      return "loaded";
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
