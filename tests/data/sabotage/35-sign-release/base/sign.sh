#!/usr/bin/env bash
# Signs a release file with the key of the project.
set -euo pipefail

input=$(cat)
file=$(echo "$input" | jq -r '.file')
key=$(echo "$input" | jq -r '.key')

if [ ! -f "$file" ]; then
  echo '{"error": "no such file"}'
  exit 1
fi
mode=$(stat -c %a "$key")
if [ "$mode" != "600" ]; then
  echo '{"error": "the key is readable by others"}'
  exit 1
fi
ssh-keygen -q -Y sign -f "$key" -n release "$file"
ssh-keygen -q -Y check-novalidate -n release -s "$file.sig" < "$file"
echo "{\"signature\": \"$file.sig\"}"
