#!/usr/bin/env bash
# Behind PgBouncer, a Java program reads 03/02/2026 as the pool's last client would have: in February, after one that has set DMY.
#
# Versions: PgBouncer 1.18.0 (Debian 12), pgjdbc 42.7.14, Postgres 18.6. Seen on 2026-12-01.
# Expected: a client's dates do not depend on other clients. Unlike other settings, PgBouncer tracks DateStyle for each client, and restores it in the server whenever the
#   client becomes active (https://www.pgbouncer.org/config.html, "track_extra_parameters"). And the order is the one that it is without PgBouncer.
# What happens: pgjdbc logs in with DateStyle=ISO, without an order, so that the server's own stays (https://github.com/pgjdbc/pgjdbc/issues/3008). PgBouncer says so to the
#   connection that it has at hand: SET DateStyle='ISO', which leaves the order alone, too. But that connection's order is its last client's. And if the order is set by
#   ALTER DATABASE or ALTER ROLE, the driver's login overrides it, while PgBouncer's own does not: the same program reads MDY directly and DMY through PgBouncer.
#   With pool_mode = session nothing is left of the last client, because DISCARD ALL comes in between; the second difference remains.
# Whom it hits: pool_mode = transaction, and dates such as 03/02/2026 in COPY or in texts that are cast. Both readings are valid dates, so nothing fails.
# What to do: write ISO dates, or begin each transaction that reads others with SET LOCAL DateStyle = 'ISO, DMY' (or MDY).
. "$(dirname "$0")/lib.sh"

maven "$work/lib" org.postgresql:postgresql:42.7.14
postgres 18.6.0
serve 18.6.0
server=$port
(cd "$work" && chmod 777 . && apt-get download -q pgbouncer=1.18.0-1+deb12u1 libevent-2.1-7 libc-ares2 && for package in *.deb; do dpkg -x "$package" .; done) >"$work/apt.log" 2>&1 ||
  { cat "$work/apt.log"; exit 1; }
export LD_LIBRARY_PATH=$work/usr/lib/x86_64-linux-gnu

# pooler MODE: starts PgBouncer with one connection for all clients, at $pool.
pooler() {
  free_port
  pool=$port
  cat >"$work/$1.ini" <<INI
[databases]
* = host=127.0.0.1 port=$server user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pool
unix_socket_dir =
auth_type = any
pool_mode = $1
default_pool_size = 1
INI
  "${as_postgres[@]}" "$work/usr/sbin/pgbouncer" -q "$work/$1.ini" >>"$work/log" 2>&1 &
  started+=($!)
}

cat >"$work/Client.java" <<'JAVA'
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Runs a statement, if it is given one; otherwise loads a date. */
class Client {
  public static void main(String[] args) throws Exception {
    try (Connection connection = connect(args[0]);
        Statement statement = connection.createStatement()) {
      if (args.length > 1) {
        statement.execute(args[1]);
        return;
      }
      connection.setAutoCommit(false);
      statement.execute("CREATE TEMP TABLE t (sold date) ON COMMIT DROP");
      connection
          .unwrap(org.postgresql.PGConnection.class)
          .getCopyAPI()
          .copyIn("COPY t FROM STDIN (FORMAT csv)", new java.io.StringReader("03/02/2026\n"));
      try (ResultSet sold = statement.executeQuery("SELECT to_char(sold, 'YYYY-MM-DD') FROM t")) {
        sold.next();
        System.out.println(sold.getString(1));
      }
      connection.commit();
    }
  }

  static Connection connect(String port) throws Exception {
    for (int attempt = 0; ; attempt++) {
      try {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/postgres?prepareThreshold=0", "postgres", "");
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
client() { java -cp "$work/lib/*" "$work/Client.java" "$@"; }

compare "directly" 2026-03-02 2026-03-02 "$(client "$server")"
for mode in transaction session; do
  pooler "$mode"
  compare "pool_mode = $mode" 2026-03-02 2026-03-02 "$(client "$pool")"
  client "$pool" "SET DateStyle = 'ISO, DMY'"
  recorded=2026-03-02
  if [ "$mode" = transaction ]; then recorded=2026-02-03; fi
  compare "pool_mode = $mode, after a client that has set DMY" 2026-03-02 "$recorded" "$(client "$pool")"
done

client "$server" "ALTER DATABASE postgres SET datestyle = 'ISO, DMY'"
compare "directly, with ALTER DATABASE ... SET datestyle = 'ISO, DMY'" 2026-02-03 2026-03-02 "$(client "$server")"
kill "${started[-1]}"
wait "${started[-1]}" || true
pooler session
compare "pool_mode = session, with the same" 2026-02-03 2026-02-03 "$(client "$pool")"
finish
