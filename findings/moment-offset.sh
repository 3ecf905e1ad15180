#!/usr/bin/env bash
# Times written by moment and csv-writer (Node) are loaded four days late, or not at all, depending on the season.
#
# Versions: moment 2.31.0, csv-writer 1.6.0, Postgres 13.7 and 18.6. Seen on 2026-11-30.
# Expected: `Wed Jul 01 2026 00:30:00 GMT+0100`, which is what a moment's toString() gives in London in summer, is 23:30 UTC on the day
#   before: https://momentjs.com/docs/#/displaying/as-string/ calls the form similar to that of a JavaScript Date, whose +0100 is an hour ahead of UTC.
# What happens: csv-writer writes a value's toString(). Postgres reads the letters GMT with a number as a POSIX zone, where plus is *west*
#   (https://www.postgresql.org/docs/current/datetime-posix-timezone-specs.html), and the number is one of hours: a hundred hours west. So the
#   row is 101 hours late. Winter in London (GMT+0000) is right. From 0200 on it is more than a week, and refused.
#   So one file can be right in winter and four days wrong in summer; in Berlin it is wrong in winter and refused in summer.
# Whom it hits: columns of type timestamptz. In a column of type timestamp, the zone is dropped, and the clock's time remains.
# What to do: write moment.toISOString().
. "$(dirname "$0")/lib.sh"

npm_install moment@2.31.0 csv-writer@1.6.0
cat >"$work/write.mjs" <<'JS'
import moment from "moment";
import { createObjectCsvStringifier } from "csv-writer";
const writer = createObjectCsvStringifier({ header: ["id", "at"] });
const times = ["2026-02-01T00:30:00", "2026-07-01T00:30:00"].map((time) => moment(time));
process.stdout.write(writer.stringifyRecords(times.map((at, i) => ({ id: i + 1, at }))));
JS
for zone in Europe/London Europe/Berlin; do
  TZ=$zone node "$work/write.mjs" >"$work/${zone#*/}.csv"
done
echo "London:"; cat "$work/London.csv"
echo "Berlin:"; cat "$work/Berlin.csv"

for version in 13.7.0 18.6.0; do
  postgres "$version"
  answer=$(sql "$version" <<SQL
CREATE TABLE london (id int, at timestamptz)
CREATE TABLE berlin (id int, at timestamptz)
COPY london FROM '$work/London.csv' (FORMAT csv)
COPY berlin FROM '$work/Berlin.csv' (FORMAT csv)
COPY london TO STDOUT (FORMAT csv)
SQL
)
  compare "Postgres $version" \
    "1,2026-02-01 00:30:00+00 2,2026-06-30 23:30:00+00, and Berlin without an error" \
    'ERROR:  time zone "gmt+0200" not recognized 1,2026-02-01 00:30:00+00 2,2026-07-05 04:30:00+00' \
    "$(paste -sd ' ' <<<"$answer")"
done
finish
