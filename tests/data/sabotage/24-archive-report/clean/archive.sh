#!/usr/bin/env bash
# Copies a report into the archive under the day of today.
set -euo pipefail

die() {
  echo "{\"error\": \"$1\"}"
  exit 1
}

digest() {
  sha256sum "$1" | cut -d ' ' -f 1
}

request="$(cat)"
report="$(jq -r '.report' <<<"$request")"
archive="$(jq -r '.archive // "archive"' <<<"$request")"

[[ -f "$report" ]] || die "the report is missing"

folder="$archive/$(date +%F)"
copy="$folder/$(basename "$report")"
[[ ! -e "$copy" ]] || die "it is archived already"

mkdir -p "$folder"
cp -- "$report" "$copy"
digest_of_copy="$(digest "$copy")"
[[ "$digest_of_copy" == "$(digest "$report")" ]] || die "the copy differs"

echo "{\"archived\": \"$copy\", \"sha256\": \"$digest_of_copy\"}"
