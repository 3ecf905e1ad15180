#!/usr/bin/env bash
# 1.5 seconds, written by pyarrow, become 25 minutes in Postgres, or 47 years: the file does not say in what unit a duration is.
#
# Versions: pyarrow 26.0.1, Postgres 18.6. Seen on 2026-11-30.
# Expected: a CSV file holds a duration with its unit, as pandas writes it ("0 days 00:00:01.500000"), or the writer refuses, as Polars does
#   ("datatype duration[μs] cannot be written to CSV", https://github.com/pola-rs/polars/issues/19971).
# What happens: pyarrow.csv.write_csv writes the number of the column's own unit, unquoted and without a unit, and the page does not mention it
#   (https://arrow.apache.org/docs/python/generated/pyarrow.csv.write_csv.html). Postgres takes a number without a unit in an interval for seconds
#   (https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-INTERVAL-INPUT). So columns in s are right, and those in ms, us and ns, which is
#   what pandas and datetime.timedelta give, are longer by a factor of a thousand, a million or a milliard. pyarrow itself reads it back right, given a
#   schema, since https://github.com/apache/arrow/pull/46035.
# Whom it hits: interval columns; also integer columns of seconds, where nothing can tell at all.
# What to do: write seconds, pc.divide(lap.cast("int64"), 1000.0) for ms; a cast to duration('s') fails, or drops the fraction.
. "$(dirname "$0")/lib.sh"

python pyarrow==26.0.1
for unit in ms us ns; do
  "$work/python/bin/python" - "$work/$unit.csv" "$unit" <<'PY'
import datetime, sys
import pyarrow as pa
from pyarrow import csv
lap = pa.array([datetime.timedelta(seconds=1.5)], pa.duration(sys.argv[2]))
csv.write_csv(pa.table({"lap": lap}), sys.argv[1])
PY
  echo "duration('$unit'): $(paste -sd ' ' "$work/$unit.csv")"
done
chmod 644 "$work"/*.csv
postgres 18.6.0
answer=$(sql 18.6.0 <<SQL
CREATE TABLE t (lap interval)
COPY t FROM '$work/ms.csv' (FORMAT csv, HEADER)
COPY t FROM '$work/us.csv' (FORMAT csv, HEADER)
COPY t FROM '$work/ns.csv' (FORMAT csv, HEADER)
COPY t TO STDOUT (FORMAT csv)
SQL
)
compare "1.5 seconds in ms, us and ns" "00:00:01.5 00:00:01.5 00:00:01.5" "00:25:00 416:40:00 416666:40:00" "$(paste -sd ' ' <<<"$answer")"
finish
