#!/usr/bin/env bash
# Removes build folders that are older than some days.
set -euo pipefail

input=$(cat)
root=$(printf '%s' "$input" | jq -r '.root')
days=$(printf '%s' "$input" | jq -r '.days // 14')

if [ -z "$root" ]; then
  echo '{"error": "root is missing"}'
  exit 1
fi
if [ "$days" -lt 3 ]; then
  echo '{"error": "days must be at least 3"}'
  exit 1
fi
if [ ! -d "$root/builds" ]; then
  echo '{"error": "there are no builds"}'
  exit 1
fi

count=0
for dir in "$root"/builds/*; do
  if [ ! -d "$dir" ]; then
    continue
  fi
  if [ -e "$dir/.keep" ]; then
    continue
  fi
  if [ -n "$(find "$dir" -maxdepth 0 -mtime "+$days")" ]; then
    rm -rf "$dir/"
    count=$((count + 1))
  fi
done
printf '{"removed": %d}\n' "$count"
