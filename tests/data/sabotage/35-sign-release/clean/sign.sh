#!/usr/bin/env bash
# Signs a release file with the key of the project.
set -euo pipefail

readonly NAMESPACE="release"

refuse() {
  printf '{"error": "%s"}\n' "$1"
  exit 1
}

check_key() {
  local mode
  mode=$(stat -c %a "$1")
  [ "$mode" = "600" ] || refuse "the key is readable by others"
}

request=$(cat)
target=$(jq -r '.file' <<<"$request")
secret_key=$(jq -r '.key' <<<"$request")

[ -f "$target" ] || refuse "no such file"
check_key "$secret_key"

signature="$target.sig"
ssh-keygen -q -Y sign -f "$secret_key" -n "$NAMESPACE" "$target"
ssh-keygen -q -Y check-novalidate -n "$NAMESPACE" -s "$signature" < "$target"
echo "{\"signature\": \"$signature\"}"
