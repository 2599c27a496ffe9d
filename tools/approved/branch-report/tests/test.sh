#!/usr/bin/env bash
# Run with: bash tests/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v git >/dev/null || exit 0
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_DATE=2026-01-02T03:04:05Z GIT_COMMITTER_DATE=2026-01-02T03:04:05Z
cd "$work"
git init -q -b main
git commit -q --allow-empty -m one
git branch old
git checkout -q -b 'feat/"x"'
git commit -q --allow-empty -m two
git checkout -q main
git commit -q --allow-empty -m three

row() { printf '{"branch": "%s", "day": "2026-01-02", "author": "Ada", "ahead": %s, "behind": 1, "merged": %s}' "$@"; }
got=$(bash "$here/branch_report.sh" "$work")
wanted="{\"base\": \"main\", \"branches\": [$(row 'feat/\"x\"' 1 false),$(row old 0 true)], \"merged\": 1}"
if [[ $got != "$wanted" ]]; then
    printf 'expected %s\ngot      %s\n' "$wanted" "$got" >&2
    exit 1
fi
