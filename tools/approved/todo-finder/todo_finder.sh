#!/usr/bin/env bash
# Finds notes such as `TODO(ada): why` in text files below a folder.
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

most=${INPUT_LIMIT:-200}
rows=() count=0
declare -A kinds=()
note='(^|[^A-Za-z0-9_])(TODO|FIXME|HACK|XXX)(\(([^)]*)\))?:?[[:space:]]*(.*)$'
while IFS= read -r -d '' path && IFS= read -r found; do
    number=${found%%:*} text=${found#*:}
    text=${text:0:400}
    [[ $text =~ $note ]] || continue
    kind=${BASH_REMATCH[2]} owner=${BASH_REMATCH[4]} rest=${BASH_REMATCH[5]}
    count=$((count + 1))
    kinds[$kind]=$((${kinds[$kind]:-0} + 1))
    ((count <= most)) || continue
    rows+=("{\"path\": $(json_string "${path#"$root"/}"), \"line\": $number, \"kind\": \"$kind\", \"owner\": $(json_string "$owner"), \"text\": $(json_string "$rest")}")
done < <(grep -rnIZ --exclude-dir={.git,node_modules,target,__pycache__} -E '(^|[^A-Za-z0-9_])(TODO|FIXME|HACK|XXX)([^A-Za-z0-9_]|$)' -- "$top" 2>/dev/null | sort || true)

counted=()
for kind in "${!kinds[@]}"; do counted+=("\"$kind\": ${kinds[$kind]}"); done
join() { local IFS=,; printf '%s' "$*"; }
printf '{"count": %d, "kinds": {%s}, "notes": [%s]}\n' "$count" "$(join "${counted[@]}")" "$(join "${rows[@]}")"
