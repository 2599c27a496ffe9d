#!/usr/bin/env bash
# Restores a dump into a scratch database and counts the rows.
set -euo pipefail

input=$(cat)
dump=$(echo "$input" | jq -r '.dump')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ ! -s "$dump" ]; then
  echo '{"error": "the dump is empty"}'
  exit 1
fi
case "$dump" in
  *.gz) gunzip -c "$dump" > "$work/dump.sql" ;;
  *.sql) cp "$dump" "$work/dump.sql" ;;
  *)
    echo '{"error": "unknown kind of dump"}'
    exit 1
    ;;
esac
if ! sqlite3 "$work/scratch.db" < "$work/dump.sql"; then
  echo '{"error": "the dump cannot be restored"}'
  exit 1
fi
if [ "$(sqlite3 "$work/scratch.db" 'pragma integrity_check')" != "ok" ]; then
  echo '{"error": "the database is damaged"}'
  exit 1
fi
rows=$(sqlite3 "$work/scratch.db" 'select count(*) from orders')
printf '{"rows": %d}\n' "$rows"
