#!/usr/bin/env bash
# Reports the local branches of a repository against a base.
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

# The repository is somebody else's: nothing that its settings name is started.
git() { command git -c safe.directory='*' -c core.fsmonitor=false -C "$top" "$@" 2>/dev/null; }

git rev-parse --git-dir >/dev/null || refuse "'$folder' is not in a git repository"
base=${INPUT_BASE:-}
[[ -n $base ]] || base=$(git symbolic-ref --short HEAD) || refuse "there is no branch to compare with; name a base"
git rev-parse --verify --quiet "refs/heads/$base" >/dev/null || refuse "there is no branch '$base' with commits"

branches=$(git for-each-ref refs/heads --sort=-committerdate --count="${INPUT_LIMIT:-100}" \
    --format='%(refname:lstrip=2) %(committerdate:short) %(authorname)')
rows=()
merged=0
while read -r branch day author; do
    [[ -n $branch && $branch != "$base" ]] || continue
    counts=$(git rev-list --left-right --count "refs/heads/$base...refs/heads/$branch") || continue
    read -r behind ahead <<<"$counts"
    is_merged=false
    if [[ $ahead == 0 ]]; then
        is_merged=true
        merged=$((merged + 1))
    fi
    rows+=("{\"branch\": $(json_string "$branch"), \"day\": \"$day\", \"author\": $(json_string "$author"), \"ahead\": $ahead, \"behind\": $behind, \"merged\": $is_merged}")
done <<<"$branches"

joined=$(IFS=,; printf '%s' "${rows[*]:-}")
printf '{"base": %s, "branches": [%s], "merged": %d}\n' "$(json_string "$base")" "$joined" "$merged"
