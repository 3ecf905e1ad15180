#!/usr/bin/env bash
# One CSV file, one Postgres 18, two machines that load it: 14 hours of difference. Up to Postgres 17, both are wrong alike.
#
# Versions: Postgres 17.11 and 18.6, pgjdbc 42.7.14, any Java. Seen on 2026-11-30.
# Expected: `Thu Jan 01 08:00:00 CST 2026`, which is java.util.Date's toString() in Shanghai, is 00:00 UTC, or is refused as ambiguous. In any case it does not depend on
#   who loads it.
# What happens: Postgres reads the whole form. Its table of abbreviations has CST as Chicago's (UTC-6), so it is 14:00 UTC. Since Postgres 18, the abbreviations of the
#   session's TimeZone come first (https://www.postgresql.org/docs/18/release-18.html, "time zone abbreviation handling"): right in Asia/Shanghai, Chicago's
#   elsewhere. And the session's TimeZone is not the server's: pgjdbc sets it to the JVM's at every connection, which overrides what ALTER DATABASE or ALTER ROLE
#   say. So a laptop in Shanghai and a function in the cloud, whose JVM is in UTC, load other times from the same file. IST (India, Israel, Ireland) does the same.
# Whom it hits: timestamptz columns fed by Java's Date.toString(), by `date` of Unix, by logs.
# What to do: write offsets (2026-01-01T08:00:00+08:00), or SET TimeZone in the loading session and test on the version that loads.
. "$(dirname "$0")/lib.sh"

maven "$work/lib" org.postgresql:postgresql:42.7.14
cat >"$work/Load.java" <<'JAVA'
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Date;
import java.util.TimeZone;

class Load {
  public static void main(String[] args) throws Exception {
    TimeZone.setDefault(TimeZone.getTimeZone("Asia/Shanghai"));
    String written = new Date(1767225600000L).toString();
    TimeZone.setDefault(TimeZone.getTimeZone(args[1]));
    try (Connection connection = connect(args[0]);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TEMP TABLE t (at timestamptz)");
      connection
          .unwrap(org.postgresql.PGConnection.class)
          .getCopyAPI()
          .copyIn("COPY t FROM STDIN (FORMAT csv)", new java.io.StringReader(written + "\n"));
      try (ResultSet at = statement.executeQuery("SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM t")) {
        at.next();
        System.out.println(written + " = " + at.getString(1) + " UTC");
      }
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
}
JAVA
for version in 17.11.0 18.6.0; do
  postgres "$version"
  serve "$version"
  for zone in UTC Asia/Shanghai; do
    recorded="2026-01-01 14:00"
    if [ "$version $zone" = "18.6.0 Asia/Shanghai" ]; then recorded="2026-01-01 00:00"; fi
    compare "Postgres $version, the loading JVM in $zone" "Thu Jan 01 08:00:00 CST 2026 = 2026-01-01 00:00 UTC" \
      "Thu Jan 01 08:00:00 CST 2026 = $recorded UTC" "$(java -cp "$work/lib/*" "$work/Load.java" "$port" "$zone")"
  done
done
finish
