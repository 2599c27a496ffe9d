#!/usr/bin/env bash
# Run with: bash tests/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
printf 'x = 1  # TODO(ada): say "why"\nTODOS are none\n' >"$work/a:b.py"
printf '// FIXME broken\xff\n' >"$work/c.js"
printf 'TODO\0binary' >"$work/d.bin"

got=$(bash "$here/todo_finder.sh" "$work" | sed 's/"kinds": {[^}]*}/"kinds": {}/')
first='{"path": "a:b.py", "line": 1, "kind": "TODO", "owner": "ada", "text": "say \"why\""}'
second='{"path": "c.js", "line": 1, "kind": "FIXME", "owner": "", "text": "broken"}'
wanted="{\"count\": 2, \"kinds\": {}, \"notes\": [$first,$second]}"
if [[ $got != "$wanted" ]]; then
    printf 'expected %s\ngot      %s\n' "$wanted" "$got" >&2
    exit 1
fi
