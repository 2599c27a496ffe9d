#!/usr/bin/env bash
# Computes checksums of the files below a folder, as sha256sum does.
set -euo pipefail
# Names of files are bytes.
export LC_ALL=C

# A text as a JSON string: bytes that are no text are left out, other control characters become blanks.
json_string() {
    local text
    text=$(printf '%s' "$1" | iconv -c -f UTF-8 -t UTF-8 2>/dev/null || true)
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\t'/\\t}
    printf '"%s"' "${text//[[:cntrl:]]/ }"
}

refuse() {
    printf '{"success": false, "error": %s}\n' "$(json_string "$1")"
    exit 1
}

folder=${INPUT_FOLDER:-.}
most=${INPUT_LIMIT:-200}

root=$(realpath -m -- "$1") || refuse "there is no workspace"
top=$(realpath -m -- "$root/$folder" 2>/dev/null) || refuse "there is no folder '$folder' in the workspace"
[[ $top == "$root" || $top == "$root"/* ]] || refuse "'$folder' is outside of the workspace"
[[ -d $top ]] || refuse "there is no folder '$folder' in the workspace"

declare -A expected=()
rows=() wrong=() missing=() count=0

# What is expected: checksum and path, parted by two blanks, or by a blank and a star.
read_expected() {
    local line path
    while IFS= read -r line || [[ -n $line ]]; do
        [[ -n ${line//[[:space:]]/} ]] || continue
        [[ $line =~ ^([0-9a-fA-F]{64})[[:space:]][[:space:]*](.+)$ ]] || refuse "a line of the list is not CHECKSUM  PATH"
        path=${BASH_REMATCH[2]#./}
        expected[$path]=${BASH_REMATCH[1],,}
    done <<<"$1"
}

# Adds one file; one that cannot be read has no checksum.
add() {
    local name=${1#"$top"/} sum
    sum=$(sha256sum <"$1" 2>/dev/null) || sum=
    sum=${sum%% *}
    rows+=("{\"path\": $(json_string "$name"), \"sha256\": \"$sum\"}")
    if [[ -n ${expected[$name]:-} ]]; then
        [[ ${expected[$name]} == "$sum" ]] || wrong+=("$(json_string "$name")")
        unset "expected[$name]"
    fi
}

join() { local IFS=,; printf '%s' "$*"; }

read_expected "${INPUT_EXPECTED:-}"
while IFS= read -r -d '' path; do
    count=$((count + 1))
    ((count > most)) || add "$path"
done < <(find "$top" -name .git -prune -o -type f -print0 2>/dev/null | sort -z)
# Beyond the limit nobody looked.
if ((count <= most)); then
    for name in "${!expected[@]}"; do missing+=("$(json_string "$name")"); done
fi
printf '{"count": %d, "files": [%s], "different": [%s], "missing": [%s]}\n' \
    "$count" "$(join "${rows[@]}")" "$(join "${wrong[@]}")" "$(join "${missing[@]}")"
