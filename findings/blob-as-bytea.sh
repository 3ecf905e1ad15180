#!/usr/bin/env bash
# Three bytes exported by DuckDB become two others in Postgres.
#
# Versions: DuckDB 2.0.1, Postgres 18.6. Seen on 2026-11-30.
# Expected: DuckDB writes a BLOB's bytes that are not printable as \xHH, each with its own \x (https://duckdb.org/docs/stable/sql/data_types/blob). Postgres
#   reads a bytea that begins with \x as hexadecimal digits only (https://www.postgresql.org/docs/current/datatype-binary.html), so such a value is refused.
# What happens: it is refused only where one of the other bytes is no hexadecimal digit, or their number is odd. The bytes 00 41 42 are written as \x00AB,
#   and loaded as 00 AB. A single byte such as \xDE is right by chance; so is printable text. So whether a file is right, refused or silently wrong
#   depends on its values: short binary codes and counters before two, four or six letters or digits are the ones that change.
# Whom it hits: bytea columns loaded from DuckDB's COPY ... TO, whatever client runs it.
# What to do: COPY (SELECT '\x' || hex(b) ...) TO.
. "$(dirname "$0")/lib.sh"

python duckdb==2.0.1
"$work/python/bin/python" - "$work/blob.csv" <<'PY'
import duckdb, sys
duckdb.sql(f"""COPY (SELECT * FROM (VALUES (1, '\\x00\\x41\\x42'::BLOB), (2, '\\x01\\x32\\x30\\x32\\x36'::BLOB), (3, '\\xDE'::BLOB), (4, 'AB'::BLOB))
  AS t(id, code)) TO '{sys.argv[1]}' (HEADER)""")
print(duckdb.sql(f"SELECT hex('\\x00\\x41\\x42'::BLOB), hex('\\x01\\x32\\x30\\x32\\x36'::BLOB)").fetchall())
PY
cat "$work/blob.csv"
chmod 644 "$work/blob.csv"
postgres 18.6.0
answer=$(sql 18.6.0 <<SQL
CREATE TABLE t (id int, code bytea)
COPY t FROM '$work/blob.csv' (FORMAT csv, HEADER)
COPY (SELECT id, encode(code, 'hex') FROM t) TO STDOUT (FORMAT csv)
SQL
)
compare "the bytes that arrive" "1,004142 2,0132303236 3,de 4,4142, or an error" "1,00ab 2,012026 3,de 4,4142" "$(paste -sd ' ' <<<"$answer")"
finish
