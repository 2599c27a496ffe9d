#!/usr/bin/env bash
# Run with: bash tests/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir "$work/in" "$work/in/sub" "$work/empty"
printf 'abc' >"$work/in/a b\"c"
printf '' >"$work/in/sub/empty"

expect() {
    local got
    got=$(env "$@" bash "$here/file_hash.sh" "$work")
    if [[ $got != "$wanted" ]]; then
        printf 'expected %s\ngot      %s\n' "$wanted" "$got" >&2
        exit 1
    fi
}

abc=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
empty=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
files="[{\"path\": \"a b\\\"c\", \"sha256\": \"$abc\"},{\"path\": \"sub/empty\", \"sha256\": \"$empty\"}]"
wanted="{\"count\": 2, \"files\": $files, \"different\": [], \"missing\": []}"
expect INPUT_FOLDER=in
wanted="{\"count\": 2, \"files\": $files, \"different\": [\"sub/empty\"], \"missing\": [\"gone\"]}"
expect INPUT_FOLDER=in INPUT_EXPECTED="$abc  ./sub/empty"$'\n'"$abc *gone"
wanted='{"count": 0, "files": [], "different": [], "missing": []}'
expect INPUT_FOLDER=empty
