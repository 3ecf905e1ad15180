#!/usr/bin/env bash
# Asks the real aws_s3 what it does, and prints the answers as a table to paste into an issue.
#
# For a throw-away database: it installs aws_s3 and works in temporary tables. In the bucket it works under
# try-on-aws/ and removes that afterwards. Takes a few minutes. Needs psql, the AWS CLI, and in the environment
#   PGHOST, PGDATABASE, PGUSER, PGPASSWORD   a user who may install aws_s3
#   S3_BUCKET_NAME, AWS_REGION               a bucket that the database's role may read
#   ROWS                                     of the large file; 5,000,000 (90 MB) if it is not set
set -euo pipefail
: "${S3_BUCKET_NAME:?is not set}" "${AWS_REGION:?is not set}"
for program in psql aws; do
  command -v "$program" > /dev/null || { echo "$program is needed" >&2; exit 1; }
done
unset LC_ALL LANGUAGE
export LC_MESSAGES=C PGCLIENTENCODING=UTF8 PGAPPNAME=try-on-aws

aws() { # Older versions do not know the variable.
  command aws ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} "$@"
}

FOLDER=$(mktemp -d)
S3=s3://$S3_BUCKET_NAME/try-on-aws
trap 'cd /; rm -rf "$FOLDER"; aws s3 rm --only-show-errors --recursive "$S3/"' EXIT

# ---- the objects

mkdir "$FOLDER/objects"
cd "$FOLDER/objects"
printf 'id,name\n1,Ana\n2,Bo\n' > people.csv
printf 'id,name\n' > header-only.csv
: > empty.csv
printf 'id,name\n1,Ana\ntwo,Bo\n' > bad-value.csv
printf 'id,name\n1,Ana\n"two\nlines",Bo\n' > bad-value-of-two-lines.csv
printf 'id,name\n1,Ana\n2\n' > field-missing.csv
printf 'id,name\n1,Ana\n2,Bo,3\n' > field-too-many.csv
printf 'id,name\n1,Ana\n1,Bo\n' > key-twice.csv
printf 'id,name\n1,J\xfcrgen\n' > latin-1.csv
gzip < people.csv > gzip-not-told.csv
for key in 'two words.csv' 'a+b.csv' '100%25.csv' 'München.csv' "it's \"quoted\".csv"; do cp people.csv "$key"; done
awk -v rows="${ROWS:-5000000}" 'BEGIN { print "id,name"; for (i = 1; i <= rows; i++) print i ",name of " i }' > large.csv
aws s3 cp --only-show-errors --recursive . "$S3/"
gzip < people.csv | aws s3 cp --only-show-errors --content-encoding gzip - "$S3/gzip.csv"
gzip < people.csv | head -c 30 | aws s3 cp --only-show-errors --content-encoding gzip - "$S3/gzip-cut-short.csv"

# ---- the calls

TABLE='CREATE TEMP TABLE people (id integer PRIMARY KEY, name text);'

import() { # the SQL of an import; what differs from the plain one, as NAME=VALUE
  local columns="''" options="'(FORMAT csv, HEADER)'" bucket=":'bucket'" key=":'key'" region=":'region'" "$@"
  echo "SELECT aws_s3.table_import_from_s3('people', $columns, $options, $bucket, $key, $region);"
}

