#!/usr/bin/env bash
# Copies a report into the archive under the day of today.
set -euo pipefail

INPUT="$(cat)"
REPORT="$(echo "$INPUT" | jq -r '.report')"
ARCHIVE="$(echo "$INPUT" | jq -r '.archive // "archive"')"

if [ ! -f "$REPORT" ]; then
  echo '{"error": "the report is missing"}'
  exit 1
fi

DAY="$(date +%F)"
TARGET="$ARCHIVE/$DAY"
mkdir -p "$TARGET"
NAME="$(basename "$REPORT")"
if [ -e "$TARGET/$NAME" ]; then
  echo '{"error": "it is archived already"}'
  exit 1
fi
cp -- "$REPORT" "$TARGET/$NAME"
SUM="$(sha256sum "$TARGET/$NAME" | cut -d ' ' -f 1)"
WANT="$(sha256sum "$REPORT" | cut -d ' ' -f 1)"
if [ "$SUM" != "$WANT" ]; then
  echo '{"error": "the copy differs"}'
  exit 1
fi
echo "{\"archived\": \"$TARGET/$NAME\", \"sha256\": \"$SUM\"}"
