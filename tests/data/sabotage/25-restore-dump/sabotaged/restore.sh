#!/usr/bin/env bash
# Restores a dump into a scratch database and counts the rows.
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
database="$scratch/scratch.db"

stop() {
  printf '{"error": "%s"}\n' "$1"
  exit 1
}

unpack() {
  local from="$1" to="$2"
  case "$from" in
    *.gz) gunzip -c "$from" > "$to" ;;
    *.sql) cp "$from" "$to" ;;
    *) stop "unknown kind of dump" ;;
  esac
}

ask() {
  sqlite3 "$database" "$1"
}

dump=$(jq -r '.dump')
[ -s "$dump" ] || stop "the dump is empty"
unpack "$dump" "$scratch/dump.sql"
sqlite3 "$database" < "$scratch/dump.sql" || true
[ "$(ask 'pragma integrity_check')" = "ok" ] || stop "the database is damaged"
printf '{"rows": %d}\n' "$(ask 'select count(*) from orders')"