try() { # what is tried; the object; the SQL, if that is not a plain import
  local otherwise=00000
  SECONDS=0
  psql -XqtA -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -v "bucket=$S3_BUCKET_NAME" -v "key=try-on-aws/$2" \
    -v "region=$AWS_REGION" <<< "$TABLE ${3:-$(import)}" > "$FOLDER/answer" 2> "$FOLDER/errors" || otherwise=none
  awk -v what="$1" -v seconds="$SECONDS" -v otherwise="$otherwise" -v bucket="$S3_BUCKET_NAME" '
    function add(name, text) { field = name; cell[name] = cell[name] (cell[name] == "" ? "" : "\n") text }
    function shown(text) {
      while (i = index(text, bucket)) text = substr(text, 1, i - 1) "BUCKET" substr(text, i + length(bucket))
      gsub(/X-Amz-[A-Za-z-]*=[^& "]*/, "X-Amz-...", text) # A pre-signed URL is a secret for a while.
      gsub(/\|/, "\\|", text); gsub(/\n/, "<br>", text)
      return text
    }
    BEGIN { field = "message" }
    FILENAME ~ /answer$/ { add("message", $0); next }
    match($0, /^(ERROR|FATAL|NOTICE|WARNING):  /) {
      kind = $1; text = substr($0, RLENGTH + 1)
      if (kind ~ /NOTICE|WARNING/) { add("notices", text); next }
      state = substr(text, 1, 5); add("message", substr(text, 8)); next
    }
    match($0, /^(DETAIL|HINT|CONTEXT|LOCATION):  /) {
      if (kind ~ /NOTICE|WARNING/) { field = "dropped"; next }
      add(/^[DH]/ ? "hint" : "context", /^[DL]/ ? $0 : substr($0, RLENGTH + 1)); next
    }
    { add(field, $0) }
    END {
      printf "| %s | %s | %s | %s | %s | %s | %s |\n", what, seconds, state == "" ? otherwise : state,
        shown(cell["message"]), shown(cell["hint"]), shown(cell["context"]), shown(cell["notices"])
    }' "$FOLDER/answer" "$FOLDER/errors"
}

later() { # runs a command in two seconds
  { sleep 2; "$@" > /dev/null; } &
}

psql -Xqv ON_ERROR_STOP=1 -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION IF NOT EXISTS aws_s3 CASCADE'
psql -XqtAv ON_ERROR_STOP=1 << 'SQL'
SELECT version();
SELECT format('%s %s', extname, extversion) FROM pg_extension WHERE extname LIKE 'aws%' ORDER BY 1;
SELECT E'\n| function | language | security definer | privileges |\n|---|---|---|---|';
SELECT format('| %s | %s | %s | %s |', f.oid::regprocedure, l.lanname, f.prosecdef, coalesce(f.proacl::text, 'default'))
FROM pg_proc f JOIN pg_language l ON l.oid = f.prolang
WHERE f.pronamespace::regnamespace::text IN ('aws_s3', 'aws_commons') ORDER BY f.oid::regprocedure::text;
SQL
echo
echo '| what | s | SQLSTATE | message or answer | detail, hint | context | notices |'
echo '|---|---|---|---|---|---|---|'

OTHER=us-west-2
[ "$AWS_REGION" != "$OTHER" ] || OTHER=eu-central-1
try 'two rows' people.csv
try 'as the function calls it' people.csv "$(import columns="'\"id\", name'" options="'(FORMAT csv, HEADER true, \
DELIMITER '','', QUOTE ''\"'', ESCAPE ''\"'', NULL '''', ENCODING ''UTF8'')'")"
try 'the form with a URI' people.csv "$(import bucket="aws_commons.create_s3_uri(:'bucket'" region=":'region')")"
try 'nothing but a header' header-only.csv
try 'an empty object' empty.csv
try 'no such object' nowhere.csv
try 'no such bucket' people.csv "$(import bucket="'no-such-' || :'bucket'")"
try 'a bucket with dots' people.csv "$(import bucket="'dots.in.the.name'")"
try 'another region' people.csv "$(import region="'$OTHER'")"
try 'another region, statement_timeout 5 s' people.csv "SET statement_timeout = '5s'; $(import region="'$OTHER'")"
try 'a bad value' bad-value.csv
try 'a bad value of two lines' bad-value-of-two-lines.csv
try 'a field missing' field-missing.csv
try 'a field too many' field-too-many.csv
try 'a key twice' key-twice.csv
try 'Latin-1' latin-1.csv
try 'every row skipped (ON_ERROR, Postgres 17)' latin-1.csv \
  "ALTER TABLE people ALTER name TYPE integer USING 0; $(import options="'(FORMAT csv, HEADER, ENCODING ''LATIN1'', ON_ERROR ignore)'")"
try 'gzip' gzip.csv
try 'gzip without Content-Encoding' gzip-not-told.csv
try 'gzip cut short' gzip-cut-short.csv
try 'a blank in the key' 'two words.csv'
try 'a plus in the key' 'a+b.csv'
try 'a percent in the key' '100%25.csv'
try 'an umlaut in the key' 'München.csv'
try 'quotes in the key' "it's \"quoted\".csv"
try 'a slash before the key' people.csv "$(import key="'/' || :'key'")"
try 'in a transaction after TRUNCATE' people.csv "BEGIN; TRUNCATE people; $(import) SELECT count(*) FROM people; ROLLBACK;"
try 'with FREEZE after TRUNCATE' people.csv "BEGIN; TRUNCATE people; \
  $(import options="'(FORMAT csv, HEADER true, FREEZE true)'") SELECT count(*) FROM people; ROLLBACK;"
try 'again after an error, by a savepoint' header-only.csv "BEGIN; TRUNCATE people; SAVEPOINT importing;
  \\set ON_ERROR_STOP off
  $(import) ROLLBACK TO importing; $(import key="'try-on-aws/people.csv'") SELECT count(*) FROM people;"
try 'a large file, statement_timeout 1 s' large.csv "SET statement_timeout = '1s'; $(import)"
later psql -XqtAc "SELECT pg_cancel_backend(pid) FROM pg_stat_activity
  WHERE application_name = 'try-on-aws' AND state = 'active' AND pid <> pg_backend_pid()"
try 'a large file, cancelled after 2 s' large.csv
wait
later aws s3 cp --only-show-errors people.csv "$S3/large.csv"
try 'a large file, replaced after 2 s' large.csv
wait
