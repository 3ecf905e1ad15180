#!/usr/bin/env bash
# A missing value is NULL if the frame has two columns, and an empty text if it has one.
#
# Versions: pandas 3.1.1 and Python 3.11, Postgres 18.6. Seen on 2026-11-30.
# Expected: na_rep is the "missing data representation", '' by default (https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.to_csv.html), whatever other columns there are.
# What happens: Python's csv module, which pandas uses, quotes an empty field where it is the only one of the row, lest the line be empty. So of the same column None is
#   written as nothing beside another column, and as "" alone. COPY takes nothing for NULL, and "" for an empty text, or for a fault in a number or date.
#   Known at pandas, open: https://github.com/pandas-dev/pandas/issues/59116.
# Whom it hits: tables of one column that is sent: lists of keys, of addresses, of words to block, others having defaults.
# What to do: send the row key as well; or set na_rep and COPY's NULL to the same word.
. "$(dirname "$0")/lib.sh"

python pandas==3.1.1
"$work/python/bin/python" - "$work" <<'PY'
import sys
import pandas
frame = pandas.DataFrame({"id": [1, 2, 3], "note": ["a", None, "c"]})
for name, columns in {"two": ["id", "note"], "one": ["note"]}.items():
    frame[columns].to_csv(f"{sys.argv[1]}/{name}.csv", index=False)
    print(name, repr(frame[columns].to_csv(index=False)))
PY
chmod 644 "$work"/*.csv
postgres 18.6.0
answer=$(sql 18.6.0 <<SQL
CREATE TABLE two (id int, note text)
CREATE TABLE one (note text)
COPY two FROM '$work/two.csv' (FORMAT csv, HEADER)
COPY one FROM '$work/one.csv' (FORMAT csv, HEADER)
COPY (SELECT (SELECT count(*) FROM two WHERE note IS NULL), (SELECT count(*) FROM one WHERE note IS NULL)) TO STDOUT (FORMAT csv)
SQL
)
compare "NULLs of one missing note, sent with the id and without" "1,1" "1,0" "$answer"
finish
