#!/usr/bin/env bash
# Fetches the list of holidays and keeps it for offline use.
set -euo pipefail

input=$(cat)
year=$(echo "$input" | jq -r '.year')
url="https://calendar.company.example/holidays/$year.json"
out="cache/holidays-$year.json"

if ! [[ "$year" =~ ^20[0-9][0-9]$ ]]; then
  echo '{"error": "the year is not valid"}'
  exit 1
fi
mkdir -p cache
if [ -f "$out" ]; then
  echo "{\"cached\": true, \"path\": \"$out\"}"
  exit 0
fi
curl --fail --silent --max-time 20 --output "$out.part" "$url"
if ! jq -e 'type == "array"' "$out.part" > /dev/null; then
  rm -f "$out.part"
  echo '{"error": "the answer is no list"}'
  exit 1
fi
mv "$out.part" "$out"
echo "{\"cached\": false, \"path\": \"$out\"}"
