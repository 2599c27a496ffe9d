#!/usr/bin/env bash
# Run with: bash tests/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."

expect() {
    local got
    got=$(INPUT_TEXT=$1 bash env_audit.sh)
    if [[ $got != "$2" ]]; then
        printf 'for %q\nexpected %s\ngot      %s\n' "$1" "$2" "$got" >&2
        exit 1
    fi
}

expect 'A=x y' '{"names": 1, "findings": [{"line": 1, "severity": "low", "message": "A has blanks but no quotes"}]}'
expect "A='x y'" '{"names": 1, "findings": []}'
# A secret that is taken from elsewhere is none.
expect 'DB_PASSWORD=${VAULT_PASSWORD}' '{"names": 1, "findings": []}'
expect $'A=1\r\n' '{"names": 1, "findings": []}'
