#!/usr/bin/env bash
# A download that breaks off is loaded and committed as if it were whole, by the stream that pgjdbc offers for COPY.
#
# Versions: pgjdbc 42.7.14, Postgres 18.6. Seen on 2026-11-30.
# Expected: try (var copy = new PGCopyOutputStream(connection, "COPY t FROM STDIN ...")) { download.transferTo(copy); } is how Java writes to any stream. If the
#   download fails, the exception leaves the block, and as COPY is one statement, none of its rows is there. CopyManager.copyIn of the same driver does that:
#   it sends CopyFail (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY). So does psycopg's `with cursor.copy(...)`.
# What happens: close() ends the COPY as a success (https://jdbc.postgresql.org/documentation/publicapi/org/postgresql/copy/PGCopyOutputStream.html does not
#   say so). The rows that had arrived are there; with auto-commit, they are committed. The exception tells the caller that it failed, and a retry doubles them.
#   https://github.com/pgjdbc/pgjdbc/pull/1387 (closed) found close() and endCopy() of this class odd for other reasons.
# Whom it hits: programs that stream an object of S3 into COPY in this way. One that cuts inside of a row fails loudly more often than not; a cut between two
#   rows, or in a last text column, does not.
# What to do: CopyManager.copyIn with the InputStream; or catch, cancelCopy(), rethrow; and a transaction that is rolled back.
. "$(dirname "$0")/lib.sh"

maven "$work/lib" org.postgresql:postgresql:42.7.14
postgres 18.6.0
serve 18.6.0

cat >"$work/BrokenDownload.java" <<'JAVA'
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyOutputStream;

class BrokenDownload {
  static final String COPY = "COPY t FROM STDIN (FORMAT csv)";

  /** Six of the file's rows, then the connection is reset. */
  static InputStream download() {
    return new SequenceInputStream(
        new ByteArrayInputStream("1,a\n2,b\n3,c\n4,d\n5,e\n6,f\n".getBytes()),
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("Connection reset");
          }
        });
  }

  public static void main(String[] args) throws Exception {
    try (Connection connection = connect(args[0])) {
      PGConnection postgres = connection.unwrap(PGConnection.class);
      connection.createStatement().execute("CREATE TABLE t (id int, name text)");
      try (OutputStream copy = new PGCopyOutputStream(postgres, COPY)) {
        download().transferTo(copy);
      } catch (IOException expected) {
        System.out.print(expected.getMessage());
      }
      System.out.println(", rows: " + count(connection));
      connection.createStatement().execute("TRUNCATE t");
      try {
        postgres.getCopyAPI().copyIn(COPY, download());
      } catch (IOException expected) {
        System.out.print(expected.getMessage());
      }
      System.out.println(", rows: " + count(connection));
    }
  }

  static Connection connect(String port) throws Exception {
    for (int attempt = 0; ; attempt++) {
      try {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/postgres", "postgres", "");
      } catch (SQLException starting) {
        if (attempt == 100) {
          throw starting;
        }
        Thread.sleep(200);
      }
    }
  }

  static int count(Connection connection) throws SQLException {
    try (ResultSet result = connection.createStatement().executeQuery("SELECT count(*) FROM t")) {
      result.next();
      return result.getInt(1);
    }
  }
}
JAVA
answer=$(java -cp "$work/lib/*" "$work/BrokenDownload.java" "$port")
compare "PGCopyOutputStream in a try-with-resources" "Connection reset, rows: 0" "Connection reset, rows: 6" "$(sed -n 1p <<<"$answer")"
compare "CopyManager.copyIn" "Connection reset, rows: 0" "Connection reset, rows: 0" "$(sed -n 2p <<<"$answer")"
finish
