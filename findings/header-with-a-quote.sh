#!/usr/bin/env bash
# One quote too many in the header, and COPY loads nothing, or half of the file, without an error.
#
# Versions: Postgres 13.7, 17.11 and 18.6. Seen on 2026-11-30.
# Expected: with HEADER, "the first line is discarded" (https://www.postgresql.org/docs/18/sql-copy.html), and the other lines are loaded.
#   If a quote is not closed, the error is "unterminated CSV quoted field".
# What happens: the first *record* is discarded, and a header like `id,diameter",name`, with the sign for inches, opens a quote. Whatever follows belongs to
#   the header up to the next quote in the file, or up to its end. The header is never parsed, so nobody notices that the quote stays open: "COPY 0".
#   Where a value further down has a single quote as well, the rows up to there are gone, and the others are loaded.
# Whom it hits: everybody who loads with HEADER, HEADER true, or psql's \copy ... header. HEADER MATCH (since Postgres 15) parses the header, and fails.
# What to do: HEADER MATCH; or read the header before the load, and compare the number of lines with the number of rows.
. "$(dirname "$0")/lib.sh"

printf '%s\n' 'id,diameter",name' '1,5,pipe' '2,6,hose' '3,7,tube' >"$work/none.csv"
printf '%s\n' 'id,diameter",name' '1,5,pipe' '2,6",hose' '3,7,tube' >"$work/half.csv"
for version in 13.7.0 17.11.0 18.6.0; do
  postgres "$version"
  answer=$(sql "$version" <<SQL
CREATE TABLE none (id text, diameter text, name text)
CREATE TABLE half (id text, diameter text, name text)
COPY none FROM '$work/none.csv' (FORMAT csv, HEADER true)
COPY half FROM '$work/half.csv' (FORMAT csv, HEADER true)
COPY (SELECT (SELECT count(*) FROM none), (SELECT string_agg(id, ' ' ORDER BY id) FROM half)) TO STDOUT (FORMAT csv)
SQL
)
  compare "Postgres $version: rows of a file of three; ids of another" "3,1 2 3, or an error" "0,3" "$answer"
done
finish
