#!/usr/bin/env bash
# Shows which folders take the most room, as du counts it.
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

root=$(realpath -m -- "$1") || refuse "there is no workspace"
top=$(realpath -m -- "$root/$folder" 2>/dev/null) || refuse "there is no folder '$folder' in the workspace"
[[ $top == "$root" || $top == "$root"/* ]] || refuse "'$folder' is outside of the workspace"
[[ -d $top ]] || refuse "there is no folder '$folder' in the workspace"

rows=() total=0
while IFS= read -r -d '' line; do
    kib=${line%%$'\t'*} path=${line#*$'\t'}
    if [[ $path == "$top" ]]; then
        total=$((kib * 1024))
    else
        rows+=("{\"path\": $(json_string "${path#"$top"/}"), \"bytes\": $((kib * 1024))}")
    fi
# One more than asked for: the folder itself is the first.
done < <(du -0 -k --one-file-system --max-depth="${INPUT_DEPTH:-1}" -- "$top" 2>/dev/null |
    sort -z -k1,1nr | head -z -n "$((${INPUT_LIMIT:-20} + 1))")

joined=$(IFS=,; printf '%s' "${rows[*]:-}")
printf '{"bytes": %d, "folders": [%s]}\n' "$total" "$joined"
