import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.InputStream;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** The statements of a load alone, in Lambda's runtime, for nothing can be faster there. */
public final class BareHandler implements RequestStreamHandler {
  @Override
  public void handleRequest(InputStream event, OutputStream answer, Context context) {
    try (Connection connection =
            DriverManager.getConnection(
                "jdbc:postgresql://%s:%s/%s?sslmode=verify-full&sslrootcert=%s"
                    .formatted(
                        System.getenv("DB_HOST"),
                        System.getenv("DB_PORT"),
                        System.getenv("DB_DATABASE"),
                        System.getenv("CA_FILE")),
                System.getenv("DB_USERNAME"),
                System.getenv("DB_PASSWORD"));
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute("TRUNCATE TABLE " + System.getenv("DB_TABLE_NAME"));
      statement.execute(System.getenv("IMPORT"));
      connection.commit();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
