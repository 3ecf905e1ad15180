#!/usr/bin/env bash
# Node's csv-stringify writes false as nothing, which COPY loads as NULL: `WHERE NOT active` finds nobody.
#
# Versions: csv-stringify 6.9.0, Postgres 18.6. Seen on 2026-11-30.
# Expected: true and false are written so that they can be told from a missing value. https://csv.js.org/stringify/options/cast/ has functions to change how
#   booleans are written, and does not say how they are without.
# What happens: true is 1, which Postgres knows; false is nothing, as null and undefined are. The column takes it, unless it is NOT NULL. It is meant so:
#   https://github.com/adaltas/node-csv/issues/439 (closed). PHP's writers do the same for another reason (https://github.com/openspout/openspout/issues/133).
# Whom it hits: boolean columns without NOT NULL, which a test with the value true does not notice.
# What to do: stringify(rows, { cast: { boolean: String } }); NOT NULL.
. "$(dirname "$0")/lib.sh"

npm_install csv-stringify@6.9.0
cat >"$work/write.mjs" <<'JS'
import { stringify } from "csv-stringify/sync";
const people = [{ id: 1, active: true }, { id: 2, active: false }, { id: 3, active: null }];
process.stdout.write(stringify(people, { header: true }));
JS
node "$work/write.mjs" >"$work/people.csv"
cat "$work/people.csv"
postgres 18.6.0
answer=$(sql 18.6.0 <<SQL
CREATE TABLE people (id int, active boolean)
COPY people FROM '$work/people.csv' (FORMAT csv, HEADER)
COPY (SELECT id, coalesce(active::text, 'NULL') FROM people) TO STDOUT (FORMAT csv)
SQL
)
compare "the rows" "1,true 2,false 3,NULL" "1,true 2,NULL 3,NULL" "$(paste -sd ' ' <<<"$answer")"
finish
