#!/usr/bin/env bash
# Run with: bash tests/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p "$work/a b/deep" "$work/small"
head -c 300000 /dev/zero >"$work/a b/deep/file"

got=$(INPUT_DEPTH=2 INPUT_LIMIT=2 bash "$here/disk_usage.sh" "$work")
pattern='^\{"bytes": [0-9]{6,}, "folders": \[\{"path": "a b", "bytes": [0-9]{6,}\},\{"path": "a b/deep", "bytes": [0-9]{6,}\}\]\}$'
if [[ ! $got =~ $pattern ]]; then
    printf 'got %s\n' "$got" >&2
    exit 1
fi
