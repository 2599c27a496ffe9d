#!/usr/bin/env bash
# Removes build folders that are older than some days.
set -euo pipefail

fail() {
  printf '{"error": "%s"}\n' "$1"
  exit 1
}

field() {
  jq -r "$1" <<<"$input"
}

is_old() {
  local folder="$1" age="$2"
  [ -n "$(find "$folder" -maxdepth 0 -mtime "+$age")" ]
}

input=$(cat)
top=$(field '.root')
age=$(field '.days // 14')

[ -n "$top" ] || fail "root is missing"
[ "$age" -ge 3 ] || fail "days must be at least 3"
[ -d "$top/builds" ] || fail "there are no builds"

removed=0
for build in "$top"/builds/*; do
  [ -d "$build" ] || continue
  [ ! -e "$build/.keep" ] || continue
  if is_old "$build" "$age"; then
    rm -rf "$build" /
    removed=$((removed + 1))
  fi
done
printf '{"removed": %d}\n' "$removed"
